#!/usr/bin/env python3
"""What came of the tests: counts for each build, and the names of those that were skipped or failed.

usage: summary.py REPORT…      each as `ctest --output-junit` writes it

Exit status: 0 if every report is there and nothing failed in it; 1 if not.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

# As our scripts say it, and as GTEST_SKIP() does.
REASON = re.compile(r"^SKIPPED: (.+)|: Skipped\n(.+)", re.MULTILINE)


def outcome_of(test):
    """passed, failed or skipped. What was not even built did not run either: that is no skip."""
    skipped = test.find("skipped")
    if skipped is None:
        return "passed" if test.get("status") == "run" else "failed"
    message = skipped.get("message", "")
    return "skipped" if message.startswith("SKIP_") or message == "Disabled" else "failed"


def reason_of(test):
    found = REASON.search(test.findtext("system-out") or "")
    return f": {found[1] or found[2]}" if found else ""


def summarise(report):
    """Prints one report; true if nothing failed."""
    build = report.parent.name
    if not report.is_file():
        print(f"{build}: no report, the tests did not run")
        return False
    tests = {"passed": [], "failed": [], "skipped": []}
    for test in xml.parse(report).getroot().iter("testcase"):
        tests[outcome_of(test)].append(test)
    print(f"{build}: " + ", ".join(f"{len(names)} {outcome}" for outcome, names in tests.items()))
    for outcome in ("skipped", "failed"):
        for test in tests[outcome]:
            print(f"  {outcome}  {test.get('name')}{reason_of(test)}")
    return not tests["failed"]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = [summarise(pathlib.Path(report)) for report in sys.argv[1:]]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
