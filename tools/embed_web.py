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
# A function that is given a code and makes it an error of one kind; one that is given a sentence
# and makes it an error of one code.
MAKER = re.compile(
    r"(\w+)\((?:[^()]*,\s*)?std::string_view code\b[^()]*\)\s*\{"
    r"(?:(?!\n\}).)*?ErrorKind::(\w+),\s*code\b",
    re.S,
)
SAYER = re.compile(r'(\w+)\(std::string \w+\)\s*\{(?:(?!\n\}).)*?"([a-z0-9_]+)",\s*std::move', re.S)
TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([({\[])|([)}\]])|([,;])|[^"(){}\[\],;]+')
INTERNAL = "Something went wrong on our side; the request id names it in our log."


def sentence(text, at):
    """The longest of the arguments from there on; … stands for what only the moment knows."""
    said, longest, depth = "", "", 0
    for token in TOKEN.finditer(text, at):
        literal, opened, closed, end = token.groups()
        if depth == 0 and (closed or end):
            longest, said = max(longest, said.strip("…"), key=len), ""
            if end != ",":
                break
        elif depth == 0 and literal is not None:
            said += json.loads(f'"{literal}"')
        elif depth == 0 and re.search(r"\w", token[0]):
            said = said.rstrip("…") + "…"
        depth += bool(opened) - bool(closed)
    return " ".join(longest.split())


def said_of(text, at):
    """The sentence of an error whose code ends there; it may have a name."""
    said = sentence(text, at)
    name = re.compile(r"\s*(\w+)").match(text, at)
    if said or not name:
        return said
    named = re.search(rf"std::string {name[1]}(?: =|\([^)]*\) \{{\s*return)\s", text)
    return sentence(text, named.end()) if named else ""


def codes_in(text):
    """(status, code, sentence) of each error that a source makes."""
    makers = dict(MAKER.findall(text)) | {"unavailable": "unavailable"}
    called = rf"\b({'|'.join(makers)})\("
    for found in re.finditer(rf'{called}\s*(?:[^()"]*,\s*)?"([a-z0-9_]+)",', text):
        yield STATUS[makers[found[1]]], found[2], said_of(text, found.end())
    for found in re.finditer(r'ErrorKind::(\w+),\s*"([a-z0-9_]+)",?', text):
        yield STATUS[found[1]], found[2], said_of(text, found.end())
    for found in re.finditer(r'\b([45]\d\d),\s*"([a-z0-9_]+)",', text):
        yield int(found[1]), found[2], said_of(text, found.end())
    for made in re.finditer(called + r"code,", text):
        for code in re.findall(r'(?<!\.)\bcode = "([a-z0-9_]+)"', text):
            yield STATUS[makers[made[1]]], code, said_of(text, made.end())
    for name, code in SAYER.findall(text):
        for call in re.finditer(rf'\b{name}\((?=\s*")', text):
            yield None, code, sentence(text, call.end())


def error_codes(root):
    """Every public code in the sources with its statuses and the longest that is said with it."""
    codes = {}
    for path in sorted((root / "src").glob("*/*.[ch]pp")):
        if path.name.endswith("_test.cpp"):
            continue
        for status, code, said in codes_in(path.read_text()):
            statuses, longest = codes.get(code, (set(), ""))
            codes[code] = (statuses | ({status} - {None}), max(longest, said, key=len))
    return {
        code: (sorted(statuses), INTERNAL if statuses == {STATUS["internal"]} else said)
        for code, (statuses, said) in codes.items()
    }


def errors_page(codes):
    rows = "\n".join(
        f'<tr id="{code}"><td><code>{code}</code></td><td>{", ".join(map(str, statuses))}</td>'
        f"<td>{html.escape(said)}</td></tr>"
        for code, (statuses, said) in sorted(codes.items())
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
