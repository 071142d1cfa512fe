"""The loads. Each has `check`, which asks whether traffic is treated as it should be, and `measure`, which returns its figures.

METRICS names every figure with its unit, and whether more or less of it is better.
"""

import json
import re
import sys
from pathlib import Path

import frames
from cpu import Usage
from network import CLIENT, DROPPED_CLIENT, ECHO_PORT, HOST_PORT, SERVER, Trouble
from servers import COUNTED_PORT, PLAIN_PORT, TLS_PORT

MORE, LESS = "more", "less"
TLS_PARALLEL = 8
SMALL_FLOWS = 1024     # flows of the small datagrams
CHECKED = 3            # names that a check asks for
GENTLE = 2000          # packets/s that everyone must carry without loss
GAP_US = 200           # between a ping-pong's answer and the next question
ORDINARY_RATE = 1000   # questions/s beside the flood
LATENCY = {"p50": ("µs", LESS), "p99": ("µs", LESS), "p99.9": ("µs", LESS), "lost": ("%", LESS)}
CPU = {"cpu": ("ns/packet", LESS), "cpu softirq": ("ns/packet", LESS), "cpu gateway": ("ns/packet", LESS)}
FETCH = ("import hashlib, urllib.request as r\n"
         f"print(hashlib.sha256(r.urlopen('http://{SERVER}:{PLAIN_PORT}/blob', timeout=10).read()).hexdigest())")
ASK = Path(__file__).resolve().parent / "ask.py"


class Load:
    name = ""
    title = ""
    metrics = {}

    def __init__(self, bench):
        self.bench = bench
        self.network = bench.network

    def check(self, contestant):
        """Raises Trouble if what comes through is not what should."""

    def measure(self, contestant, seconds):
        """A dictionary with a figure for each of `metrics`."""
        raise NotImplementedError

    def _client(self, helper, *arguments, timeout=60):
        path = f"{self.bench.helpers}/bench_wire_{helper}"
        return json.loads(self.network.run(self.network.client, [path, *arguments], timeout))

    def _iperf3(self, *arguments, timeout=60):
        said = self.network.run(self.network.client, ["iperf3", "-J", "-c", SERVER, *arguments], timeout, check=False)
        try:
            result = json.loads(said)
        except ValueError:
            raise Trouble(f"iperf3 says no JSON: {said[:100]!r}") from None
        if "error" in result:
            raise Trouble(f"iperf3: {result['error']}")
        return result

    def _ping_pong(self, seconds, gap_us=GAP_US):
        said = self._client("ping_pong", "ask", SERVER, ECHO_PORT, seconds, gap_us)
        if said["asked"] == said["lost"]:
            raise Trouble("no answer to a ping-pong")
        return {"p50": said["p50"], "p99": said["p99"], "p99.9": said["p999"], "lost": 100 * said["lost"] / said["asked"]}

    def _start_bulk(self, seconds):
        return self.network.start(self.network.client, ["iperf3", "-J", "-c", SERVER, "-t", seconds], "bulk.log")


class Bulk(Load):
    """TCP from the client to the server, as fast as it goes, and what a packet of it costs."""

    def __init__(self, bench, streams):
        super().__init__(bench)
        self.name = f"bulk{streams}"
        self.title = f"TCP bulk, {streams} stream{'s' if streams > 1 else ''}"
        self._streams = streams
        self.metrics = {"throughput": ("Mbit/s", MORE), **CPU}

    def check(self, contestant):
        said = self.network.run(self.network.client, [sys.executable, "-c", FETCH]).strip()
        if said != self.bench.servers.blob_hash:
            raise Trouble("a file over HTTP does not arrive as it was sent")

    def measure(self, contestant, seconds):
        usage, sent = Usage(contestant.pids()), self.network.sent_frames()
        result = self._iperf3("-t", seconds, "-P", self._streams, timeout=seconds + 30)
        spent, sent = usage.stop(), self.network.sent_frames() - sent
        if result["end"]["sum_received"]["bytes"] == 0:
            raise Trouble("nothing arrived")
        return {"throughput": result["end"]["sum_received"]["bits_per_second"] / 1e6, "cpu": spent["machine"] / sent,
                "cpu softirq": spent["softirq"] / sent, "cpu gateway": spent["gateway"] / sent}


class SmallDatagrams(Load):
    name = "udp64"
    title = "UDP in frames of 64 bytes, one sender"
    metrics = {"arrived": ("packets/s", MORE), "offered": ("packets/s", MORE), **CPU}

    def __init__(self, bench):
        super().__init__(bench)
        self._frames = self.network.write("small.frames", frames.small_datagrams(CLIENT, COUNTED_PORT, SMALL_FLOWS))

    def check(self, contestant):
        before = self.bench.servers.counted()
        sent = self._client("blast", HOST_PORT, 0.2, self._frames, GENTLE)["sent"]
        self.network.is_open()  # behind them
        arrived = self.bench.servers.counted() - before
        if arrived != sent:
            raise Trouble(f"of {sent} datagrams at {GENTLE} a second {arrived} arrived")

    def measure(self, contestant, seconds):
        before, usage = self.bench.servers.counted(), Usage(contestant.pids())
        said = self._client("blast", HOST_PORT, seconds, self._frames, timeout=seconds + 30)
        spent = usage.stop()
        arrived = self.bench.servers.counted() - before
        if arrived == 0:
            raise Trouble("nothing arrived")
        return {"arrived": arrived / said["seconds"], "offered": said["sent"] / said["seconds"], "cpu": spent["machine"] / arrived,
                "cpu softirq": spent["softirq"] / arrived, "cpu gateway": spent["gateway"] / arrived}


class DnsLoad(Load):
    def check(self, contestant):
        """Ordinary names are answered. Banned ones are answered, refused or dropped, as the contestant says of itself."""
        names = self.bench.names
        expected = {"": "0", "reject": "3", "drop": "silent"}[contestant.refuses]
        silent = "silent" if contestant.refuses else "0"
        for source, chosen, answer in ((CLIENT, names.ordinary, "0"), (CLIENT, names.banned, expected),
                                       (DROPPED_CLIENT, names.banned, silent), (DROPPED_CLIENT, names.ordinary, "0")):
            chosen = chosen[:CHECKED]
            said = self.network.run(self.network.client, [sys.executable, "-B", ASK, source, SERVER, *chosen])
            for name, got in map(str.split, said.splitlines()):
                if got != answer:
                    raise Trouble(f"{name} asked from {source}: {describe(got)}, not {describe(answer)}")

    def _dnsperf(self, file, seconds, *arguments):
        said = self.network.run(self.network.client, ["dnsperf", "-s", SERVER, "-d", file, "-l", seconds, "-c", "8", "-T", "1",
                                                      "-t", "1", *arguments], seconds + 30)
        counts = {what: int(number) for what, number in re.findall(r"Queries (sent|completed|lost):\s+(\d+)", said)}
        codes = {code: int(number) for code, number in re.findall(r"([A-Z]+) (\d+) \(", said)}
        rate = re.search(r"Queries per second:\s+([\d.]+)", said)
        if len(counts) != 3 or rate is None:
            raise Trouble(f"dnsperf says: {said[-200:]!r}")
        return counts, codes, float(rate.group(1))


def describe(code):
    return {"0": "an answer", "3": "NXDOMAIN", "silent": "silence"}.get(code, f"RCODE {code}")


class Dns(DnsLoad):
    """dnsperf against Knot DNS. What is banned is refused with an answer."""

    def __init__(self, bench, banned):
        super().__init__(bench)
        self.name = f"dns{banned}"
        self.title = f"DNS, {banned} % banned names, rejected"
        self.metrics = {"answers": ("answers/s", MORE), "lost": ("%", LESS)}
        self._banned = banned
        self._questions = self.network.write(f"{self.name}.questions", bench.names.mixture(banned))

    def check(self, contestant):
        super().check(contestant)
        if self._banned and contestant.refuses == "drop":
            raise Trouble("it refuses without an answer, so dnsperf would measure its own timeouts")

    def measure(self, contestant, seconds):
        counts, codes, rate = self._dnsperf(self._questions, seconds, "-q", "200")
        answered = sum(codes.values())
        if answered == 0:
            raise Trouble("no answers")
        refused = 100 * codes.get("NXDOMAIN", 0) / answered
        expected = self._banned if contestant.refuses else 0
        if abs(refused - expected) > 2:  # percent; the mixture is random
            raise Trouble(f"{refused:.1f} % of the answers refuse, not {expected} %")
        return {"answers": rate, "lost": 100 * counts["lost"] / max(1, counts["sent"])}


class DnsFlood(DnsLoad):
    """Banned questions that are dropped, as many as one sender can offer, while another client asks ordinary ones at a fixed rate."""

    name = "dnsflood"
    title = "DNS, 100 % banned names, dropped, beside ordinary questions"
    metrics = {"offered": ("questions/s", MORE), "cost": ("ns/question", LESS), "ordinary": ("% answered", MORE),
               "ordinary without": ("% answered", MORE)}

    def __init__(self, bench):
        super().__init__(bench)
        self._frames = self.network.write("flood.frames", frames.questions(DROPPED_CLIENT, 53, bench.names.flood()))
        self._questions = self.network.write("ordinary.questions", bench.names.mixture(0))

    def _ordinary(self, seconds):
        counts, _, _ = self._dnsperf(self._questions, seconds, "-Q", str(ORDINARY_RATE))
        return 100 * counts["completed"] / max(1, counts["sent"])

    def measure(self, contestant, seconds):
        without = self._ordinary(1)
        log = "flood.log"
        usage = Usage(contestant.pids())
        # The flood begins before the ordinary questions, and ends after them.
        flood = self.network.start(self.network.client, [f"{self.bench.helpers}/bench_wire_blast", HOST_PORT, seconds + 1, self._frames],
                                   log)
        ordinary = self._ordinary(seconds)
        flood.wait(seconds + 60)
        spent = usage.stop()
        said = json.loads(self.network.log_of(flood))
        self.network.stop(flood)
        # The sender takes its own time as `system`. The rest of its core's time is softirq: what the frames cost behind its port.
        return {"offered": said["sent"] / said["seconds"], "cost": (spent["softirq"] + spent["gateway"]) / said["sent"],
                "ordinary": ordinary, "ordinary without": without}


class Tls(Load):
    name = "tls"
    title = f"new TLS connections, {TLS_PARALLEL} at a time"
    metrics = {"connections": ("connections/s", MORE), "failed": ("%", LESS)}

    def _connect(self, name, seconds, parallel):
        return self._client("tls_connect", SERVER, TLS_PORT, name, seconds, parallel, timeout=seconds + 30)

    def check(self, contestant):
        for name, passes in ((self.bench.names.ordinary[0], True), (self.bench.names.banned[0], not contestant.refuses)):
            made = self._connect(name, 0, 1)["connections"] == 1
            if made != passes:
                raise Trouble(f"a TLS connection to {name} was {'made' if made else 'not made'}")

    def measure(self, contestant, seconds):
        said = self._connect(self.bench.names.ordinary[0], seconds, TLS_PARALLEL)
        tried = said["connections"] + said["failed"]
        return {"connections": said["connections"] / said["seconds"], "failed": 100 * said["failed"] / tried}


class RoundTrip(Load):
    name = "rtt"
    title = "UDP round trip, idle"
    metrics = LATENCY

    def check(self, contestant):
        self._ping_pong(0.1)

    def measure(self, contestant, seconds):
        return self._ping_pong(seconds)


class RoundTripUnderBulk(RoundTrip):
    name = "rttbulk"
    title = "UDP round trip beside TCP bulk, one stream"

    def measure(self, contestant, seconds):
        bulk = self._start_bulk(seconds + 2)
        self._ping_pong(1)  # until the bulk has its speed
        result = self._ping_pong(seconds)
        bulk.wait(seconds + 60)
        self.network.stop(bulk)
        return result


class HeldFlows(Load):
    """The bulk and the round trips again, while the gateway holds many open connections. This load comes last."""

    name = "flows"
    title = "with many open connections"
    metrics = {"open": ("connections", MORE), "throughput": ("Mbit/s", MORE), **LATENCY}

    def __init__(self, bench):
        super().__init__(bench)
        self._bulk = Bulk(bench, 1)

    def check(self, contestant):
        spaces = [f"/run/netns/{space}" for space in (self.network.client, self.network.server)]
        command = [f"{self.bench.helpers}/bench_wire_hold_flows", spaces[0], HOST_PORT, spaces[1], HOST_PORT, self.bench.flows]
        opened = json.loads(self.network.run(self.network.gateway, command, 300))["opened"]
        held = contestant.metrics().get("sluice_flows", opened)
        if min(opened, held) < self.bench.flows:
            raise Trouble(f"{opened} connections were opened, and the gateway holds {held:.0f}, not {self.bench.flows}")

    def measure(self, contestant, seconds):
        bulk = self._bulk.measure(contestant, seconds)
        return {"open": self.bench.flows, "throughput": bulk["throughput"], **self._ping_pong(seconds)}


LOADS = {
    "bulk1": lambda bench: Bulk(bench, 1),
    "bulk4": lambda bench: Bulk(bench, 4),
    "udp64": SmallDatagrams,
    "dns0": lambda bench: Dns(bench, 0),
    "dns5": lambda bench: Dns(bench, 5),
    "dns100": lambda bench: Dns(bench, 100),
    "dnsflood": DnsFlood,
    "tls": Tls,
    "rtt": RoundTrip,
    "rttbulk": RoundTripUnderBulk,
    "flows": HeldFlows,
}
