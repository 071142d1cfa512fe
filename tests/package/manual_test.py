#!/usr/bin/env python3
"""Holds the manual pages to the program and to the configuration, and tries the completions.

  commands   each command of `sluice --help` and `sluice lists --help` has a section in its page, with all options of its own --help
  keys       sluice.toml(5) has each key of deploy/sluice.toml in its table, with the default that stands there, and no other
  pages      groff has nothing to warn of
  bash       completes commands and options (needs bash-completion)

usage: manual_test.py PROGRAM [UNITTEST OPTIONS]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"
PAGES = ("sluice.8", "sluice-lists.1", "sluice.toml.5")
COMMANDS = re.compile(r"^  ([a-z-]+) ", re.MULTILINE)
GROUPS = ("lists", "audit")  # of commands
OPTIONS = re.compile(r"--[a-z][a-z-]+")
COMPLETION = "/usr/share/bash-completion/bash_completion"
PROGRAM = ""


def said(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=60, check=True).stdout


def page(name):
    return (DEPLOY / "man" / name).read_text(encoding="utf-8")


def sections(text, macro):
    """{heading: text} of a page."""
    parts = re.split(rf"^\.{macro} (.*)$", text, flags=re.MULTILINE)
    return {heading.strip('"'): body for heading, body in zip(parts[1::2], parts[2::2])}


def plain(text):
    return re.sub(r"\\f[BIR]", "", text).replace(r"\-", "-")


def options_of(*command):
    """Those of its table, not those that its examples name."""
    table = said(*command, "--help").split("\nOptions:\n")[1].split("\nexamples:")[0]
    return set(re.findall(r"^  (?:-\w \[ )?(--[a-z][a-z-]+)", table, re.MULTILINE)) - {"--help"}


class Commands(unittest.TestCase):
    def check(self, name, *before):
        text = plain(page(name))
        found = {words: body for heading, body in sections(text, "SS").items() for words in [heading.split(" [")[0].split(" --")[0]]}
        common = sections(text, "SH").get("OPTIONS OF INPUT", "")
        commands = COMMANDS.findall(said(*before, "--help"))
        self.assertGreater(len(commands), 0)
        for command in commands:
            words = " ".join(("sluice", *before, command))
            body = next((body for heading, body in found.items() if heading.startswith(words)), None)
            self.assertIsNotNone(body, f"{name} has no section .SS \"{words} …\"")
            if command in GROUPS:
                continue
            body += common if "options of input" in body else ""
            for option in options_of(*before, command):
                self.assertRegex(body, rf"(?m)^{option}\b(?!-)|^.*, {option}\b(?!-)", f"{name} does not describe {option} of {words}")

    def test_of_the_program(self):
        self.check("sluice.8")

    def test_of_lists(self):
        self.check("sluice-lists.1", "lists")

    def test_of_audit(self):
        self.check("sluice.8", "audit")


def keys_of_configuration():
    """{(table, "key = default")}; of examples in comments as well."""
    table, found = "", set()
    for line in (DEPLOY / "sluice.toml").read_text(encoding="utf-8").split("\n"):
        line = re.sub(r"^# ? ? ?", "", line)
        if heading := re.match(r"(\[\[?[a-z]+\]\]?)", line):
            table = heading[1]
        # A value is an array, a string, or a word; a comment may follow.
        elif key := re.match(r'([a-z_0-9]+ = (?:\[[^\]]*(?:\][^,\]#]*)*?\]|"[^"]*"|[^\s#]+))\s*(?:#.*)?$', line):
            found.add((table, key[1]))
    return found


def keys_of_page():
    found = set()
    for table, body in sections(page("sluice.toml.5"), "SH").items():
        if table.startswith("["):
            found |= {(table, plain(key)) for key in re.findall(r"^\\fB(.* = .*)\\fR$", body, re.MULTILINE)}
    return found


class Keys(unittest.TestCase):
    def test_are_all_there_with_their_defaults(self):
        """Where the configuration shows a key of a table several times, the page shows one of them."""
        configured, described = keys_of_configuration(), keys_of_page()
        self.assertGreater(len(described), 80)
        names = {(table, key.split(" = ")[0]) for table, key in configured}
        self.assertEqual({(table, key.split(" = ")[0]) for table, key in described}, names)
        self.assertEqual(described - configured, set(), "not so in deploy/sluice.toml")


class Pages(unittest.TestCase):
    def test_are_without_warnings(self):
        if not shutil.which("groff"):
            self.skipTest("not installed: groff (deploy/dependencies package-test)")
        for name in PAGES:
            done = subprocess.run(["groff", "-k", "-t", "-man", "-ww", "-Tutf8", "-z", DEPLOY / "man" / name], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(done.stderr, "", name)


class Completions(unittest.TestCase):
    def complete(self, line):
        if not os.path.exists(COMPLETION):
            self.skipTest("not installed: bash-completion (deploy/dependencies package-test)")
        script = f"""
            . {COMPLETION}
            . {DEPLOY}/completions/sluice.bash
            COMP_LINE=$1 COMP_POINT=${{#1}}
            read -ra COMP_WORDS <<<"$1"
            [[ $1 == *' ' ]] && COMP_WORDS+=('')
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _sluice
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(["bash", "-c", script, "bash", f"sluice {line}"], capture_output=True, text=True, timeout=60, check=False,
                              env=os.environ | {"PATH": f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"})
        return set(done.stdout.split())

    def test_commands(self):
        self.assertEqual(self.complete(""), set(COMMANDS.findall(said("--help"))))
        self.assertEqual(self.complete("de"), {"detach"})
        for group in GROUPS:
            self.assertEqual(self.complete(f"{group} "), set(COMMANDS.findall(said(group, "--help"))))

    def test_options(self):
        self.assertEqual(self.complete("run --in"), {"--inside"})
        self.assertEqual(self.complete("lists verify --min"), {"--minimum-version"})
        self.assertEqual(self.complete("doctor --dataplane "), {"pcap", "xdp", "nfqueue"})

    def test_scripts_are_read_by_their_shells(self):
        for shell, name in (("bash", "sluice.bash"), ("zsh", "_sluice"), ("fish", "sluice.fish")):
            if shutil.which(shell):
                subprocess.run([shell, "-n", DEPLOY / "completions" / name], timeout=60, check=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = os.path.realpath(sys.argv.pop(1))
    unittest.main()
