# SPDX-License-Identifier: Apache-2.0
"""compare.py PROGRAM FOLDER: words found and reading order of stoa-extract and PyMuPDF.

pdftotext says which words a page has and in which order. A word counts as found as often as both
have it on the page, after compatibility normalisation (NFKC), case folding and without what is no
letter or digit. The order is the longest common subsequence of the words that both have once on the
page, as a share of them.
"""
import bisect
import collections
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

import pymupdf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import extract_reply  # noqa: E402
from documentation import largest_pdf  # noqa: E402

PAGES_MAX = 300


def words_of(text):
    text = re.sub(r"(\w)[-\u00ad\u2010]\s*\n\s*(?=[a-z])", r"\1", text)
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.findall(r"[^\W_]+", plain)


def stoa_pages(program, file):
    return (text for text, _ in extract_reply.read_pages(program, file))


def pymupdf_pages(file):
    with pymupdf.open(file) as document:
        yield from (page.get_text() for page in document)


def poppler_pages(file, *options):
    command = ["pdftotext", "-q", *options, str(file), "-"]
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    yield from text.split("\f")


def found(wanted, got):
    wanted, got = collections.Counter(wanted), collections.Counter(got)
    return sum((wanted & got).values()), sum(wanted.values())


def in_order(wanted, got):
    """The longest common subsequence, and what it could be at best."""
    once = {w for w, n in collections.Counter(wanted).items() if n == 1}
    once &= {w for w, n in collections.Counter(got).items() if n == 1}
    place = {word: i for i, word in enumerate(w for w in wanted if w in once)}
    tails = []
    for word in got:
        if word in once:
            at = bisect.bisect_left(tails, place[word])
            tails[at : at + 1] = [place[word]]
    return len(tails), len(once)


def measure(pages, reference):
    totals = [0, 0, 0, 0]
    for text, wanted in zip(pages, reference):
        scores = *found(words_of(wanted), words_of(text)), *in_order(
            words_of(wanted), words_of(text)
        )
        totals = [a + b for a, b in zip(totals, scores)]
    return totals


def percent(part, whole):
    return 100 * part / max(whole, 1)


def main():
    program, folder = sys.argv[1:]
    totals = collections.defaultdict(lambda: [0, 0, 0, 0])
    print("package pages | words found % stoa PyMuPDF | in order % stoa PyMuPDF")
    with tempfile.TemporaryDirectory() as scratch:
        for package in sorted(p for p in pathlib.Path(folder).iterdir() if p.is_dir()):
            file = largest_pdf(package, scratch)
            reference = list(poppler_pages(file))[:PAGES_MAX]
            row = []
            for name, pages in (
                ("stoa", stoa_pages(program, file)),
                ("pymupdf", pymupdf_pages(file)),
            ):
                scores = measure(pages, reference)
                totals[name] = [a + b for a, b in zip(totals[name], scores)]
                row.append(scores)
            print(f"{package.name} {len(reference)} |", *line(row))
    print("all |", *line([totals["stoa"], totals["pymupdf"]]))


def line(row):
    words = [f"{percent(*each[:2]):.2f}" for each in row]
    return words + ["|"] + [f"{percent(*each[2:]):.2f}" for each in row]


main()
