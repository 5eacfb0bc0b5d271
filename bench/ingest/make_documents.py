# SPDX-License-Identifier: Apache-2.0
"""make_documents.py PACKAGES_FOLDER OUT COUNT: what `./dev bench ingest` reads.

OUT/large.pdf is the Debian policy manual. OUT/small holds COUNT documents: in turn a page of text
of the packages' PDFs as a PDF of its own, and the first 800 characters of such a page as a text
file.
"""

import shutil
import sys
from pathlib import Path

import pymupdf

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from documentation import largest_pdf  # noqa: E402

CHARACTERS_MIN = 800


def pages_with_text(files):
    for file in files:
        with pymupdf.open(file) as document:
            for number, page in enumerate(document):
                text = page.get_text()
                # Formulas leave control characters behind: no text file has them, nor PostgreSQL.
                is_text = all(c == "\n" or ord(c) >= 32 for c in text)
                if is_text and len(text) >= CHARACTERS_MIN:
                    yield document, number, text


def main():
    folder, out, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    shutil.rmtree(out, ignore_errors=True)
    (out / "small").mkdir(parents=True)
    (out / "sources").mkdir()
    shutil.copy(largest_pdf(folder / "debian-policy", out / "sources"), out / "large.pdf")
    files = [largest_pdf(package, out / "sources") for package in sorted(folder.iterdir())]
    made = 0
    for document, number, text in pages_with_text(files):
        if made == count:
            break
        file = out / "small" / f"{made:04}"
        if made % 2 == 0:
            with pymupdf.open() as single:
                single.insert_pdf(document, from_page=number, to_page=number)
                single.save(file.with_suffix(".pdf"), garbage=3, deflate=True)
        else:
            file.with_suffix(".txt").write_text(text[:CHARACTERS_MIN])
        made += 1
    if made < count:
        sys.exit(f"bench ingest: only {made} pages with text in {folder}")


main()
