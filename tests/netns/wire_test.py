#!/usr/bin/env python3
"""benchmarks/wire/run works: every load over a Linux bridge and over `sluice run` passes its check and gives all its figures, the plot
is drawn, and no namespace is left, also when the benchmark is killed. No figure is judged. Exits 77 (skipped) where it cannot run.

usage: wire_test.py PROGRAM HELPERS      PROGRAM is an existing `sluice`; HELPERS is the folder of the benchmark's small programs
"""

import csv
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WIRE = ROOT / "benchmarks" / "wire"
TOOLS = ("ip", "ethtool", "sysctl", "ss", "iptables", "iperf3", "dnsperf", "knotd", "nginx", "openssl")
CONTESTANTS = ["bridge", "pcap"]
LOADS = {"bulk1": 4, "bulk4": 4, "udp64": 5, "dns0": 2, "dns5": 2, "dns100": 2, "dnsflood": 4, "tls": 2, "rtt": 4, "rttbulk": 4,
         "flows": 6}  # figures of each
SKIPPED = 77


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


def fail(why):
    print(f"FAILED: {why}")
    sys.exit(1)


def namespaces_of(pid):
    listed = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in listed.splitlines() if line.startswith(f"wire-{pid}-")]


def require_complete(table):
    with open(table, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    problems = [f"{row['contestant']} {row['load']}: {row['reason']}" for row in rows if row["reason"]]
    for load, figures in LOADS.items():
        for contestant in CONTESTANTS:
            found = [row for row in rows if (row["load"], row["contestant"]) == (load, contestant) and row["median"]]
            if len(found) != figures:
                problems.append(f"{contestant} {load}: {len(found)} figures, not {figures}")
    if problems:
        fail("\n".join(problems))


def require_cleanup(command):
    """Killed in the middle, without a chance to clean up."""
    benchmark = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while len(namespaces_of(benchmark.pid)) < 3:
        if benchmark.poll() is not None or time.monotonic() > end:
            fail("no namespaces were made")
        time.sleep(0.1)
    benchmark.send_signal(signal.SIGKILL)
    benchmark.wait()
    while left := namespaces_of(benchmark.pid):
        if time.monotonic() > end:
            fail(f"left behind: {' '.join(left)}")
        time.sleep(0.1)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        skip("network namespaces need root")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        skip(f"not installed: {' '.join(missing)} (deploy/dependencies wire)")
    probe = f"sluice-probe-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode != 0:
        skip("no network namespaces can be made here")
    subprocess.run(["ip", "netns", "del", probe], check=True)

    program, helpers = arguments
    command = [WIRE / "run", "--quick", "--contestants", ",".join(CONTESTANTS), "--program", program, "--helpers", helpers]
    with tempfile.TemporaryDirectory() as folder:
        table, plot = f"{folder}/wire.csv", f"{folder}/wire.svg"
        benchmark = subprocess.Popen([*command, "--csv", table])
        if benchmark.wait() != 0:
            fail("the benchmark did not run")
        if left := namespaces_of(benchmark.pid):
            fail(f"left behind: {' '.join(left)}")
        require_complete(table)
        subprocess.run([sys.executable, WIRE / "plot.py", table, plot], check=True)
        xml.etree.ElementTree.parse(plot)
    require_cleanup(command)
    print(f"complete: {len(LOADS)} loads, {len(CONTESTANTS)} contestants; nothing left behind")


if __name__ == "__main__":
    main(sys.argv[1:])
