"""Figures to medians, ratios to the bridge, targets, a table and a CSV.

Rounds are interleaved: in each, every contestant takes its turn. A ratio is the median of the ratios of the rounds, so that what
slows the machine for some minutes slows both. A contestant that is absent or fails a check is a row with the reason.
"""

import csv
import statistics

from contestants import CONTESTANTS, OURS, ROUTERS

REFERENCE = "bridge"
COLUMNS = ("load", "contestant", "metric", "unit", "better", "rounds", "median", "least", "most", "times_bridge",
           "least_times_bridge", "most_times_bridge", "reason")
QUESTIONS_A_CORE = 1_000_000  # a second
HARMLESS = 99                 # percent of ordinary questions that are answered beside the flood


class Figures:
    """All values of a run, by contestant, load, metric and round; and why some are missing."""

    def __init__(self, contestants, loads):
        self.contestants = contestants
        self.loads = loads  # objects of loads.py
        self._values = {}
        self._reasons = {}

    def add(self, contestant, load, number, values):
        for metric, value in values.items():
            self._values.setdefault((contestant, load, metric), {})[number] = value

    def fail(self, contestant, load, reason):
        """The reason why this contestant has no figures for this load, or why a round is missing."""
        self._reasons.setdefault((contestant, load), reason)

    def reason(self, contestant, load):
        return self._reasons.get((contestant, load), "")

    def of(self, contestant, load, metric):
        return list(self._values.get((contestant, load, metric), {}).values())

    def median(self, contestant, load, metric):
        values = self.of(contestant, load, metric)
        return statistics.median(values) if values else None

    def pairs(self, contestant, load, metric, rival=REFERENCE):
        """Value and rival's value of each round that has both."""
        ours, theirs = (self._values.get((name, load, metric), {}) for name in (contestant, rival))
        return [(ours[number], theirs[number]) for number in ours if number in theirs]

    def ratios(self, contestant, load, metric, rival=REFERENCE):
        return [value / other for value, other in self.pairs(contestant, load, metric, rival) if other]

    def rows(self):
        """A dictionary of COLUMNS for each contestant, load and metric; for what has no figures one a load."""
        for load in self.loads:
            for contestant in self.contestants:
                empty = dict.fromkeys(COLUMNS, "")
                empty.update(load=load.name, contestant=contestant, reason=self.reason(contestant, load.name))
                if not any(self.of(contestant, load.name, metric) for metric in load.metrics):
                    yield empty
                    continue
                for metric, (unit, better) in load.metrics.items():
                    yield {**empty, "metric": metric, "unit": unit, "better": better,
                           **self._summary(contestant, load.name, metric, unit)}

    def _summary(self, contestant, load, metric, unit):
        values = self.of(contestant, load, metric)
        ratios = [] if unit.startswith("%") else self.ratios(contestant, load, metric)
        summary = {"rounds": len(values), "median": statistics.median(values), "least": min(values), "most": max(values)}
        if ratios:
            summary.update(times_bridge=statistics.median(ratios), least_times_bridge=min(ratios), most_times_bridge=max(ratios))
        return summary


def at_least_times(load, metric, bound, rival=REFERENCE):
    return Target(load, metric, rival, lambda ratio: ratio >= bound, f"at least {bound:g} × {rival}", "{:.2f} ×",
                  lambda value, other: value / other)


def beside(load, metric, rival):
    """No bound: what is found is stated."""
    return Target(load, metric, rival, None, f"beside {rival}", "{:.2f} ×", lambda value, other: value / other)


def at_most_times(load, metric, bound, rival):
    return Target(load, metric, rival, lambda ratio: ratio <= bound, f"at most {bound:g} × {rival}", "{:.2f} ×",
                  lambda value, other: value / other)


def adds_less(load, metric, bound):
    return Target(load, metric, REFERENCE, lambda added: added < bound, f"adds under {bound:g} µs", "{:+.0f} µs",
                  lambda value, other: value - other)


class Target:
    """A bound on the median, over the rounds, of what `compare` makes of our value and a rival's."""

    def __init__(self, load, metric, rival, is_reached, words, form, compare):
        self.load, self.metric, self.rival = load, metric, rival
        self.is_reached, self.words, self.form, self.compare = is_reached, words, form, compare

    def judge(self, figures, contestant):
        """What was found, and `reached`, `missed`, `stated` (there is no bound) or `not measured`."""
        found = [self.compare(*pair) for pair in figures.pairs(contestant, self.load, self.metric, self.rival) if pair[1]]
        if not found:
            why = figures.reason(contestant, self.load) or figures.reason(self.rival, self.load) or f"no round with {self.rival}"
            return why, "not measured"
        middle = statistics.median(found)
        if self.is_reached is None:
            return self.form.format(middle), "stated"
        return self.form.format(middle), "reached" if self.is_reached(middle) else "missed"


class FloodTarget:
    """Banned questions that one core could drop, and what the flood does to the ordinary ones."""

    load = "dnsflood"
    metric = "cost, ordinary"
    words = f"over {QUESTIONS_A_CORE:,}/s a core, {HARMLESS} % of the rest answered"

    def judge(self, figures, contestant):
        cost, ordinary = (figures.median(contestant, self.load, metric) for metric in ("cost", "ordinary"))
        if cost is None:
            return figures.reason(contestant, self.load), "not measured"
        a_core = 1e9 / cost if cost else float("inf")
        reached = a_core > QUESTIONS_A_CORE and ordinary >= HARMLESS
        return f"{a_core:,.0f}/s, {ordinary:.0f} %", "reached" if reached else "missed"


# Of a router, beside routers; of a bridge, beside bridges.
ROUTER_TARGETS = (
    at_least_times("bulk1", "throughput", 3.0, "queueall"),
    at_least_times("bulk1", "throughput", 0.9, "forward"),
    at_least_times("bulk4", "throughput", 0.9, "forward"),
    beside("bulk1", "throughput", "tracking"),
    beside("bulk1", "cpu", "forward"),
    beside("udp64", "arrived", "forward"),
    *(beside(load, metric, rival) for rival in ("forward", "queueall")
      for load, metric in (("dns0", "answers"), ("dns5", "answers"), ("tls", "connections"), ("rtt", "p99"))),
    beside("flows", "throughput", "forward"),
)
TARGETS = (
    at_least_times("bulk1", "throughput", 1.0),
    at_least_times("bulk4", "throughput", 1.0),
    at_most_times("bulk1", "cpu", 1.2, "redirect"),
    at_least_times("udp64", "arrived", 1.5),
    at_least_times("dns0", "answers", 0.95),
    at_least_times("dns5", "answers", 0.95),
    FloodTarget(),
    at_least_times("tls", "connections", 0.9),
    adds_less("rtt", "p99", 50),
    adds_less("rttbulk", "p99", 50),
    at_least_times("flows", "throughput", 1.0),
    adds_less("flows", "p99", 50),
)


def in_figures(value):
    if value == "":
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def aligned(rows, left):
    """Lines of columns; the first `left` columns and the last one to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) if column < left else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        yield "  ".join([*cells, row[-1]]).rstrip()


def cells(row):
    if not row["metric"]:
        return ("", "-", row["contestant"], "", "", "", "", row["reason"])
    missing = f"; a round is missing: {row['reason']}" if row["reason"] else ""
    return ("", row["metric"], row["contestant"], *(in_figures(row[column]) for column in ("median", "least", "most", "times_bridge")),
            row["unit"] + missing)


def print_table(figures, out):
    """The rows of a load by metric, so that contestants stand below each other."""
    rows = []
    for load in figures.loads:
        order = [*load.metrics, ""]
        rows += sorted((row for row in figures.rows() if row["load"] == load.name), key=lambda row: order.index(row["metric"]))
    head = ("load", "metric", "contestant", "median", "least", "most", "× bridge", "unit, or why there are no figures")
    lines = list(aligned([head, *map(cells, rows)], 3))
    out.write(f"{lines[0]}\n")
    titles = {load.name: load.title for load in figures.loads}
    for row, line in zip(rows, lines[1:]):
        title = titles.pop(row["load"], None)
        out.write(f"\n{row['load']}: {title}\n{line}\n" if title else f"{line}\n")


def print_targets(figures, out):
    """What the product is to reach, for each of our dataplanes."""
    loads = {load.name for load in figures.loads}
    lines = [("target", "", "contestant", "found", "")]
    for target in (*TARGETS, *ROUTER_TARGETS):
        for contestant in figures.contestants:
            is_its_own = (contestant in ROUTERS) == (target in ROUTER_TARGETS)
            if target.load in loads and contestant in OURS and is_its_own:
                found, verdict = target.judge(figures, contestant)
                last = (found, verdict) if verdict != "not measured" else ("", f"not measured: {found}")
                lines.append((f"{target.load} {target.metric}", target.words, contestant, *last))
    if len(lines) > 1:
        out.write("\n" + "\n".join(aligned(lines, 3)) + "\n")


# Ethernet: 20 bytes on the wire around each frame (preamble, start, gap), and 18 in it around the packet of an MTU.
WIRE_BYTES = {"udp64": 64 + 20, "bulk1": 1500 + 18 + 20}
SPEEDS = (10, 25, 100)  # Gbit/s


def print_line_rates(figures, out):
    """How many cores would carry line rate in one direction, if a packet cost there what it cost behind the sender's port here."""
    lines = [("cores for line rate", "contestant", "ns/packet", "packets/s a core", *(f"{speed} Gbit/s" for speed in SPEEDS), "")]
    for load, wire_bytes in WIRE_BYTES.items():
        for contestant in figures.contestants:
            softirq, gateway = (figures.median(contestant, load, f"cpu {part}") for part in ("softirq", "gateway"))
            if softirq is not None and softirq + gateway > 0:
                cost = softirq + gateway
                cores = (in_figures(speed * 1e9 / 8 / wire_bytes * cost / 1e9) for speed in SPEEDS)
                lines.append((f"frames of {wire_bytes - 20} bytes", contestant, in_figures(cost), in_figures(1e9 / cost), *cores, ""))
    if len(lines) > 1:
        out.write("\n" + "\n".join(aligned(lines, 2)) + "\n")


def print_legend(figures, out):
    for name in figures.contestants:
        out.write(f"  {name:10}{CONTESTANTS[name].title}\n")


def write_csv(figures, path):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in figures.rows():
            writer.writerow({column: f"{value:.6g}" if isinstance(value, float) else value for column, value in row.items()})

