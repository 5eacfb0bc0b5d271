#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_layers.py MODULES.json SRC [--diagram]: the includes against the layers CMake declares.

CMake writes MODULES.json from `add_module(x DEPENDS …)`. A module may include itself and what it
declares, and only one module may see each foreign library. With --diagram the module diagram of
docs/ARCHITECTURE.md is rewritten; without, a stale diagram is an error.
"""
import json
import pathlib
import re
import sys

# Foreign headers, and the one folder of src that may see them.
OWNERS = {
    r"boost/(asio|beast)\b": "http",
    r"curl/": "http",
    r"(libpq-fe\.h|libpq/|postgres_ext\.h|pg_config)": "postgres",
    r"hiredis": "redis",
    r"(mupdf|fitz)": "stoa_extract",
    r"(libxml|minizip)/": "markup",
}
# Programs beside the modules: the folders of src they may include besides their own.
PROGRAMS = {"stoa_extract": {"base", "tables", "markup", "extraction"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
BEGIN = "<!-- modules: written by tools/check_layers.py --diagram -->"
END = "<!-- end of modules -->"


def wrong_includes(path, folder, modules):
    """Yields (line, what is wrong and what would be right) for one source file."""
    text = path.read_text()
    allowed = set(modules[folder]) if folder in modules else PROGRAMS.get(folder, set())
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(1)) + 1
        quoted, header = match[1] == '"', match[2]
        target = header.split("/")[0]
        for pattern, owner in OWNERS.items():
            own = quoted and target in modules
            if re.match(pattern, header) and folder != owner and not own:
                yield line, f"only src/{owner} may include <{header}>; use what {owner} offers"
        if not quoted:
            continue
        if "/" not in header:
            yield line, f'"{header}" has no folder; write "{folder}/{header}"'
        elif target != folder and target in modules and target not in allowed:
            yield line, (f"{folder} does not declare {target}; add it to DEPENDS of "
                         f"add_module({folder}) in src/CMakeLists.txt if it lies below, "
                         "else turn the dependency round")


def direct_edges(modules):
    """The edges that no longer path implies; what is left is readable as a picture."""
    def reaches(start, goal):
        return any(next_ == goal or reaches(next_, goal) for next_ in modules[start])
    for name, depends in modules.items():
        for target in depends:
            if not any(other != target and reaches(other, target) for other in depends):
                yield name, target


def diagram(modules):
    lines = ["```mermaid", "graph TD"]
    lines += [f"  {name} --> {target}" for name, target in direct_edges(modules)]
    return "\n".join(lines + ["```"])


def check_diagram(document, modules, rewrite):
    """Returns what is wrong with the diagram in `document`, or None; rewrites it if asked to."""
    text = document.read_text() if document.exists() else ""
    if BEGIN not in text or END not in text:
        return f"{document}:1: no module diagram; add the lines '{BEGIN}' and '{END}'"
    before, rest = text.split(BEGIN, 1)
    fresh = f"{before}{BEGIN}\n{diagram(modules)}\n{END}{rest.split(END, 1)[1]}"
    if fresh == text:
        return None
    if rewrite:
        document.write_text(fresh)
        return None
    line = before.count("\n") + 1
    return (f"{document}:{line}: the module diagram is stale; "
            "run tools/check_layers.py build/dev/modules.json src --diagram")


def main(arguments):
    rewrite = "--diagram" in arguments
    modules_file, src = [pathlib.Path(a) for a in arguments if a != "--diagram"]
    modules = json.loads(modules_file.read_text())
    found, files = [], 0
    for path in sorted(src.rglob("*.[ch]pp")):
        files += 1
        folder = path.relative_to(src).parts[0]
        found += [f"{path}:{line}: {what}" for line, what in wrong_includes(path, folder, modules)]
    stale = check_diagram(src.resolve().parent / "docs" / "ARCHITECTURE.md", modules, rewrite)
    found += [stale] if stale else []
    print("\n".join(found) or f"layers: {files} files hold to {len(modules)} modules")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
