#!/usr/bin/env python3
"""Prints the hostile table of benchmarks/README.md from CSV files of bench_hostile: table.py BEFORE.csv NOW.csv"""

import csv
import sys


def read(path):
    with open(path, newline="") as file:
        return {(row["group"], row["scenario"]): row for row in csv.DictReader(file)}


def ns(row, column):
    if row is None:
        return ""
    return f"{float(row[column]):,.0f}"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    before, now = read(sys.argv[1]), read(sys.argv[2])
    print("| state | scenario | bytes | ns a packet before | now | worst before | now | × ordinary |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for key, row in now.items():
        old = before.get(key)
        print(
            f"| {key[0]} | {key[1]} | {row['bytes']} | {ns(old, 'amortised_ns')} | {ns(row, 'amortised_ns')} "
            f"| {ns(old, 'worst_ns')} | {ns(row, 'worst_ns')} | {float(row['times_ordinary']):.0f} |"
        )


if __name__ == "__main__":
    main()
