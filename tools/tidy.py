#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py [FILE…]: the project's own rules of style, as a test. Without FILE: the whole tree.

Each finding is one line, `file:line: what is wrong; what would be right`. CONTRIBUTING.md lists the
rules; clang-format and clang-tidy hold the rest.
"""
import ast
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = {".git", ".stoa", ".venv", "build", "node_modules", "__pycache__", ".pytest_cache"}
CODE = {".cpp", ".hpp", ".py", ".sh"}
LINE_MAX, FUNCTION_MAX, FILE_MAX = 100, 70, 500
BANNED = {"util", "utils", "manager", "helper", "helpers", "impl"}
BANNED_WHOLE = BANNED | {"common"}  # "common_words" says something
HOOKS = re.compile(r"on_\w+_impl")  # Boost.Beast names them so
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
SQL = re.compile(
    r"^\s*(select\s+\S|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+\w+\s+as\s|"
    r"(create|alter|drop)\s+(table|index|extension|type|function)\s)", re.I)
STRIPPED = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\((?P<raw>.*?)\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/", re.S)
CONTAINER = re.compile(
    r'^(inline\s+)?(template\b.*?>\s*)?((namespace|class|struct|union|enum)\b|extern\s*"")', re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def strip_cpp(text):
    """Comments and the insides of literals made blank; every line stays where it is."""
    def blank(match):
        found = match[0]
        quote = found[0] if found[0] in "\"'" else '"' if found[0] == "R" else ""
        return quote + "\n" * found.count("\n") + quote
    return STRIPPED.sub(blank, text)


def check_text(path, text):
    """Rules for every file of code."""
    lines = text.splitlines()
    if not any("SPDX-License-Identifier: " in line for line in lines[:3]):
        yield 1, "no licence; begin with 'SPDX-License-Identifier: Apache-2.0' in a comment"
    if len(lines) > FILE_MAX:
        yield FILE_MAX, f"{len(lines)} lines, {FILE_MAX} at most; split it where its ideas part"
    if path.stem in BANNED_WHOLE:
        yield 1, f"'{path.stem}' names no responsibility; name the file after what it holds"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX:
            yield number, f"{len(line)} columns; {LINE_MAX} at most"
        if UNFINISHED.search(line):
            yield number, "a note of unfinished work; finish it or file an issue"


def check_names(text):
    """Identifiers of our own; what is qualified (`std::…`, `x.y`) may be somebody else's."""
    code = re.sub(r"^\s*(#|import |from ).*", "", text, flags=re.M)
    for match in re.finditer(r"(?<![\w.:>])[A-Za-z_]\w*", code):
        words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", match[0])
        bad = BANNED & {word.lower() for word in words}
        if (bad or match[0] in BANNED_WHOLE) and not HOOKS.fullmatch(match[0]):
            yield line_of(code, match.start()), (f"'{match[0]}' does not say what it is for; "
                                                 "name it after what it does")


def functions_cpp(code):
    """Yields (first line, last line) of each function body in stripped C++."""
    stack, head_start = [], 0
    for match in re.finditer(r"[{};]", code):
        position, mark = match.start(), match[0]
        if mark == "{":
            head = code[head_start:position].strip()
            inside_function = any(kind == "function" for kind, _ in stack)
            kind = "block"
            if CONTAINER.match(head):
                kind = "container"
            elif "(" in head and not inside_function:
                kind = "function"
            begin = position - len(code[head_start:position].lstrip())
            stack.append((kind, line_of(code, begin)))
        elif mark == "}" and stack:
            kind, begin = stack.pop()
            if kind == "function":
                yield begin, line_of(code, position)
        head_start = position + 1


def check_awaits(code):
    """g++ 12 frees twice what an awaited expression builds in place."""
    for match in re.finditer(r"\bco_await\b", code):
        depth, end = 0, match.end()
        while end < len(code):
            mark = code[end]
            if mark in "([":
                depth += 1
            if mark in ")]":
                depth -= 1
            before = code[:end].rstrip()[-1]
            if depth < 0 or mark == ";":
                break
            if mark == "{" or (mark == "[" and not (before.isalnum() or before in "_])")):
                yield line_of(code, match.start()), (
                    "an aggregate or lambda built inside an awaited call (g++ 12 frees it twice); "
                    "name it first and std::move it in")
                break
            end += 1


def check_cpp(path, text):
    code = strip_cpp(text)
    yield from check_names(code)
    yield from check_awaits(code)
    for begin, end in functions_cpp(code):
        if end - begin + 1 > FUNCTION_MAX:
            yield begin, f"a function of {end - begin + 1} lines; {FUNCTION_MAX} at most"
    statement_owner = path.name.endswith("_test.cpp") or {"postgres", "tests"} & set(path.parts)
    if path.suffix == ".cpp" and not statement_owner:
        for match in STRIPPED.finditer(text):
            literal = match["raw"] if match["raw"] is not None else match[0].strip('"')
            if match[0][0] in '"R' and SQL.match(literal):
                yield line_of(text, match.start()), "SQL in C++; make it a file in sql/"


def check_python(path, text):
    tree = ast.parse(text, str(path))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_MAX:
                yield node.lineno, f"a function of {length} lines; {FUNCTION_MAX} at most"
        name = getattr(node, "name", None) or (node.id if isinstance(node, ast.Name) else None)
        if name and BANNED & set(re.sub(r"([A-Z])", r"_\1", name).lower().split("_")):
            yield node.lineno, f"'{name}' says nothing; name it after what it does"


def heading_anchors(prose):
    for title in re.findall(r"^#+\s+(.*)$", prose, re.M):
        yield re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def check_markdown(path, text):
    prose = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.S | re.M)
    titles = re.findall(r"^# ", prose, re.M)
    if len(titles) != 1:
        yield 1, f"{len(titles)} titles ('# …'); a document has one"
    for match in re.finditer(r"\]\(([^)\s]+)\)", prose):
        target, _, anchor = match[1].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        file = (path.parent / target) if target else path
        line = line_of(prose, match.start())
        if not file.exists():
            yield line, f"dead link '{match[1]}'; point it at a file that exists"
        elif anchor and file.suffix == ".md" and anchor not in heading_anchors(file.read_text()):
            yield line, f"dead link '{match[1]}'; {file.name} has no such heading"


def check_statements(root):
    """Every statement under sql/ is used by the code of its module."""
    for statement in sorted(root.glob("src/*/sql/*.sql")):
        module = statement.parent.parent
        sources = [p for p in module.glob("*.[ch]pp") if not p.stem.endswith("_test")]
        code = "".join(source.read_text() for source in sources)
        if not re.search(rf"\bsql::{statement.stem}\b", code):
            yield statement, 1, f"no code uses sql::{statement.stem}; delete the file or use it"
        if not statement.read_text().startswith("-- "):
            yield statement, 1, "no reason; begin with a comment line that says why it is so"


def tree(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED)
        yield from (pathlib.Path(folder, name) for name in sorted(files))


def check_file(path):
    if path.suffix not in CODE | {".md"} and path.name != "dev":
        return
    text = path.read_text()
    if path.suffix == ".md":
        yield from check_markdown(path, text)
        return
    yield from check_text(path, text)
    if path.suffix in {".cpp", ".hpp"}:
        yield from check_cpp(path, text)
    elif path.suffix == ".py":
        yield from check_python(path, text)


def main(arguments):
    paths = [pathlib.Path(a).resolve() for a in arguments] or list(tree(ROOT))
    found = [(path, line, what) for path in paths for line, what in check_file(path)]
    if not arguments:
        found += check_statements(ROOT)
    for path, line, what in found:
        print(f"{os.path.relpath(path)}:{line}: {what}")
    if not found:
        print(f"tidy: {len(paths)} files are as they should be")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
