#!/usr/bin/env python3
"""The gateway as a service manager runs it: a user of its own with the capabilities of the unit (deploy/debian/sluice.service), and a
socket that hears how it is. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway │ outside ── server      three namespaces, made and removed here

usage: service_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import os
import re
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

from xdp_lab import Failure, Lab, expect, run_steps, run_test, skip_without

UNIT = Path(__file__).resolve().parents[2] / "deploy/debian/sluice.service"
USER = 65534  # nobody; files of root are not its own
WATCHDOG_SECONDS = 2
PATIENCE_SECONDS = 30
# What root keeps (gateway/service/privileges.cpp): DAC_OVERRIDE, DAC_READ_SEARCH, NET_BIND_SERVICE.
KEPT_BY_ROOT = 1 << 1 | 1 << 2 | 1 << 10
NET_ADMIN = 1 << 12


def capabilities_of_unit():
    words = re.search(r"^AmbientCapabilities=(.*)$", UNIT.read_text(), re.MULTILINE)[1].split()
    return [word.removeprefix("CAP_").lower() for word in words]


def without_memory_limit():
    """As the unit's LimitMEMLOCK. What does for it where root may not raise the limit: a capability more."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return []
    except (ValueError, PermissionError):
        return ["ipc_lock"]


class Manager:
    """What systemd is to a service: a socket that takes its messages."""

    def __init__(self, folder):
        self.path = folder / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.heard = []

    def take(self, seconds):
        self.socket.settimeout(seconds)
        try:
            self.heard.append(self.socket.recv(4096).decode())
        except TimeoutError:
            return False
        return True

    def expect(self, message, what):
        """The first message from now on that begins so."""
        end = time.monotonic() + PATIENCE_SECONDS
        self.heard.clear()
        while time.monotonic() < end:
            if self.take(1) and self.heard[-1].startswith(message):
                print(f"  ok: {what}")
                return self.heard[-1]
        raise Failure(f"{what}: heard {self.heard}")

    def drain(self):
        while self.take(0.01):
            pass
        self.heard.clear()


class ServiceLab(Lab):
    def __init__(self, program, folder):
        super().__init__(self.copied(program, Path(folder)), folder)
        self.own = self.program
        self.folder.chmod(0o755)
        self.manager = Manager(self.folder)

    @staticmethod
    def copied(program, folder):
        """Where any user may run it."""
        shutil.copy2(program, folder / "sluice")
        return folder / "sluice"

    def privileged_as(self, capabilities):
        """From now on it runs as a user with these; None: as root."""
        self.program = self.own
        if capabilities is None:
            return
        sets = ",".join(["-all", *(f"+{one}" for one in [*capabilities, *without_memory_limit()])])
        self.program = self.folder / "as-a-service"
        self.program.write_text(f"#!/bin/sh\nexec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs "
                                f"--inh-caps {sets} --ambient-caps {sets} --bounding-set {sets} {self.own} \"$@\"\n")
        self.program.chmod(0o755)

    def up(self):
        super().up()
        os.chown(self.pins, USER, USER)  # as the unit gives it a folder for its pins
        os.environ |= {"NOTIFY_SOCKET": str(self.manager.path), "WATCHDOG_USEC": str(WATCHDOG_SECONDS * 1000000)}

    def threads(self):
        """(name, fields of its status) of each thread of the gateway."""
        for task in Path(f"/proc/{self.gateway.pid}/task").iterdir():
            fields = dict(re.findall(r"^(\w+):\s*(.*)$", (task / "status").read_text(), re.MULTILINE))
            yield fields["Name"], fields

    def expect_nothing_kept(self, mask=0, links=False):
        names = []
        for name, fields in self.threads():
            names.append(name)
            for kind in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
                held = int(fields[kind], 16)
                if name == "links" and kind in ("CapPrm", "CapEff"):
                    expect(held == NET_ADMIN, f"the thread that takes ports down has {kind} for that, and for nothing else")
                elif held & ~mask:
                    raise Failure(f"thread {name}: {kind} is {fields[kind]}")
            if (fields["Seccomp"], fields["NoNewPrivs"]) != ("2", "1"):
                raise Failure(f"thread {name}: no system call is denied")
        expect("worker-0" in names and "privileged" not in names and ("links" in names) == links,
               f"none of {len(names)} threads has {'other ' if links else ''}privileges")


def lives_as_a_service(lab):
    lab.configure("open")
    lab.privileged_as(capabilities_of_unit())
    lab.manager.drain()
    lab.run_gateway()
    ready = lab.manager.expect("READY=1", "it says that it is ready")
    expect("STATUS=bridging inside and outside; generation 1, 1 rules" in ready, "and what it does")
    lab.expect_nothing_kept()
    lab.expect_verdicts(False, True, "without privileges")

    for _ in range(2):
        lab.manager.expect("WATCHDOG=1", "it says that it moves")
    lab.gateway.send_signal(signal.SIGSTOP)
    lab.manager.drain()
    expect(not lab.manager.take(2 * WATCHDOG_SECONDS), "it says nothing while it is stuck")
    lab.gateway.send_signal(signal.SIGCONT)
    lab.manager.expect("WATCHDOG=1", "it moves again")


def reloads(lab):
    (lab.folder / "names.list").write_text("www.banned.test\nwww.ordinary.test\n")
    lab.gateway.send_signal(signal.SIGHUP)
    lab.manager.expect("RELOADING=1\nMONOTONIC_USEC=", "it says that it reloads")
    ready = lab.manager.expect("READY=1", "and that it has")
    expect("generation 2, 2 rules" in ready, "with what is in force")
    lab.expect_verdicts(False, False, "the list is longer")
    (lab.folder / "names.list").write_text("<html>\n")
    lab.gateway.send_signal(signal.SIGHUP)
    ready = lab.manager.expect("READY=1", "a reload that fails ends too")
    expect("the last reload changed nothing" in ready, "and the status says so")
    (lab.folder / "names.list").write_text("www.banned.test\nother.test\n")
    lab.gateway.send_signal(signal.SIGHUP)
    expect("changed nothing" not in lab.manager.expect("READY=1", "a good one again"), "the status forgets it")


def is_restarted(lab):
    """An upgrade, or a crash: what was decided goes on."""
    lab.open_stream()
    lab.end_gateway(signal.SIGKILL)
    lab.expect_stream("killed")
    lab.manager.drain()
    lab.run_gateway()
    lab.manager.expect("READY=1", "started again")
    expect("took over" in lab.log(), "it takes over by its own pins")
    lab.expect_stream("started again")
    lab.expect_verdicts(False, True, "started again")
    lab.manager.drain()
    lab.gateway.send_signal(signal.SIGTERM)
    lab.manager.expect("STOPPING=1", "it says that it stops")
    expect(lab.gateway.wait(timeout=PATIENCE_SECONDS) == 0, "and ends with status 0")
    lab.program = lab.own
    expect(lab.detach().returncode == 0, "root takes the program off")


def needs_each_capability(lab):
    """Without one of them it does not start, and says which operation failed."""
    lab.configure("open", pins=False)
    for missing in capabilities_of_unit():
        lab.privileged_as([one for one in capabilities_of_unit() if one != missing])
        try:
            lab.run_gateway()
        except Failure:
            expect(lab.gateway.wait(timeout=PATIENCE_SECONDS) == 2, f"without {missing} it does not start")
            continue
        lab.end_gateway()
        raise Failure(f"it starts without {missing}: the unit should not give it")


def runs_with_pcap(lab):
    """It has no checksums to finish, and needs less."""
    lab.configure("open", pins=False)
    lab.config.write_text(lab.config.read_text().replace('type = "xdp"', 'type = "pcap"'))
    lab.privileged_as(["net_raw", "net_admin"])
    lab.run_gateway()
    lab.expect_nothing_kept()
    lab.expect_verdicts(False, True, "with libpcap")
    lab.end_gateway()


def propagates_link_state(lab):
    """The unit's capabilities are enough for it."""
    lab.configure("open")
    lab.config.write_text(lab.config.read_text().replace('type = "xdp"', 'type = "xdp"\nlink_state = "propagate"'))
    lab.privileged_as(capabilities_of_unit())
    lab.run_gateway()
    lab.expect_nothing_kept(links=True)
    for state, says in (("down", "outside (outside) is taken down"), ("up", "outside (outside) is put up")):
        lab.ip("client", "link", "set", "eth0", state)
        end = time.monotonic() + PATIENCE_SECONDS
        while says not in lab.log() and time.monotonic() < end:
            time.sleep(0.1)
        expect(says in lab.log(), f"the link of inside goes {state}: {says}")
    lab.end_gateway()
    lab.program = lab.own
    expect(lab.detach().returncode == 0, "root takes the program off")


def runs_as_root(lab):
    """Started by hand: it keeps access to files, so that a reload reads what the start could read."""
    lab.configure("open", pins=False)
    os.chown(lab.folder / "names.list", USER, USER)
    (lab.folder / "names.list").chmod(0o600)
    lab.privileged_as(None)
    lab.manager.drain()
    lab.run_gateway()
    lab.expect_nothing_kept(KEPT_BY_ROOT)
    lab.manager.expect("READY=1", "root's gateway is ready")
    lab.gateway.send_signal(signal.SIGHUP)
    lab.manager.expect("RELOADING=1", "root's gateway reloads")
    expect("generation 2" in lab.manager.expect("READY=1", "it has"), "it reads a file of another user")
    lab.end_gateway()


def run(program):
    skip_without("setpriv")
    with tempfile.TemporaryDirectory() as folder:
        lab = ServiceLab(Path(program).resolve(), folder)
        return run_steps(lab, (
            ("lives as a service", lambda: lives_as_a_service(lab)),
            ("reloads", lambda: reloads(lab)),
            ("is restarted", lambda: is_restarted(lab)),
            ("needs each capability", lambda: needs_each_capability(lab)),
            ("with libpcap", lambda: runs_with_pcap(lab)),
            ("propagates link state", lambda: propagates_link_state(lab)),
            ("as root", lambda: runs_as_root(lab))))


if __name__ == "__main__":
    sys.exit(run_test(__doc__, run))
