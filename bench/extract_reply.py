# SPDX-License-Identifier: Apache-2.0
"""Runs stoa-extract and reads its reply (src/extraction/wire.hpp)."""

import struct
import subprocess
import sys


def read_pages(program, file):
    """Each page's text and how many words it has with boxes."""
    with open(file, "rb") as source:
        reply = subprocess.run([program], stdin=source, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(reply):
        kind, length = struct.unpack_from("<cI", reply, at)
        at += 5
        if kind == b"F":
            sys.exit(f"stoa-extract refuses {file} ({reply[at]})")
        if kind == b"P":
            label = at + 13
            text = label + 2 + struct.unpack_from("<H", reply, label)[0]
            headings = text + 4 + struct.unpack_from("<I", reply, text)[0]
            words = headings + 4 + 9 * struct.unpack_from("<I", reply, headings)[0]
            plain = reply[text + 4 : headings].decode()
            yield plain, struct.unpack_from("<I", reply, words)[0]
        at += length
