#!/usr/bin/env python3
"""Compares counts of `sluice lists build` and `sluice check --image` over large real lists with those published with the lists.

usage: lists.py PROGRAM [--shared FOLDER]

The lists are not part of the project: FOLDER/lists/big is looked for in --shared, $SLUICE_SHARED, or `../shared` beside
the checkout; without it the exit status is 77 (skipped). Exits 1 if a count differs.
"""

import lzma
import pathlib
import re
import subprocess
import sys
import tempfile

import shared_folder

HEAD = 99_984  # this many of the popular names come first, from another public list
ROW = re.compile(r"\| ([a-z0-9-]+) \| [\d.]+ / \d+ \| \d+ \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|")
COUNTS = ("entries below another entry", "head hit exactly", "head hit", "all hit")


def published(readme):
    """list -> the four counts, from the table in the lists' own README."""
    return {row[1]: [int(number.replace(",", "")) for number in row.groups()[1:]] for row in map(ROW.match, readme) if row}


def run(program, *words, names=None):
    done = subprocess.run([program, *words], input=names, capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 1):
        sys.exit(f"sluice {' '.join(words)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout + done.stderr


def count(program, text, queries):
    """The four counts of the list `text`."""
    with tempfile.TemporaryDirectory() as folder:
        source, image = pathlib.Path(folder, "names.txt"), pathlib.Path(folder, "names.image")
        source.write_text(text)
        # Forced: some of its entries are public suffixes, and the published counts have them in.
        report = run(program, "lists", "build", "--out", str(image), "--force", str(source))
        answers = run(program, "check", "--image", str(image), names=queries).splitlines()
    below = int(re.search(r"redundant entries +(\d+)", report)[1])
    hits = exact = head = 0
    for number, answer in enumerate(answers):
        words = answer.split(" ", 4)
        if words[0] != "drop":
            continue
        hits += 1
        if number < HEAD:
            head += 1
            exact += words[3] == "rule=" + words[1]
    return [below, exact, head, hits]


def main():
    options = shared_folder.read_arguments(__doc__, "lists/big", "README.md")
    folder = options.folder
    wanted = published((folder / "README.md").read_text().splitlines())
    queries = lzma.open(folder / "popular-names.txt.xz", "rt").read()
    good = len(wanted) == 4
    for name, counts in wanted.items():
        got = count(options.program, lzma.open(folder / f"{name}.txt.xz", "rt").read(), queries)
        good = good and got == counts
        for what, here, there in zip(COUNTS, got, counts):
            print(f"{'agrees ' if here == there else 'DIFFERS'} {name:22}{what:30}{here:9}{there:9}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
