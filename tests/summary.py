#!/usr/bin/env python3
"""Prints which tests were skipped or failed in each build, and last, over all builds, how many passed, failed and were skipped.

usage: summary.py REPORT…      each as `ctest --output-junit` writes it

A program of GoogleTest cases counts by its cases: `gtests.txt` beside the report names those programs, and each leaves
`cases/TEST.xml`. Any other test counts as one.

Exit status: 0 if every report is there and nothing failed; 1 if not.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

OUTCOMES = ("passed", "failed", "skipped")
REASON = re.compile(r"^SKIPPED: (.+)", re.MULTILINE)  # as our scripts say it


def outcome_of(test):
    """What ctest says. A test that was not built did not run either: that is a failure, no skip."""
    skipped = test.find("skipped")
    if skipped is None:
        return "passed" if test.get("status") == "run" else "failed"
    message = skipped.get("message", "")
    return "skipped" if message.startswith("SKIP_") or message == "Disabled" else "failed"


def read(report):
    """The root of a report. GoogleTest copies the bytes of test parameters, which need not be XML, nor UTF-8."""
    text = report.read_bytes().decode("utf-8", "replace")
    return xml.fromstring(re.sub("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]", "?", text))


def cases_of(report):
    """(outcome, name, reason) of each case of a GoogleTest program."""
    for case in read(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None:
            yield "failed", name, ""
        elif skipped is not None:
            yield "skipped", name, skipped.get("message", "").strip().split("\n")[-1]
        elif case.get("status") == "run":
            yield "passed", name, ""
        else:
            yield "skipped", name, "disabled"


def results_of(test, folder, programs):
    """(outcome, name, reason) of each case of one test."""
    name, outcome = test.get("name"), outcome_of(test)
    if name not in programs:
        found = REASON.search(test.findtext("system-out") or "")
        return [(outcome, name, found[1] if found else "")]
    report = folder / "cases" / f"{name}.xml"
    if not report.is_file():
        return [("failed", name, "it ended without a report of its cases")]
    results = [(what, f"{name} {case}", reason) for what, case, reason in cases_of(report)]
    if outcome == "failed" and not any(what == "failed" for what, _, _ in results):
        results.append(("failed", name, "no case failed, but the program did"))
    return results


def counts(results):
    return ", ".join(f"{sum(what == outcome for what, _, _ in results)} {outcome}" for outcome in OUTCOMES)


def summarise(report):
    """Prints what one report has, and returns it."""
    build = report.parent.name
    if not report.is_file():
        results = [("failed", "all", "no report, the tests did not run")]
    else:
        programs = set((report.parent / "gtests.txt").read_text().split())
        tests = read(report).iter("testcase")
        results = [result for test in tests for result in results_of(test, report.parent, programs)]
    print(f"{build}: {counts(results)}")
    for what, name, reason in results:
        if what != "passed":
            print(f"  {what}  {name}" + (f": {reason}" if reason else ""))
    return results


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = [result for report in sys.argv[1:] for result in summarise(pathlib.Path(report))]
    print(counts(results))
    return 1 if any(what == "failed" for what, _, _ in results) else 0


if __name__ == "__main__":
    sys.exit(main())
