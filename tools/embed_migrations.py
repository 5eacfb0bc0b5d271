#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""embed_migrations.py SOURCE FILE.sql…: migrations/NNNN_name.sql as postgres::all_migrations()."""

import hashlib
import pathlib
import re
import sys

source, files = pathlib.Path(sys.argv[1]), sorted(pathlib.Path(f) for f in sys.argv[2:])
lines = [
    "// Generated from migrations/.",
    '#include "postgres/migrations.hpp"',
    "namespace stoa::postgres {",
    "const std::vector<Migration>& all_migrations() {",
    "static const std::vector<Migration> all{",
]
for version, path in enumerate(files, start=1):
    named = re.fullmatch(r"(\d{4})_([a-z0-9_]+)", path.stem)
    if not named or int(named[1]) != version:
        sys.exit(f"{path}: expected the name {version:04}_what_it_does.sql; versions have no gaps")
    text = path.read_bytes()
    digest = hashlib.sha256(text).hexdigest()
    lines.append(f'{{{version}, "{named[2]}", R"sql({text.decode()})sql", "{digest}"}},')
lines += ["};", "return all;", "}", "}  // namespace stoa::postgres", ""]
source.parent.mkdir(parents=True, exist_ok=True)
source.write_text("\n".join(lines))
