#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of tidy.py and check_layers.py, each on a sample that breaks it and one that holds."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import check_layers
import tidy

LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


class Tidy(unittest.TestCase):
    def findings(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, name)
            path.write_text(text)
            return [what for _, what in tidy.check_file(path)]

    def refuses(self, name, text, word):
        found = self.findings(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(word, found[0])

    def allows(self, name, text):
        self.assertEqual(self.findings(name, text), [])

    def test_texts(self):
        self.refuses("a.cpp", "int a;\n", "SPDX")
        self.refuses("a.cpp", LICENCE + "//" + "x" * 99 + "\n", "101 columns")
        self.refuses("a.cpp", LICENCE + "// TO" "DO: later\n", "unfinished")
        self.refuses("helper.cpp", LICENCE, "responsibility")
        self.refuses("a.cpp", LICENCE + "//\n" * 500, "501 lines")
        self.allows("a.cpp", LICENCE + "//" + "x" * 98 + "\n" * 499)

    def test_names(self):
        self.refuses("a.cpp", LICENCE + "class PoolManager;\n", "PoolManager")
        python = "# SPDX-License-Identifier: Apache-2.0\ndef helper(): pass\n"
        self.refuses("a.py", python, "helper")
        self.allows("a.cpp", LICENCE + "std::common_type_t<int> common_words;\n")

    def test_functions(self):
        body = "    a();\n" * 69
        self.refuses("a.cpp", LICENCE + "void f() {\n" + body + "}\n", "71 lines")
        self.allows("a.cpp", LICENCE + "namespace n {\nvoid f() {\n" + body[9:] + "}\n}\n")
        self.allows("a.cpp", LICENCE + 'const char* s = R"(\n' + "{(\n" * 80 + ')";\n')

    def test_awaits(self):
        self.refuses("a.cpp", LICENCE + "auto f() { co_await g({.a = 1}); }\n", "g++ 12")
        self.refuses("a.cpp", LICENCE + "auto f() { co_await g([x] { h(); }); }\n", "g++ 12")
        self.allows("a.cpp", LICENCE + "auto f() { if (co_await g(a[0])) { h(); } }\n")

    def test_sql(self):
        self.refuses("a.cpp", LICENCE + 'auto s = "SELECT 1";\n', "SQL")
        self.allows("a_test.cpp", LICENCE + 'auto s = "SELECT 1";\n')
        self.allows("a.cpp", LICENCE + 'auto s = "select";\n')

    def test_documents(self):
        self.refuses("a.md", "# One\n# Two\n", "2 titles")
        self.refuses("a.md", "# One\n[x](gone.md)\n", "gone.md")
        self.refuses("a.md", "# One\n[x](#nowhere)\n", "nowhere")
        self.allows("a.md", "# One\n## Part two\n[x](#part-two) [y](https://example.org)\n"
                            "```\n# no title\n```\n")


class Layers(unittest.TestCase):
    modules = {"base": [], "http": ["base"], "rooms": ["http", "base"], "chat": ["rooms"]}

    def findings(self, folder, include):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "a.cpp")
            path.write_text(f"#include {include}\n")
            return [what for _, what in check_layers.wrong_includes(path, folder, self.modules)]

    def test_edges(self):
        self.assertEqual(self.findings("rooms", '"http/routes.hpp"'), [])
        self.assertIn("does not declare", self.findings("chat", '"http/routes.hpp"')[0])
        self.assertIn("does not declare", self.findings("base", '"rooms/rooms.hpp"')[0])
        self.assertIn("has no folder", self.findings("rooms", '"rooms.hpp"')[0])

    def test_foreign_libraries(self):
        self.assertEqual(self.findings("http", "<boost/asio.hpp>"), [])
        self.assertIn("only src/http", self.findings("rooms", "<boost/beast/core.hpp>")[0])
        self.assertIn("only src/postgres", self.findings("rooms", "<libpq-fe.h>")[0])
        self.assertIn("only src/stoa_extract", self.findings("rooms", "<mupdf/fitz.h>")[0])

    def test_diagram_leaves_implied_edges_out(self):
        edges = list(check_layers.direct_edges(self.modules))
        self.assertEqual(edges, [("http", "base"), ("rooms", "http"), ("chat", "rooms")])


if __name__ == "__main__":
    unittest.main()
