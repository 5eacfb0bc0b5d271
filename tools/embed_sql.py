#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_sql.py MODULE HEADER FILE.sql…: the statements as named constants of stoa::MODULE::sql.
A comment line `-- timeout: 2s` (or 500ms) is the statement's own time limit; `-- plan: anew` has it
planned at each call."""

import pathlib
import re
import sys

# A SELECT with one of these words may change something; a function of ours that does is one more.
CHANGING = re.compile(
    r"\b(INSERT|UPDATE|DELETE|MERGE|SHARE|set_config|setval|nextval|pg_notify"
    r"|pg_(try_)?advisory\w*)\b",
    re.I,
)


def timeout_ms(path, source):
    found = re.search(r"^-- timeout: (.*)$", source, re.M)
    if not found:
        return 0
    parts = re.fullmatch(r"([1-9]\d{0,5})(ms|s)", found[1].strip())
    if not parts:
        sys.exit(f"{path}: '-- timeout: {found[1]}' should be like 2s or 500ms")
    return int(parts[1]) * (1000 if parts[2] == "s" else 1)


def is_planned_anew(path, source):
    found = re.search(r"^-- plan: (.*)$", source, re.M)
    if found and found[1].strip() != "anew":
        sys.exit(f"{path}: '-- plan: {found[1]}' should be anew")
    return bool(found)


def is_read_only(text):
    return bool(re.match(r"(SELECT|WITH)\b", text, re.I)) and not CHANGING.search(text)


module, header, files = sys.argv[1], pathlib.Path(sys.argv[2]), sorted(sys.argv[3:])
lines = [
    "// Generated from the module's sql/ folder.",
    "#pragma once",
    '#include "postgres/query.hpp"',
    f"namespace stoa::{module}::sql {{",
]
for name in files:
    path = pathlib.Path(name)
    source = path.read_text()
    text = "\n".join(l for l in source.splitlines() if not l.lstrip().startswith("--")).strip()
    lines.append(
        f'inline constexpr postgres::Query {path.stem}{{"{module}.{path.stem}", '
        f'R"sql({text})sql", std::chrono::milliseconds({timeout_ms(path, source)}), '
        f"{'true' if is_read_only(text) else 'false'}, "
        f"{'true' if is_planned_anew(path, source) else 'false'}}};"
    )
lines += ["}", ""]
header.parent.mkdir(parents=True, exist_ok=True)
header.write_text("\n".join(lines))
