#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_web.py ROOT OUT.cpp: the pages of web/, docs/openapi.yaml as JSON and the page of error
codes, as one C++ table, so that the program needs no files beside it."""

import gzip
import hashlib
import html
import json
import pathlib
import re
import sys

import yaml

STATUS = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "unsupported_type": 415,
    "invalid": 422,
    "limited": 429,
    "unavailable": 503,
    "internal": 500,
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
}
FAIL = re.compile(r'ErrorKind::(\w+),\s*"([a-z0-9_]+)",\s*("(?:[^"\\]|\\.)*")?')
AWAY = re.compile(r'unavailable\(\s*"([a-z0-9_]+)",\s*("(?:[^"\\]|\\.)*")?')


def error_codes(root):
    """Every public code in the sources with its status and, where it is a literal, its sentence."""
    codes = {}
    for path in sorted((root / "src").glob("*/*.[ch]pp")):
        if path.name.endswith("_test.cpp"):
            continue
        text = path.read_text()
        found = [(kind, code, said) for kind, code, said in FAIL.findall(text)]
        found += [("unavailable", code, said) for code, said in AWAY.findall(text)]
        for kind, code, said in found:
            if kind in STATUS:
                sentence = json.loads(said) if said else ""
                if code not in codes or len(sentence) > len(codes[code][1]):
                    codes[code] = (STATUS[kind], sentence)
    return codes


def errors_page(codes):
    rows = "\n".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{status}</td>'
        f"<td>{html.escape(said)}</td></tr>"
        for code, (status, said) in sorted(codes.items())
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>Stoa error codes</title>"
        '<link rel="stylesheet" href="/stoa.css"></head><body><main><h1>Error codes</h1>'
        "<p>Errors are RFC 9457 problem documents; <code>code</code> never changes its meaning.</p>"
        f"<table><tr><th>code</th><th>status</th><th>says</th></tr>\n{rows}</table>"
        "</main></body></html>\n"
    )


def octal(data):
    """Bytes as the inside of a C++ string literal."""
    return "".join(f"\\{byte:03o}" for byte in data)


def main():
    root, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = [
        ("/" + p.name, TYPES[p.suffix], p.read_text())
        for p in sorted((root / "web").iterdir())
        if p.suffix in TYPES
    ]
    api = yaml.safe_load((root / "docs" / "openapi.yaml").read_text())
    files.append(
        ("/openapi.json", "application/json", json.dumps(api, separators=(",", ":"), default=str))
    )
    files.append(("/errors.html", "text/html; charset=utf-8", errors_page(error_codes(root))))
    lines = [
        "// Generated from web/ and docs/openapi.yaml.",
        '#include "app/web_pages.hpp"',
        "namespace stoa::app {",
        "const std::vector<WebPage>& web_pages() {",
        "    static const std::vector<WebPage> pages{",
    ]
    for name, kind, text in files:
        packed = gzip.compress(text.encode(), 9, mtime=0)
        tag = hashlib.sha256(text.encode()).hexdigest()[:16]
        lines.append(
            f'        {{{json.dumps(name)}, {json.dumps(kind)}, R"stoaweb({text})stoaweb",'
        )
        lines.append(f'         {{"{octal(packed)}", {len(packed)}}}, "{tag}"}},')
    lines += ["    };", "    return pages;", "}", "}  // namespace stoa::app", ""]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
