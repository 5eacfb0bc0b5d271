#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_sql.py MODULE HEADER FILE.sql…: the statements as named constants of stoa::MODULE::sql."""

import pathlib
import sys

module, header, files = sys.argv[1], pathlib.Path(sys.argv[2]), sorted(sys.argv[3:])
lines = [
    "// Generated from the module's sql/ folder.",
    "#pragma once",
    '#include "postgres/query.hpp"',
    f"namespace stoa::{module}::sql {{",
]
for name in files:
    path = pathlib.Path(name)
    text = "\n".join(l for l in path.read_text().splitlines() if not l.lstrip().startswith("--"))
    lines.append(
        f'inline constexpr postgres::Query {path.stem}{{"{module}.{path.stem}", '
        f'R"sql({text.strip()})sql"}};'
    )
lines += ["}", ""]
header.parent.mkdir(parents=True, exist_ok=True)
header.write_text("\n".join(lines))
