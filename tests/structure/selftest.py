#!/usr/bin/env python3
"""Each checker of this folder passes a good tree and fails on a bad one; so does tests/summary.py.

usage: selftest.py
"""

import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import check_includes
import check_tree

HERE = pathlib.Path(__file__).resolve().parent
ALLOWED = {
    "filters/base": [],
    "filters/name": ["filters/base"],
    "lists/format": ["filters/name"],
    "gateway/engine": ["filters/name", "lists/format/one.h"],
}
HEADER = "#pragma once\n\n// What it is for.\n"


class Tree(unittest.TestCase):
    """A good tree in a temporary folder; each test spoils it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("filters/base/a.h", "filters/name/n.h", "lists/format/one.h",
                     "lists/format/two.h", "gateway/engine/e.h"):
            self.write(name, HEADER)
        self.write("filters/README.md", "## base\n\nthen `name/`\n")
        self.write("lists/README.md", "[the formats](format/)\n")
        self.write("gateway/README.md", "`gateway/engine`\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_tool(self, *words):
        return subprocess.run([str(word) for word in words], capture_output=True, text=True)


class Includes(Tree):
    def violations(self, name=None, text="", allowed=None):
        if name:
            self.write(name, text)
        return check_includes.check(self.root, allowed or ALLOWED)

    def assert_fails(self, name, text, line, reason):
        found = self.violations(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found)
        self.assertIn(reason, found[0])

    def test_good(self):
        self.assertEqual(self.violations("lists/format/l.cpp", '#include "filters/base/a.h"\n'), [])
        self.assertEqual(self.violations("gateway/engine/x.cpp", '#include "lists/format/one.h"'), [])
        self.assertEqual(self.violations("filters/name/x.cpp", "// std::getenv(\n"
                                         'auto x = "getenv"; int y = 1\'000; static const int z = 1;\n'
                                         "static int f(int n = 0);\n"), [])

    def test_upwards(self):
        self.assert_fails("filters/base/b.h", '\n#include "filters/name/n.h"\n', 2, "may not include")
        self.assert_fails("filters/base/b.h", '/* */ #  include "lists/format/one.h"', 1, "may not")

    def test_a_file_in_a_row_is_no_folder(self):
        self.assert_fails("gateway/engine/x.cpp", '#include "lists/format/two.h"', 1, "may not")

    def test_paths(self):
        self.assert_fails("filters/name/x.cpp", '#include "n.h"\n', 1, "no path from the root")
        self.assert_fails("filters/name/x.cpp", '#include "filters/name/../name/n.h"\n', 1, "no path")
        self.assert_fails("filters/name/x.cpp", "#include <filters/name/n.h>\n", 1, "is ours")
        self.assert_fails("filters/name/x.cpp", "#include NAME\n", 1, "names no file")

    def test_own_header_comes_first(self):
        self.write("filters/name/w.h", HEADER)
        self.assert_fails("filters/name/w.cpp", '#include <span>\n#include "filters/name/w.h"\n', 1, "comes first")
        self.assertEqual(self.violations("filters/name/w.cpp", '#include "filters/name/w.h"\n#include <span>\n'), [])

    def test_no_row(self):
        self.assert_fails("lists/other/o.h", HEADER, 1, "no row")

    def test_pure(self):
        for header in ("iostream", "fstream", "thread", "mutex", "atomic", "filesystem", "ctime",
                       "sys/socket.h", "unistd.h", "spdlog/spdlog.h"):
            self.assert_fails("filters/name/x.cpp", f"#include <{header}>\n", 1, "is pure")
        for code in ("auto t = std::chrono::steady_clock::now();", 'std::getenv("A");',
                     'std::printf("");', "std::time(nullptr);", "static int calls = 0;",
                     "thread_local int x;", "std::atomic<int> a;", "std::random_device r;"):
            self.assert_fails("filters/name/x.cpp", f"\n  {code}\n", 2, "is pure")
        self.assertEqual(self.violations("filters/name/x.cpp", ""), [])
        self.assertEqual(self.violations("gateway/engine/x.cpp", "#include <thread>\n"), [])

    def test_table(self):
        circle = {**ALLOWED, "filters/base": ["lists/format"]}
        self.assertIn("circles", self.violations(allowed=circle)[0])
        stale = {**ALLOWED, "lists/gone": []}
        self.assertIn("lists/gone does not exist", self.violations(allowed=stale)[0])

    def test_nothing_to_check(self):
        shutil.rmtree(self.root)
        self.root.mkdir()
        self.assertIn("no sources", "\n".join(self.violations()))


class Documents(Tree):
    def assert_fails(self, name, text, line, reason):
        self.write(name, text)
        found = check_tree.check(self.root)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found)
        self.assertIn(reason, found[0])
        (self.root / name).unlink()

    def test_good(self):
        self.write("A.md", "`filters/base/a.h`, `cat filters/name/`, `text/html`, `build/dev/x.h`, "
                           "`/etc/x.toml`\n[x](filters/README.md#base) [y](https://a.b/c)\n"
                           "```\n[x](gone)\n```\n")
        self.write("lists/format/README.md", "`./two.h` `lists/format/two.h`\n"
                                             "[up](../../A.md)\n")
        self.write("filters/name/long.cpp", "int x;\n" * 800)
        self.write("filters/name/wide.cpp", "// " + "\u00e9" * 97 + "\n")
        self.write("build/bad.h", "\t")
        self.assertEqual(check_tree.check(self.root), [])

    def test_sizes(self):
        self.assert_fails("filters/base/b.h", HEADER + "int x;\n" * 298, 301, "at most 300")
        self.assert_fails("tests/b.cpp", "int x;\n" * 801, 801, "at most 800")
        self.assert_fails("benchmarks/b.cpp", "//" + " x" * 50 + "\n", 1, "102 columns")

    def test_headers(self):
        self.assert_fails("filters/base/b.h", "// What.\n", 1, "#pragma once")
        self.assert_fails("filters/base/b.h", "", 1, "#pragma once")
        self.assert_fails("filters/base/b.h", "#pragma once\n\n#include <span>\n", 2, "contract")

    def test_text(self):
        for sign in ("\t", "\r", "\x07", "\x85", "\u200b", "\u202e"):
            self.assert_fails("filters/base/b.cpp", f"\nint {sign}x;\n", 2, f"U+{ord(sign):04X}")
        self.assert_fails("tests/run", "#!/bin/sh\n\techo\n", 2, "U+0009")
        self.assert_fails("tests/CMakeLists.txt", "\tset(a b)\n", 1, "U+0009")

    def test_documents(self):
        self.assert_fails("A.md", "\n`filters/base/gone.h`\n", 2, "does not exist")
        self.assert_fails("A.md", "`base/a.h`\n", 1, "does not exist")
        self.assert_fails("A.md", "`filters/gone --quick`\n", 1, "does not exist")
        self.assert_fails("A.md", "see [x](filters/gone.md#there)\n", 1, "leads nowhere")
        self.assert_fails("lists/format/README.md", "[x](filters/README.md)\n", 1, "leads nowhere")

    def test_folders(self):
        self.assert_fails("gateway/README.md", "engine\n", 1, "does not name engine")
        self.write("gateway/README.md", "`engine`\n")
        self.write("gateway/engine/deep/d.h", HEADER)
        self.assertEqual(check_tree.check(self.root),
                         ["gateway/README.md:1: does not name engine/deep"])

    def test_no_readme(self):
        (self.root / "lists/README.md").unlink()
        self.assertEqual(check_tree.check(self.root), ["lists/README.md:1: does not exist"])


class Tools(Tree):
    @unittest.skipUnless(shutil.which("clang-format-19"), "clang-format-19 is not installed")
    def test_format(self):
        self.assertEqual(self.run_tool(HERE / "format.sh", self.root).returncode, 0)
        self.write("filters/base/b.cpp", "int  x ;\n")
        done = self.run_tool(HERE / "format.sh", self.root)
        self.assertNotIn(done.returncode, (0, 77))
        self.assertIn("filters/base/b.cpp:1:", done.stderr)

    @unittest.skipUnless(shutil.which("clang-tidy-19"), "clang-tidy-19 is not installed")
    def test_tidy(self):
        shutil.copy(HERE.parents[1] / ".clang-tidy", self.root)
        source = self.root / "filters/base/b.cpp"
        entry = {"directory": str(self.root), "command": f"c++ -I{self.root} -c {source}", "file": str(source)}
        self.write("compile_commands.json", json.dumps([entry], indent=0))

        def tidy(code, folder="filters"):
            self.write("filters/base/b.cpp", code)
            return self.run_tool(HERE / "tidy.py", self.root, self.root, folder)

        self.assertEqual(tidy("namespace {\nconstexpr int kGood = 1;\n}\n").returncode, 0)
        for code, check in (("int BadName() { return 0; }\n", "readability-identifier-naming"),
                            ("int calls = 0;\n", "avoid-non-const-global-variables"),
                            ("int f(int x) { return 1 / (x - x); }\n", "clang-analyzer")):
            done = tidy(code)
            self.assertNotIn(done.returncode, (0, 77), check)
            self.assertIn(check, done.stdout)
        self.assertEqual(tidy("", folder="gone").returncode, 1)  # else it would check nothing

    @unittest.skipUnless(shutil.which("ninja"), "ninja is not installed")
    def test_headers(self):
        self.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(t CXX)\n"
                   f"include({HERE}/headers_alone.cmake)\n"
                   "sluice_headers_alone(t ${CMAKE_SOURCE_DIR} filters lists)\n")
        build = self.root / "build"
        done = self.run_tool("cmake", "-G", "Ninja", "-S", self.root, "-B", build)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.run_tool("cmake", "--build", build).returncode, 0)
        self.write("filters/base/late.h", HEADER + "std::size_t size();\n")  # and <cstddef>?
        done = self.run_tool("cmake", "--build", build)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("late.h", done.stdout)

    def test_summary(self):
        self.write("CTestTestfile.cmake", """
            add_test(good true)
            add_test(bad false)
            add_test(unbuilt no-such-program)
            add_test(unable sh -c "echo SKIPPED: no root; exit 77")
            set_tests_properties(unable PROPERTIES SKIP_RETURN_CODE 77)\n""")
        report = self.root / "tests.xml"

        def summary(pattern):
            self.run_tool("ctest", "--test-dir", self.root, "--output-junit", report, "-R", pattern)
            return self.run_tool(HERE.parent / "summary.py", report)

        done = summary(".")
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 passed, 2 failed, 1 skipped", done.stdout)
        self.assertIn("skipped  unable: no root", done.stdout)
        self.assertIn("failed  unbuilt", done.stdout)
        self.assertEqual(summary("good|unable").returncode, 0)
        report.unlink()
        self.assertEqual(self.run_tool(HERE.parent / "summary.py", report).returncode, 1)


if __name__ == "__main__":
    unittest.main()
