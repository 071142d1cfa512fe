#!/usr/bin/env python3
"""Agreement of `sluice inspect` with an independent reader, over captures that nobody here made.

usage: conformance.py PROGRAM [--shared FOLDER] [--least PERCENT]

The corpus is not part of the project: FOLDER/corpus is looked for in --shared, $SLUICE_SHARED, or `../shared` beside
the checkout; without it the exit status is 77 (skipped). Exits 1 where agreement on the `plain` names of DNS, TLS or HTTP is
below the least, or where the program crashes or hangs on any capture.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

KINDS = {"dns_query": "dns", "tls_sni": "tls", "http_host": "http", "quic_sni": "quic"}
REQUIRED = ("dns", "tls", "http")
TIMEOUT_SECONDS = 30
SKIPPED = 77
# No capture here has so many flows, and to set memory aside for more takes longer than to read it.
CONFIGURATION = "[limits]\nflows = 4096\nstreams = 256\n"


class Program:
    def __init__(self, path, configuration):
        self.path = path
        self.configuration = configuration

    def run(self, command, capture):
        """Exit status (negative: killed by that signal; None: hung), and what was printed."""
        words = [self.path, command, "--config", self.configuration, "--read", capture]
        try:
            done = subprocess.run(words, capture_output=True, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return None, b""
        return done.returncode, done.stdout


def names_found(output):
    found = collections.defaultdict(set)
    for line in output.decode("ascii").splitlines():
        finding = json.loads(line)
        if finding.get("from") == "answer":
            continue  # the independent reader kept names of questions only
        found[finding["proto"]].add(finding["name"])
    return found


def other_names(capture):
    """Names that the independent reader saw somewhere in the capture, in whatever list."""
    names = {triple[0] for triple in capture.get("triples", [])}
    for key, value in capture.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, str):
                    names.add(item)
                elif isinstance(item, list):
                    names.update(text for text in item if isinstance(text, str))
    return names


def compare(program, folder, capture):
    status, output = program.run("inspect", folder / capture["file"])
    if status not in (0, 2):
        return status, {}, {}, {}
    found = names_found(output)
    wanted, missing, extra = {}, {}, {}
    for kind, proto in KINDS.items():
        names = capture["plain"].get(kind, [])
        wanted[proto] = len(names)
        missing[proto] = sorted(set(names) - found[proto])
        extra[proto] = sorted(found[proto] - other_names(capture))
    return status, wanted, missing, extra


def check_names(program, folder, least):
    captures = [json.loads(line) for line in (folder / "expected.jsonl").open()]
    total, lost, odd = collections.Counter(), collections.Counter(), collections.Counter()
    broken = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda capture: compare(program, folder, capture), captures)
        for capture, (status, wanted, missing, extra) in zip(captures, results):
            if not wanted:
                print(f"BROKEN  {capture['file']}: exit status {status}")
                broken += 1
            for proto in wanted:
                total[proto] += wanted[proto]
                lost[proto] += len(missing[proto])
                odd[proto] += len(extra[proto])
                for name in missing[proto]:
                    print(f"missing {proto} {name!r} in {capture['file']}")
                for name in extra[proto]:
                    print(f"extra   {proto} {name!r} in {capture['file']}")
    good = broken == 0
    print(f"\n{'protocol':10}{'names':>8}{'found':>8}{'agree':>9}{'extra':>8}")
    for proto in KINDS.values():
        share = 100.0 * (total[proto] - lost[proto]) / max(total[proto], 1)
        print(f"{proto:10}{total[proto]:8}{total[proto] - lost[proto]:8}{share:8.2f}%{odd[proto]:8}")
        good = good and (proto not in REQUIRED or share >= least)
    return good


def check_robustness(program, folder):
    captures = [json.loads(line)["file"] for line in (folder / "index.jsonl").open()]

    def survives(file):
        return all(program.run(command, folder / file)[0] in (0, 2) for command in ("inspect", "replay"))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        fallen = [file for file, good in zip(captures, pool.map(survives, captures)) if not good]
    for file in fallen:
        print(f"BROKEN  robustness/{file}")
    print(f"robustness: {len(captures) - len(fallen)} of {len(captures)} captures read without a crash or a hang")
    return not fallen


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("program")
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared"
    arguments.add_argument("--shared", default=os.environ.get("SLUICE_SHARED", beside), type=pathlib.Path)
    arguments.add_argument("--least", default=98.0, type=float)
    options = arguments.parse_args()
    folder = options.shared / "corpus"
    if not (folder / "expected.jsonl").exists():
        print(f"SKIPPED: no corpus in {folder}")
        return SKIPPED
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as configuration:
        configuration.write(CONFIGURATION)
        configuration.flush()
        program = Program(options.program, configuration.name)
        good = check_names(program, folder, options.least)
        good = check_robustness(program, folder / "robustness") and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
