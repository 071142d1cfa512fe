#!/usr/bin/env python3
"""Two gateways side by side between two switches that speak the spanning tree protocol (IEEE 802.1D): one carries the traffic, and the
other takes over when it fails. Exits 77 (skipped) where it cannot run.

    client ─ bridge ─┬─ inside │ gateway │ outside ─┬─ bridge ─ server      four namespaces, made and removed here
                     └─ inside │ second  │ outside ─┘

Gateways pass the frames of that protocol as they come. One that fails closed passes none, which is how the switches learn of it.

usage: failover_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial

from xdp_lab import BANNED, ORDINARY, Failure, Lab, Skipped, expect, run_steps, run_test, skip_without

# The least that the kernel's spanning tree takes. Switches with RSTP (IEEE 802.1w) need no second.
TIMERS = ("hello_time", "100", "max_age", "600", "forward_delay", "200")  # hundredths of a second
PATIENCE_SECONDS = 60
GATEWAYS = ("gateway", "second")


class TwoGateways(Lab):
    def __init__(self, program, folder):
        super().__init__(program, folder)
        self.spaces["second"] = f"sluice-failures-{os.getpid()}-second"
        self.running = {}

    def connect(self, end, port, address):
        """The end is a switch and a host in one."""
        made = subprocess.run(["ip", "-n", self.spaces[end], "link", "add", "eth0", "type", "bridge", "stp_state", "1", *TIMERS], capture_output=True)
        if made.returncode != 0:
            raise Skipped("no bridge can be made here")
        for number, gateway in enumerate(GATEWAYS):
            link = f"line{number}"
            self.ip(end, "link", "add", link, "type", "veth", "peer", "name", port, "netns", self.spaces[gateway])
            for space, interface, gro in ((end, link, "on"), (gateway, port, "off")):
                subprocess.run(self.within(space, "ethtool", "-K", interface, *"tx off rx off tso off gso off gro".split(), gro), capture_output=True)
            self.ip(end, "link", "set", link, "master", "eth0", "up")
            self.ip(gateway, "link", "set", port, "up")
        self.ip(end, "addr", "add", f"{address}/24", "dev", "eth0")
        self.ip(end, "link", "set", "eth0", "up")

    def run_one(self, name):
        log = open(self.folder / f"log-{name}", "w")
        self.running[name] = self.start(name, str(self.program), "run", "--config", str(self.config), stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE_SECONDS
        while "bridging" not in (self.folder / f"log-{name}").read_text():
            if self.running[name].poll() is not None or time.monotonic() > end:
                raise Failure(f"{name} did not start: " + (self.folder / f"log-{name}").read_text())
            time.sleep(0.1)

    def log(self):
        return "\n".join((self.folder / f"log-{name}").read_text() for name in self.running)

    def carrying(self):
        """The gateway whose lines forward at both ends."""
        blocked = set()
        for end in ("client", "server"):
            shown = subprocess.run(self.within(end, "bridge", "link", "show"), capture_output=True, text=True, check=True).stdout
            blocked |= {number for number in (0, 1) for line in shown.splitlines() if f"line{number}@" in line and "state forwarding" not in line}
        open_ones = [name for number, name in enumerate(GATEWAYS) if number not in blocked]
        return open_ones[0] if len(open_ones) == 1 else None

    def wait_for(self, holds, what):
        begin = time.monotonic()
        while not holds():
            if time.monotonic() > begin + PATIENCE_SECONDS:
                raise Failure(what)
            time.sleep(0.1)
        print(f"  ok: {what} ({time.monotonic() - begin:.1f} s)")


def starts(lab):
    lab.ip("second", "link", "set", "lo", "up")
    lab.configure("closed", pins=False)
    for name in GATEWAYS:
        lab.run_one(name)
    lab.wait_for(lambda: lab.carrying() is not None, "the switches use one of the two gateways, and block the other line")
    lab.wait_for(lambda: lab.answers(ORDINARY), "an ordinary name is answered")
    lab.expect_verdicts(False, True, "both at work")


def one_dies(lab):
    lab.open_stream()
    lab.expect_stream("both at work")
    lab.first = lab.carrying()
    lab.running[lab.first].send_signal(signal.SIGKILL)
    lab.running[lab.first].wait()
    expect(not lab.answers(BANNED), "the moment after, a banned name is not answered")
    lab.wait_for(lambda: lab.answers(ORDINARY), "the other gateway takes over")
    lab.expect_verdicts(False, True, "taken over")
    before = lab.stream()[0]  # TCP waits as long again as it was cut
    lab.wait_for(lambda: lab.stream()[0] > before + 500_000, "a connection that was decided goes on")


def it_comes_back(lab):
    lab.run_one(lab.first)
    end = time.monotonic() + 15  # longer than the switches take to change their minds
    while time.monotonic() < end:
        expect(not lab.answers(BANNED), "while it comes back, a banned name is not answered")
        time.sleep(2)
    lab.wait_for(lambda: lab.carrying() is not None and lab.answers(ORDINARY), "one of the two carries the traffic")
    lab.expect_verdicts(False, True, "both at work again")


def test(program):
    skip_without("bridge")
    with tempfile.TemporaryDirectory() as folder:
        lab = TwoGateways(program, folder)
        return run_steps(lab, [(step.__name__.replace("_", " "), partial(step, lab)) for step in (starts, one_dies, it_comes_back)])


if __name__ == "__main__":
    sys.exit(run_test(__doc__, test))
