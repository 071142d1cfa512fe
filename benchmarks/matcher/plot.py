#!/usr/bin/env python3
"""Plots the CSV of bench_matcher: ns a name against the number of rules, both on log scales.

usage: plot.py results.csv results.svg [HIT_PERCENT]

Draws one line for each rival, looked up name by name, one line for our matcher name by name and one for
our best batch size. The limits of the machine are dashed. HIT_PERCENT defaults to 5. Needs no library.
"""

import csv
import math
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 520
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 60, 60
LABEL_GAP = 16  # between the baselines of labels
INK, GRID, PAPER = "#1f2933", "#dde3e8", "#ffffff"
# Safe for red-green colour blindness (Okabe and Ito, 2008).
COLOURS = {
    "absl": "#d55e00", "std": "#cc79a7", "sorted": "#009e73", "trie": "#8a6d00", "vectorscan": "#5b5f97",
    "ndpi": "#7f4f24", "sluice": "#0072b2",
}
TITLES = {
    "absl": "absl::flat_hash_set", "std": "std::unordered_set", "sorted": "sorted vector", "trie": "label trie",
    "vectorscan": "vectorscan", "ndpi": "libndpi automaton", "(one load)": "one random load",
    "(chained)": "one chained load",
}
LIMITS = ("(one load)", "(chained)")


def read(file, hits):
    """Lines to draw: title -> (matcher, bold, [(rules, ns)])."""
    times = {}
    with open(file, encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if int(row["hit_percent"]) == hits:
                way = (row["matcher"], int(row["batch"]))
                times.setdefault(way, []).append((int(row["rules"]), float(row["median_ns"])))
    lines = {}
    for (matcher, batch), points in times.items():
        if batch == 0:
            title = "Sluice, single" if matcher == "sluice" else TITLES.get(matcher, matcher)
            lines[title] = (matcher, matcher == "sluice", sorted(points))
    batches = [(way, points) for way, points in times.items() if way[0] == "sluice" and way[1] > 0]
    if batches:
        (_, batch), points = min(batches, key=lambda line: sum(ns for _, ns in line[1]))
        lines[f"Sluice, batch of {batch}"] = ("sluice", True, sorted(points))
    return lines


class Axis:
    """A log scale from `low` to `high`, onto pixels."""

    def __init__(self, values, start, end, slack):
        self.low, self.high = math.log10(min(values) / slack), math.log10(max(values) * slack)
        self.start, self.end = start, end

    def at(self, value):
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, steps):
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            for step in steps:
                if self.low <= math.log10(step * 10**power) <= self.high:
                    yield step * 10**power


def in_words(rules):
    for unit, sign in ((1_000_000, "M"), (1_000, "k")):
        if rules >= unit:
            return f"{rules / unit:.3g}{sign}"
    return str(rules)


def text(x, y, words, anchor="start", colour=INK, size=13, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}"'
            f' font-weight="{weight}">{escape(words)}</text>')


def colour_of(matcher):
    return COLOURS.get(matcher, "#616e7c")


def label(x, y, title, matcher, bold):
    return text(x, y, title, colour=colour_of(matcher), weight="bold" if bold else "normal")


def spread(wanted):
    """Heights for labels: as close to the wanted ones as LABEL_GAP allows."""
    placed = []
    for height, title in sorted(wanted):
        placed.append([max(height, placed[-1][0] + LABEL_GAP) if placed else height, title])
    room = HEIGHT - BOTTOM
    for place in reversed(placed):
        place[0] = min(place[0], room)
        room = place[0] - LABEL_GAP
    return placed


def axes(x, y, rules):
    for ns in y.ticks((1, 2, 5)):
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(ns):.1f}" y2="{y.at(ns):.1f}" stroke="{GRID}"/>'
        yield text(LEFT - 8, y.at(ns) + 4, f"{ns:g}", "end")
    for count in rules:
        yield (f'<line x1="{x.at(count):.1f}" x2="{x.at(count):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
               f' stroke="{GRID}"/>')
        yield text(x.at(count), HEIGHT - BOTTOM + 20, in_words(count), "middle")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "rules (log scale)", "middle")
    yield text(LEFT - 50, TOP - 12, "ns a name, one core (log scale)")


def curve(x, y, matcher, bold, points):
    colour = colour_of(matcher)
    path = " ".join(f"{x.at(rules):.1f},{y.at(ns):.1f}" for rules, ns in points)
    dashes = ' stroke-dasharray="5 4"' if matcher in LIMITS else ""
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{3 if bold else 1.8}"{dashes}/>'
    for rules, ns in points:
        yield f'<circle cx="{x.at(rules):.1f}" cy="{y.at(ns):.1f}" r="{4 if bold else 3}" fill="{colour}"/>'


def draw(lines, hits):
    points = [point for _, _, line in lines.values() for point in line]
    rules = sorted({count for count, _ in points})
    x = Axis(rules, LEFT, WIDTH - RIGHT, 1.25)
    y = Axis([ns for _, ns in points], HEIGHT - BOTTOM, TOP, 1.2)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
           f' height="{HEIGHT}" font-family="sans-serif">')
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>'
    yield text(LEFT - 50, 24, f"Looking up a domain name, {100 - hits} % misses", size=17, weight="bold")
    yield from axes(x, y, rules)
    for matcher, bold, line in lines.values():
        yield from curve(x, y, matcher, bold, line)
    at_the_end = []
    for title, (matcher, bold, line) in lines.items():
        if line[-1][0] == rules[-1]:
            at_the_end.append((y.at(line[-1][1]), title))
        else:  # it gave up at a smaller set
            yield label(x.at(line[-1][0]) + 8, y.at(line[-1][1]) - 6, title, matcher, bold)
    for height, title in spread(at_the_end):
        matcher, bold, line = lines[title]
        yield (f'<path d="M{x.at(line[-1][0]) + 5:.1f} {y.at(line[-1][1]):.1f} L{WIDTH - RIGHT + 4} {height:.1f}"'
               f' stroke="{colour_of(matcher)}" stroke-width="0.7" opacity="0.5" fill="none"/>')
        yield label(WIDTH - RIGHT + 8, height + 4, title, matcher, bold)
    yield "</svg>"


def main(arguments):
    if len(arguments) not in (2, 3):
        sys.exit(__doc__)
    hits = int(arguments[2]) if len(arguments) == 3 else 5
    lines = read(arguments[0], hits)
    if not lines:
        sys.exit(f"{arguments[0]} has nothing with {hits} % hits")
    with open(arguments[1], "w", encoding="utf-8") as out:
        out.write("\n".join(draw(lines, hits)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
