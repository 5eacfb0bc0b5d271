# SPDX-License-Identifier: Apache-2.0
"""compare.py PROGRAM FILE.pdf: rounds of both in turn, so that noise meets both alike."""
import os
import resource
import statistics
import struct
import subprocess
import sys
import time

import pymupdf

ROUNDS = 15


def count_words(reply):
    """The pages and words in a reply of stoa-extract (src/extraction/wire.hpp)."""
    pages = words = at = 0
    while at < len(reply):
        kind, length = struct.unpack_from("<cI", reply, at)
        at += 5
        if kind == b"F":
            sys.exit(f"bench extract: stoa-extract refuses the file ({reply[at]})")
        if kind == b"P":
            label = at + 13
            text = label + 2 + struct.unpack_from("<H", reply, label)[0]
            headings = text + 4 + struct.unpack_from("<I", reply, text)[0]
            count = headings + 4 + 9 * struct.unpack_from("<I", reply, headings)[0]
            pages += 1
            words += struct.unpack_from("<I", reply, count)[0]
        at += length
    return pages, words


def children_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def with_stoa_extract(program, file):
    before = children_seconds()
    with open(file, "rb") as source:
        reply = subprocess.run([program], stdin=source, stdout=subprocess.PIPE, check=True).stdout
    return children_seconds() - before, *count_words(reply)


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
