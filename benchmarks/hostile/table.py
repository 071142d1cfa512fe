#!/usr/bin/env python3
"""Writes the table of hostile packets into benchmarks/README.md, from CSV files of bench_hostile.

usage: table.py BEFORE.csv [NOW.csv]

Lists the ordinary packets, and every scenario whose worst packet takes 5 µs or more, before or now.
"""

import csv
import pathlib
import re
import sys

README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
MARKS = re.compile(r"(<!-- hostile table -->\n).*?(<!-- end of hostile table -->)", re.DOTALL)
LISTED_FROM = 5_000  # ns
HEAD = """\
| state | packets | bytes | ns a packet, before | now | worst packet, before | now | × ordinary |
|---|---|---:|---:|---:|---:|---:|---:|
"""


def read(path):
    with open(path, newline="") as file:
        return {(row["group"], row["scenario"]): row for row in csv.DictReader(file)}


def ns(row, column):
    return f"{float(row[column]):,.0f}" if row else ""


def is_listed(*rows):
    return any(row and (row["scenario"] == "ordinary" or float(row["worst_ns"]) >= LISTED_FROM) for row in rows)


def table(before, now):
    lines = []
    for key in now or before:
        old, new = before.get(key), now.get(key)
        if not is_listed(old, new):
            continue
        newest = new or old
        cells = [*key, newest["bytes"], ns(old, "amortised_ns"), ns(new, "amortised_ns"), ns(old, "worst_ns"),
                 ns(new, "worst_ns"), f"{float(newest['times_ordinary']):,.0f}"]
        lines.append("| " + " | ".join(cells) + " |\n")
    return HEAD + "".join(lines)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    before = read(sys.argv[1])
    now = read(sys.argv[2]) if len(sys.argv) == 3 else {}
    text, count = MARKS.subn(lambda marks: marks[1] + table(before, now) + marks[2], README.read_text())
    if count != 1:
        sys.exit(f"{README}: no place for the table")
    README.write_text(text)


if __name__ == "__main__":
    main()
