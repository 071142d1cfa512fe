#!/usr/bin/env python3
"""Each check in this folder, and tests/summary.py, accepts a good tree and fails on a bad one.

usage: selftest.py
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import unittest.mock

import check_includes
import check_tree
import tidy

HERE = pathlib.Path(__file__).resolve().parent
MODULES = """\
base|filters/base|
name|filters/name|base
format|lists/format|name
engine|gateway/engine|name
program|gateway/main.cpp|engine
"""
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
        self.write("filters/name/n.cpp", '#include "filters/name/n.h"\n#include "filters/base/a.h"\n')
        self.write("lists/format/one.cpp", '#include "lists/format/one.h"\n#include "filters/name/n.h"\n')
        self.write("gateway/engine/e.cpp", '#include "gateway/engine/e.h"\n#include "filters/name/n.h"\n')
        self.write("gateway/main.cpp", '#include "gateway/engine/e.h"\n')
        self.write("filters/README.md", "## base\n\nthen `name/`\n")
        self.write("lists/README.md", "[the formats](format/)\n")
        self.write("gateway/README.md", "`gateway/engine`\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_tool(self, *words, **environment):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLUICE_", "GIT_"))}
        return subprocess.run([str(word) for word in words], capture_output=True, text=True, env=inherited | environment)


class Includes(Tree):
    def violations(self, name=None, text="", modules=MODULES):
        if name:
            self.write(name, text)
        return check_includes.check(self.root, check_includes.read_modules(modules))

    def assert_fails(self, name, text, line, reason):
        found = self.violations(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found)
        self.assertIn(reason, found[0])
        (self.root / name).unlink()

    def test_good(self):
        self.assertEqual(self.violations(), [])
        self.assertEqual(self.violations("lists/format/l.cpp", '#include "filters/base/a.h"\n'), [])
        self.assertEqual(self.violations("tests/t.cpp", '#include "gateway/engine/e.h"\n'), [])
        self.assertEqual(self.violations("filters/name/x.cpp", "// std::getenv(\n"
                                         'auto x = "getenv"; int y = 1\'000; static const int z = 1;\n'
                                         "static int f(int n = 0);\n"), [])

    def test_modules_that_are_not_linked(self):
        self.assert_fails("filters/base/b.h", '\n#include "filters/name/n.h"\n', 2, "may not include")
        self.assert_fails("gateway/engine/x.cpp", '/* */ #  include "lists/format/one.h"', 1, "may not include")

    def test_tests_are_included_by_none(self):
        self.write("tests/t.h", HEADER)
        self.assert_fails("gateway/engine/x.cpp", '#include "tests/t.h"', 1, "may not include")

    def test_a_module_that_is_one_file(self):
        self.assert_fails("gateway/main.cpp", '#include "gateway/engine/e.h"\n#include "lists/format/one.h"', 2, "may not")

    def test_paths(self):
        self.assert_fails("filters/name/x.cpp", '#include "n.h"\n', 1, "no path from the root")
        self.assert_fails("filters/name/x.cpp", '#include "filters/name/../name/n.h"\n', 1, "no path")
        self.assert_fails("filters/name/x.cpp", "#include <filters/name/n.h>\n", 1, "is ours")
        self.assert_fails("filters/name/x.cpp", "#include NAME\n", 1, "names no file")

    def test_own_header_comes_first(self):
        self.write("filters/name/w.h", HEADER)
        self.assert_fails("filters/name/w.cpp", '#include <span>\n#include "filters/name/w.h"\n', 1, "comes first")
        self.assertEqual(self.violations("filters/name/w.cpp", '#include "filters/name/w.h"\n#include <span>\n'), [])

    def test_no_module(self):
        self.assert_fails("lists/other/o.h", HEADER, 1, "no sluice_library")

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

    def test_modules(self):
        for wrong, reason in (("base|filters/base|name", "circle"), ("base|filters/base|gone", "no module"),
                              ("base|filters/base|format", "above it")):
            found = self.violations(modules=MODULES.replace("base|filters/base|", wrong))
            self.assertEqual(len(found), 1, found)
            self.assertIn(reason, found[0])
        self.assertEqual(self.violations(modules=MODULES.replace("engine|name", "engine|name format")),
                         ["gateway/engine/CMakeLists.txt:1: DEPS names format, and nothing includes it"])

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

        def run(code, folder="filters", **environment):
            self.write("filters/base/b.cpp", code)
            return self.run_tool(HERE / "tidy.py", self.root, self.root, folder,
                                 XDG_CACHE_HOME=str(self.root / "cache"), **environment)

        self.assertEqual(run("namespace {\nconstexpr int kGood = 1;\n}\n").returncode, 0)
        divides = "int f(int x) { return 1 / (x - x); }\n"
        for code, check in (("int BadName() { return 0; }\n", "readability-identifier-naming"),
                            ("int calls = 0;\n", "avoid-non-const-global-variables"),
                            (divides, "clang-analyzer")):
            done = run(code, SLUICE_TIDY_ALL="yes")
            self.assertNotIn(done.returncode, (0, 77), check)
            self.assertIn(check, done.stdout)
        self.assertEqual(run(divides).returncode, 0)  # the analyzer runs on demand
        self.assertEqual(run("", folder="gone").returncode, 1)  # else it would check nothing

    @unittest.skipUnless(shutil.which("clang-tidy-19"), "clang-tidy-19 is not installed")
    def test_tidy_remembers_what_is_clean(self):
        source = "filters/base/b.cpp"
        self.write(".clang-tidy", "Checks: '-*,misc-unused-using-decls'\n")
        self.write("filters/base/in_between.h", HEADER + '#include "filters/base/a.h"\n')
        self.write(source, '#include "filters/base/in_between.h"\n')
        self.enterContext(unittest.mock.patch.dict("os.environ", XDG_CACHE_HOME=str(self.root / "cache")))

        def clean(*options):
            database = [{"file": str(self.root / source), "command": f"c++ -I{self.root} -c {self.root / source}"}]
            self.write("compile_commands.json", json.dumps([entry | {"directory": str(self.root)} for entry in database]))
            return tidy.Clean(self.root, database, options)

        def check():
            return tidy.check(self.root, self.root, source, [], clean())

        before = clean().entry(source)
        self.assertEqual(before, clean().entry(source))
        self.assertNotEqual(before, clean("--checks=-clang-analyzer-*").entry(source))
        for path in (source, "filters/base/in_between.h", "filters/base/a.h", ".clang-tidy"):
            old = (self.root / path).read_text()
            self.write(path, old + "\n")
            self.assertNotEqual(before, clean().entry(source), path)
            self.write(path, old)
        self.write("filters/name/n.h", HEADER + "\n")  # nothing that it includes
        self.assertEqual(before, clean().entry(source))
        self.assertEqual(check(), "")
        self.write(source, "int f() { return g(); }\n")
        self.assertIn("undeclared", check())
        self.assertIn("undeclared", check())  # what has findings is read each time

    @unittest.skipUnless(shutil.which("git"), "git is not installed")
    def test_tidy_since(self):
        def git(*words):
            done = self.run_tool("git", "-C", self.root, "-c", "user.name=a", "-c", "user.email=a@b.example", *words)
            self.assertEqual(done.returncode, 0, done.stderr)
        git("init", "--quiet")
        git("add", ".")
        git("commit", "--quiet", "-m", "good")
        self.assertEqual(tidy.changed_since("HEAD", self.root), set())
        self.write("filters/name/new.h", HEADER)
        self.write("filters/base/a.h", HEADER + "\n")
        self.assertEqual(tidy.changed_since("HEAD", self.root), {"filters/name/new.h", "filters/base/a.h"})
        git("commit", "--quiet", "-a", "-m", "changed")
        self.assertIn("filters/base/a.h", tidy.changed_since("HEAD~1", self.root))

    def test_tidy_of_what_includes_a_change(self):
        sources = ["filters/name/n.cpp", "gateway/main.cpp", "lists/format/one.cpp"]
        self.write("gateway/engine/e.h", HEADER + '#include "filters/name/n.h"\n')

        def touched(*changed):
            return tidy.touched_by(set(changed), sources, self.root)
        self.assertEqual(touched(), [])
        self.assertEqual(touched("filters/base/a.h"), ["filters/name/n.cpp"])
        self.assertEqual(touched("filters/name/n.h"), sources)
        self.assertEqual(touched("gateway/main.cpp"), ["gateway/main.cpp"])
        self.assertEqual(touched(".clang-tidy"), sources)

    @unittest.skipUnless(shutil.which("ninja"), "ninja is not installed")
    def test_headers(self):
        project = (HERE.parents[1] / "CMakeLists.txt").read_text()
        functions = re.findall(r"^function\(sluice_(?:module|library) .*?^endfunction\(\)\n", project, re.M | re.S)
        self.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(t CXX)\n"
                   f"{''.join(functions)}add_library(sluice_options INTERFACE)\n"
                   "target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR})\n"
                   "add_subdirectory(filters/base)\nadd_subdirectory(filters/name)\n")
        self.write("filters/base/CMakeLists.txt", "sluice_library(base)\n")
        self.write("filters/name/CMakeLists.txt", "sluice_library(name SOURCES n.cpp DEPS base)\n")
        build = self.root / "build"
        done = self.run_tool("cmake", "-G", "Ninja", "-S", self.root, "-B", build)
        self.assertEqual(done.returncode, 0, done.stderr)

        def check():
            return self.run_tool("cmake", "--build", build, "--target", "all_verify_interface_header_sets")
        self.assertEqual(check().returncode, 0)
        for folder in ("filters/base", "filters/name"):
            self.write(f"{folder}/late.h", HEADER + "std::size_t size();\n")  # and <cstddef>?
            done = check()
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(f"{folder}/late.h", done.stdout)
            (self.root / folder / "late.h").unlink()

    def test_summary_reads_reports_with_bytes_that_are_no_xml(self):
        self.write("gtests.txt", "cases\n")
        self.write("tests.xml", '<testsuite><testcase name="cases" status="run"/></testsuite>')
        (self.root / "cases").mkdir()
        (self.root / "cases" / "cases.xml").write_bytes(
            b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite>'
            b'<testcase classname="A" name="B" value_param="\xff\x01" status="run"/></testsuite></testsuites>')
        done = self.run_tool(HERE.parent / "summary.py", self.root / "tests.xml")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (0, "1 passed, 0 failed, 0 skipped"))

    def test_summary(self):
        program = """mkdir -p cases && cat >cases/$1.xml <<'E'
            <testsuites><testsuite name="S">
              <testcase name="good" status="run" result="completed" classname="S"/>
              <testcase name="unable" status="run" result="skipped" classname="S"><skipped message="a.cpp:1&#x0A;no file"/></testcase>
              CASE
            </testsuite></testsuites>\nE\n"""
        bad_case = '<testcase name="bad" status="run" result="completed" classname="S"><failure message="m"/></testcase>'
        self.write("program", program.replace("CASE", ""))
        self.write("bad_program", program.replace("CASE", bad_case) + "exit 1\n")
        self.write("CTestTestfile.cmake", """
            add_test(good true)
            add_test(bad false)
            add_test(unbuilt no-such-program)
            add_test(unable sh -c "echo SKIPPED: no root; exit 77")
            set_tests_properties(unable PROPERTIES SKIP_RETURN_CODE 77)
            add_test(cases sh program cases)
            add_test(bad_cases sh bad_program bad_cases)
            add_test(no_report true)
            add_test(crashed sh -c "sh program crashed; exit 1")\n""")
        self.write("gtests.txt", "cases\nbad_cases\nno_report\ncrashed\n")
        report = self.root / "tests.xml"

        def summary(pattern):
            self.run_tool("ctest", "--test-dir", self.root, "--output-junit", report, "-R", pattern)
            done = self.run_tool(HERE.parent / "summary.py", report)
            return done.returncode, done.stdout.splitlines()

        status, lines = summary("^(good|bad|unbuilt|unable)$")
        self.assertEqual((status, lines[-1]), (1, "1 passed, 2 failed, 1 skipped"))
        self.assertIn("  skipped  unable: no root", lines)
        self.assertIn("  failed  unbuilt", lines)
        status, lines = summary("^(good|unable|cases)$")
        self.assertEqual((status, lines[-1]), (0, "2 passed, 0 failed, 2 skipped"))
        self.assertIn("  skipped  cases S.unable: no file", lines)
        status, lines = summary("^(bad_cases|no_report|crashed)$")
        self.assertEqual((status, lines[-1]), (1, "2 passed, 3 failed, 2 skipped"))
        self.assertIn("  failed  bad_cases S.bad", lines)
        self.assertIn("  failed  no_report: it ended without a report of its cases", lines)
        self.assertIn("  failed  crashed: no case failed, but the program did", lines)
        report.unlink()
        self.assertEqual(self.run_tool(HERE.parent / "summary.py", report).returncode, 1)


if __name__ == "__main__":
    unittest.main()
