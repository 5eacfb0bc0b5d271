# SPDX-License-Identifier: Apache-2.0
"""Runs stoa-extract and reads its reply (src/extraction/wire.hpp)."""

import struct
import subprocess
import sys


def read_frames(program, file):
    with open(file, "rb") as source:
        reply = subprocess.run([program], stdin=source, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(reply):
        kind, length = struct.unpack_from("<cI", reply, at)
        at += 5
        if kind == b"F":
            sys.exit(f"stoa-extract refuses {file} ({reply[at]})")
        if kind == b"P":
            yield reply[at : at + length]
        at += length


def parts_of(page):
    """Where the text, the headings and the words of a page begin."""
    text = 15 + struct.unpack_from("<H", page, 13)[0]
    headings = text + 4 + struct.unpack_from("<I", page, text)[0]
    words = headings + 4 + 9 * struct.unpack_from("<I", page, headings)[0]
    return text + 4, headings, words


def read_pages(program, file):
    """Each page's text and how many words it has with boxes."""
    for page in read_frames(program, file):
        text, headings, words = parts_of(page)
        yield page[text:headings].decode(), struct.unpack_from("<I", page, words)[0]


def read_headings(program, file):
    """Each page's text and its headings, as level and text."""
    for page in read_frames(program, file):
        text, headings, words = parts_of(page)
        plain = page[text:headings]
        places = struct.iter_unpack("<IIB", page[headings + 4 : words])
        yield plain.decode(), [(level, plain[a:b].decode()) for a, b, level in places]
