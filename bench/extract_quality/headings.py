# SPDX-License-Identifier: Apache-2.0
"""headings.py PROGRAM FOLDER [-v]: headings that stoa-extract finds in PDFs with a hidden outline.

The outline says which headings a document has. A heading that is found counts as right if the
outline has an entry for its page with the same letters and digits, but for a number in front; an
entry counts as found likewise. Entries whose words do not stand on their page are left out. The
order of levels is the share of right headings that stand, to the one before, as the outline says
(deeper, the same, higher).
"""
import pathlib
import re
import sys
import tempfile
import unicodedata

import pymupdf

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import extract_reply  # noqa: E402
from documentation import largest_pdf  # noqa: E402

PAGES_MAX = 400


def plain(text):
    text = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "", text)


def spellings(text):
    """The letters of a heading, with and without its number."""
    text = unicodedata.normalize("NFKC", text).strip()
    label = r"((chapter|appendix|part|section)\s+\w+[.:]?\s+)"
    kinds = [rf"^{label}?([A-Z]?\.?\d[\d.]*\s+)?", rf"^{label}?[A-Z]\.?\s+", r"^[IVX]+\.?\s+"]
    return {plain(re.sub(kind, "", text, count=1, flags=re.I)) for kind in kinds} | {plain(text)}


def same(heading, entry):
    return bool(spellings(heading) & spellings(entry))


def hide_outline(file, scratch):
    """The entries of the outline by page, and the document without it."""
    entries = {}
    with pymupdf.open(file) as document:
        for level, title, page in document.get_toc():
            entries.setdefault(page, []).append((level, title))
        if len(document) > PAGES_MAX:
            document.select(range(PAGES_MAX))
        document.set_toc([])
        hidden = pathlib.Path(scratch, "hidden.pdf")
        document.save(hidden)
    return entries, hidden


def measure(program, file, scratch, verbose):
    entries, hidden = hide_outline(file, scratch)
    right = found = wanted = 0
    levels = []
    for page, (text, headings) in enumerate(extract_reply.read_headings(program, hidden), 1):
        left = [e for e in entries.get(page, []) if plain(e[1]) in plain(text)]
        wanted += len(left)
        found += len(headings)
        for level, heading in headings:
            match = next((e for e in left if same(heading, e[1])), None)
            if match:
                right += 1
                left.remove(match)
                levels.append((level, match[0]))
            elif verbose:
                print("  + ", page, level, repr(heading))
        if verbose:
            for level, title in left:
                print("  - ", page, level, repr(title))
    steps = list(zip(levels, levels[1:]))
    order = sum(sign(b[0] - a[0]) == sign(b[1] - a[1]) for a, b in steps)
    return right, found, wanted, order, len(steps)


def sign(number):
    return (number > 0) - (number < 0)


def line(scores):
    right, found, wanted, order, steps = scores
    return (
        f"{found} found, {wanted} in the outline: precision {right / max(found, 1):.3f}, "
        f"recall {right / max(wanted, 1):.3f}, order of levels {order / max(steps, 1):.3f}"
    )


def main():
    program, folder = sys.argv[1:3]
    verbose = "-v" in sys.argv
    totals = (0, 0, 0, 0, 0)
    with tempfile.TemporaryDirectory() as scratch:
        for package in sorted(p for p in pathlib.Path(folder).iterdir() if p.is_dir()):
            file = largest_pdf(package, scratch)
            with pymupdf.open(file) as document:
                if not document.get_toc():
                    print(f"{package.name}: no outline")
                    continue
            scores = measure(program, file, scratch, verbose)
            totals = tuple(a + b for a, b in zip(totals, scores))
            print(f"{package.name}: {line(scores)}")
    print(f"all: {line(totals)}")


main()
