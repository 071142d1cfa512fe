#!/usr/bin/env python3
"""The scorecard of tests/evasion through each dataplane as it ships: the program at work between network devices whose other ends are
the scorecard's. Exits 77 (skipped) where it cannot run.

    scorecard's client ── inside │ sluice run │ outside ── scorecard's server      one namespace, made and removed here

usage: scorecard_test.py [--all] PROGRAM SCORECARD      existing programs; --all runs every script, which takes most of an hour
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from xdp_lab import SKIPPED, Failure, Skipped, expect, skip_without

SAMPLE = ["--sample", "400"]
BRIDGED, ROUTED = ["inside", "outside"], ["inside", "outside", "plain-inside", "plain-outside"]
LONGEST_FRAME = 3000  # that fits a page with what XDP puts around it


class Wire:
    """A namespace with the devices, and a gateway between the first two."""

    def __init__(self, program, scorecard, dataplane, folder):
        self.program, self.scorecard, self.dataplane, self.folder = program, scorecard, dataplane, Path(folder)
        self.space = f"sluice-scorecard-{os.getpid()}-{dataplane}"
        self.is_router = dataplane == "nfqueue"
        self.gateway = None

    def run(self, *command, **options):
        return subprocess.run(["ip", "netns", "exec", self.space, *command], capture_output=True, text=True, **options)

    def __enter__(self):
        if subprocess.run(["ip", "netns", "add", self.space], capture_output=True).returncode != 0:
            raise Skipped("no network namespaces can be made here")
        try:
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def connect(self):
        self.run("ip", "link", "set", "lo", "up")
        forwarding = int(self.is_router)
        self.run("sysctl", "-qw", f"net.ipv4.ip_forward={forwarding}", f"net.ipv6.conf.all.forwarding={forwarding}",
                 f"net.ipv6.conf.default.disable_ipv6={1 - forwarding}", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
        for number, device in enumerate(ROUTED if self.is_router else BRIDGED):
            mode, longest = ("tun", 65535) if self.is_router else ("tap", LONGEST_FRAME)
            if self.run("ip", "tuntap", "add", "dev", device, "mode", mode).returncode != 0:
                raise Skipped(f"no {mode} devices can be made here")
            self.run("ethtool", "-K", device, "gro", "off")
            self.run("ip", "link", "set", device, "mtu", str(longest), "up", check=True)
            if self.is_router:  # tests/evasion/frame.h: the networks of Pair
                self.run("ip", "route", "add", f"10.{64 * number}.0.0/10", "dev", device, check=True)
                self.run("ip", "route", "add", f"fd00:{number}::/32", "dev", device, check=True)

    def __exit__(self, *_):
        self.stop()
        subprocess.run(["ip", "netns", "del", self.space], capture_output=True)

    def start(self, action):
        (self.folder / "wechat.list").write_text("wechat.com\n@@open.wechat.com\n")
        config = self.folder / "sluice.toml"
        config.write_text(f'''[dataplane]
type = "{self.dataplane}"
inside = "inside"
outside = "outside"
[metrics]
listen = ""
[[list]]
app = "wechat"
file = "wechat.list"
[[policy]]
name = "everyone"
apps = ["wechat"]
action = "{action}"
''')
        log = self.folder / "log"
        with open(log, "w") as to:
            self.gateway = subprocess.Popen(["ip", "netns", "exec", self.space, self.program, "run", "--config", str(config)], stdout=to, stderr=to)
        for _ in range(200):
            if any(word in log.read_text() for word in ("between inside", "bridging inside")):
                return
            if self.gateway.poll() is not None:
                break
            time.sleep(0.1)
        raise Failure("the gateway did not start: " + log.read_text())

    def stop(self):
        if self.gateway is None:
            return
        self.gateway.send_signal(signal.SIGTERM)
        self.gateway.wait(timeout=30)
        self.gateway = None

    def score(self, *options):
        """The exit status and what was printed."""
        done = self.run(self.scorecard, "--routed" if self.is_router else "--bridged", *options, timeout=5000)
        return done.returncode, done.stdout + done.stderr


def check(wire, extent):
    wire.start("log")
    status, text = wire.score(*SAMPLE, "--only", "tls_")
    rows = [line for line in text.splitlines() if line.startswith("tls_")]
    expect(status == 1 and rows and all("PASSED" in row for row in rows), f"{wire.dataplane}: banned names that are only logged get through")
    wire.stop()
    wire.start("drop")
    status, text = wire.score(*extent)
    print("\n".join(text.splitlines()[-4:]))
    if status != 0:
        print(text)
    expect(status == 0, f"{wire.dataplane}: no banned name gets through, no ordinary one is lost")


def main():
    words = sys.argv[1:]
    extent = SAMPLE
    if words[:1] == ["--all"]:
        extent, words = [], words[1:]
    if len(words) != 2:
        print(__doc__.strip().splitlines()[-1], file=sys.stderr)
        return 2
    try:
        skip_without()
        for dataplane in ("pcap", "xdp", "nfqueue"):
            with tempfile.TemporaryDirectory() as folder, Wire(*words, dataplane, folder) as wire:
                check(wire, extent)
    except Skipped as why:
        print(f"SKIPPED: {why}")
        return SKIPPED
    except (Failure, subprocess.SubprocessError) as failure:
        print(f"FAILED: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
