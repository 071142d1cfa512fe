#!/usr/bin/env python3
"""Plots the CSV of benchmarks/wire/run: each contestant against the Linux bridge, on a log scale.

usage: plot.py results.csv results.svg

A dot is the median of the rounds, a line goes from the least to the most. To the right is always better: where less is better, the
ratio is turned round. A contestant without figures is named under its load, in grey, with the reason; one without any at the
bottom. Needs no library.
"""

import csv
import math
import sys
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 980, 310, 40, 92, 50
ROW, GAP = 15, 18  # height of a contestant, and between loads
INK, GREY, GRID, PAPER = "#1f2933", "#7b8794", "#dde3e8", "#ffffff"
REASON_CHARACTERS = 100
# Safe for red-green colour blindness (Okabe and Ito, 2008).
COLOURS = {"redirect": "#009e73", "nfqueue": "#cc79a7", "pcap": "#56b4e9", "xdp": "#0072b2", "forward": "#7b8794", "tracking": "#999999", "queueall": "#b07aa1", "router": "#e69f00", "suricata": "#d55e00", "snort": "#8a6d00"}
REFERENCE = "bridge"
# The figure of each load that the plot shows, and where the product's target lies, as a ratio.
SHOWN = {
    ("bulk1", "throughput"): ("TCP bulk, one stream", 1.0),
    ("bulk4", "throughput"): ("TCP bulk, four streams", 1.0),
    ("bulk1", "cpu"): ("CPU a bulk packet", None),
    ("udp64", "arrived"): ("UDP, 64-byte frames", 1.5),
    ("dns0", "answers"): ("DNS, nothing banned", 0.95),
    ("dns5", "answers"): ("DNS, 5 % banned", 0.95),
    ("dns100", "answers"): ("DNS, all banned", None),
    ("tls", "connections"): ("new TLS connections", 0.9),
    ("rtt", "p99"): ("round trip p99, idle", None),
    ("rttbulk", "p99"): ("round trip p99, beside bulk", None),
    ("flows", "throughput"): ("bulk, many flows held", 1.0),
    ("flows", "p99"): ("p99, many flows held", None),
}


def read(path):
    """(load, metric) -> [(contestant, (median, least, most), "")], or a reason instead of the three ratios."""
    shown = {key: [] for key in SHOWN}
    with open(path, encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for key, points in shown.items():
                if row["load"] != key[0] or row["contestant"] == REFERENCE or row["metric"] not in (key[1], ""):
                    continue
                ratios = [float(row[column] or 0) for column in ("times_bridge", "least_times_bridge", "most_times_bridge")]
                if not all(ratios):
                    points.append((row["contestant"], None, row["reason"] or "nothing to compare with"))
                elif row["better"] == "less":
                    points.append((row["contestant"], (1 / ratios[0], 1 / ratios[2], 1 / ratios[1]), ""))
                else:
                    points.append((row["contestant"], tuple(ratios), ""))
    return {key: points for key, points in shown.items() if points}


class Axis:
    """A log scale of ratios, onto pixels."""

    def __init__(self, values):
        self.low, self.high = math.log10(min(values) / 1.15), math.log10(max(values) * 1.15)

    def at(self, value):
        return LEFT + (math.log10(value) - self.low) / (self.high - self.low) * (WIDTH - LEFT - RIGHT)

    def ticks(self):
        steps = (1, 2, 5) if self.high - self.low < 2.5 else (1,)
        for power in range(math.floor(self.low), math.ceil(self.high) + 1):
            for step in steps:
                if self.low <= math.log10(step * 10.0**power) <= self.high:
                    yield step * 10.0**power


def text(x, y, words, anchor="start", colour=INK, size=12, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}"'
            f' font-weight="{weight}">{escape(words)}</text>')


def line(x1, y1, x2, y2, colour, width, dashes=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def shortened(reason):
    return reason if len(reason) <= REASON_CHARACTERS else reason[: REASON_CHARACTERS - 1] + "…"


def legend(contestants):
    x = 20
    for name in contestants:
        yield f'<circle cx="{x}" cy="52" r="5" fill="{COLOURS.get(name, GREY)}"/>'
        yield text(x + 10, 56, name)
        x += 30 + 8 * len(name)
    yield text(x + 10, 56, "dashes: the product's target", colour=GREY)


def block(axis, top, title, target, points):
    """One load."""
    yield text(LEFT - 95, top + 11, title, "end", weight="bold")
    if target:
        dashes = ' stroke-dasharray="3 3"'
        yield line(axis.at(target), top - 3, axis.at(target), top + ROW * len(points) + 3, INK, 1.5, dashes)
    for row, (contestant, ratios, reason) in enumerate(points):
        y = top + ROW * row + 7
        colour = COLOURS.get(contestant, GREY)
        yield text(LEFT - 10, y + 4, contestant, "end", colour if ratios else GREY, 11)
        if ratios:
            median, least, most = ratios
            yield line(axis.at(least), y, axis.at(most), y, colour, 2)
            yield f'<circle cx="{axis.at(median):.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
        else:
            yield text(LEFT + 6, y + 4, shortened(reason), colour=GREY, size=10)


def without_absent(shown):
    """The loads without contestants that have no figures at all; and these, with a reason."""
    present = {name for points in shown.values() for name, ratios, _ in points if ratios}
    absent = {name: reason for points in shown.values() for name, _, reason in points if name not in present}
    kept = {key: [point for point in points if point[0] in present] for key, points in shown.items()}
    return {key: points for key, points in kept.items() if points}, absent


def draw(shown):
    shown, absent = without_absent(shown)
    ratios = [value for points in shown.values() for _, three, _ in points if three for value in three]
    axis = Axis([*ratios, 1.0, *(target for key, (_, target) in SHOWN.items() if target and key in shown)])
    height = TOP + sum(ROW * len(points) + GAP for points in shown.values()) + BOTTOM + ROW * len(absent)
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
           ' font-family="sans-serif">')
    yield f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>'
    yield text(20, 28, "Across the gateway: how many times as good as a Linux bridge", size=17, weight="bold")
    yield from legend(list(dict.fromkeys(name for points in shown.values() for name, _, _ in points)))
    foot = height - BOTTOM - ROW * len(absent)
    for tick in axis.ticks():
        yield line(axis.at(tick), TOP - 12, axis.at(tick), foot, GREY if tick == 1 else GRID, 1)
        yield text(axis.at(tick), foot + 16, f"{tick:g} ×", "middle")
    yield text((LEFT + WIDTH - RIGHT) / 2, foot + 36, "times the bridge (log scale); to the right is better", "middle")
    top = TOP
    for key, points in shown.items():
        yield from block(axis, top, *SHOWN[key], points)
        top += ROW * len(points) + GAP
    for row, (contestant, reason) in enumerate(absent.items()):
        yield text(20, foot + 42 + ROW * (row + 1) - 6, f"{contestant}: {shortened(reason)}", colour=GREY, size=11)
    yield "</svg>"


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    shown = read(arguments[0])
    if not shown:
        sys.exit(f"{arguments[0]} has no figures to compare with those of a bridge")
    with open(arguments[1], "w", encoding="utf-8") as out:
        out.write("\n".join(draw(shown)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
