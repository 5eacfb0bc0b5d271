# SPDX-License-Identifier: Apache-2.0
"""The real PDFs that documentation.sh brings."""

import gzip
import pathlib


def largest_pdf(package, scratch):
    """The largest PDF of an unpacked package; a packed one is unpacked into `scratch`."""
    files = [f for f in package.rglob("*.pdf*") if f.is_file() and not f.is_symlink()]
    file = max(files, key=lambda each: each.stat().st_size)
    if file.suffix == ".gz":
        unpacked = pathlib.Path(scratch, package.name + ".pdf")
        unpacked.write_bytes(gzip.decompress(file.read_bytes()))
        return unpacked
    return file
