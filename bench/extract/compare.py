# SPDX-License-Identifier: Apache-2.0
"""compare.py PROGRAM FILE.pdf: rounds of both in turn, so that noise meets both alike."""
import os
import resource
import statistics
import sys
import time
from pathlib import Path

import pymupdf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import extract_reply  # noqa: E402

ROUNDS = 15


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def with_stoa_extract(program, file):
    before = children_seconds()
    words = [count for _, count in extract_reply.read_pages(program, file)]
    return children_seconds() - before, len(words), sum(words)


def with_pymupdf(file):
    before = time.process_time()
    with pymupdf.open(file) as document:
        words = sum(len(page.get_text("words")) for page in document)
        return time.process_time() - before, len(document), words


def main():
    program, file = sys.argv[1:]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(with_stoa_extract(program, file))
        theirs.append(with_pymupdf(file))
    print(f"{os.path.basename(file)}, {ROUNDS} rounds, median")
    speeds = []
    for name, rounds in (("stoa-extract, process and sandbox included", ours),
                         (f'PyMuPDF {pymupdf.VersionBind} get_text("words")', theirs)):
        seconds = statistics.median(each[0] for each in rounds)
        _, pages, words = rounds[0]
        speeds.append(pages / seconds)
        print(f"  {name}: {pages} pages, {words} words, {pages / seconds:.0f} pages/CPU-s")
    print(f"ratio {speeds[0] / speeds[1]:.2f}")


main()
