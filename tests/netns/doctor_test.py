#!/usr/bin/env python3
"""`sluice doctor` on real virtual interfaces: each fault is made, seen, mended by `--fix` and gone, or left alone if mending it
could end other traffic. Exits 77 (skipped) if namespaces cannot be set up here.

  client ── inside │ gateway │ outside ── server      all four interfaces in one namespace

usage: doctor_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import ctypes
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

NAMESPACE = f"sluice-doctor-{os.getpid()}"
PATIENCE_SECONDS = 30
PAIRS = (("inside", "client"), ("outside", "server"))
# `ip netns exec` hides what is mounted on /sys. These share a mount namespace, so that what --fix mounts stays for the next.
WITH_BPF = "mount -t bpf bpf /sys/fs/bpf && "


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(77)


def fail(why, report=None):
    print(f"FAILED: {why}", file=sys.stderr)
    if report is not None:
        for result in report["checks"]:
            if result["outcome"] == "failed":
                print(f"  {result}", file=sys.stderr)
    sys.exit(1)


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)


def inside_it(*words):
    done = run("ip", "netns", "exec", NAMESPACE, *words)
    if done.returncode != 0:
        fail(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


class Doctor:
    def __init__(self, program):
        self.program = os.path.realpath(program)

    def run(self, kind, *options, before=WITH_BPF):
        """(exit status, its document, standard error)"""
        words = [self.program, "doctor", "--json", "--dataplane", kind, "--inside", "inside", "--outside", "outside", *options]
        done = run("ip", "netns", "exec", NAMESPACE, "sh", "-c", before + 'exec "$@"', "sh", *words)
        if done.returncode not in (0, 1):
            fail(f"doctor ended with {done.returncode}: {done.stderr}")
        return done.returncode, json.loads(done.stdout), done.stderr


def result_of(report, check, subject):
    found = [r for r in report["checks"] if (r["check"], r["subject"]) == (check, subject)]
    if len(found) != 1:
        fail(f"{check} of {subject} is told {len(found)} times", report)
    return found[0]


def is_failed(report, check, subject):
    return result_of(report, check, subject)["outcome"] == "failed"


class Fault:
    """A fault that --fix mends, or that it must leave alone."""

    def __init__(self, check, subject, kind, severity, *makes, mended=True, undo=None):
        self.check, self.subject, self.kind, self.severity = check, subject, kind, severity
        self.makes, self.mended, self.undo = makes, mended, undo


def sysctl(setting):
    return ("sysctl", "-q", "-w", setting)


def link(*words):
    return ("ip", "link", *words)


FAULTS = (
    Fault("up", "inside", "pcap", "breaks", link("set", "inside", "down")),
    Fault("same_mtu", "outside", "pcap", "breaks", link("set", "outside", "mtu", "1400")),
    Fault("no_merging", "inside", "pcap", "breaks", ("ethtool", "-K", "inside", "gro", "on")),
    Fault("finished_checksums", "inside", "pcap", "risks", ("ethtool", "-K", "client", "tx", "on", "tso", "on")),
    Fault("no_forwarding", "outside", "pcap", "risks", sysctl("net.ipv4.conf.outside.forwarding=1")),
    Fault("no_forwarding", "inside", "pcap", "risks", sysctl("net.ipv6.conf.inside.disable_ipv6=0"),
          sysctl("net.ipv6.conf.all.forwarding=1")),
    Fault("vlan_tags", "inside", "xdp", "risks", ("ethtool", "-K", "inside", "rxvlan", "on")),
    Fault("redirect_target", "outside", "xdp", "risks", ("ethtool", "-K", "server", "gro", "off")),
    Fault("no_master", "inside", "xdp", "breaks", link("add", "br0", "type", "bridge"),
          link("set", "inside", "master", "br0"), mended=False, undo=link("del", "br0")),
    Fault("no_address", "inside", "xdp", "risks", ("ip", "address", "add", "192.0.2.1/24", "dev", "inside"), mended=False,
          undo=("ip", "address", "flush", "dev", "inside")),
    Fault("carrier", "inside", "pcap", "risks", link("set", "client", "down"), mended=False,
          undo=link("set", "client", "up")),
)


def try_fault(doctor, fault):
    print(f"{fault.kind}: {fault.check} of {fault.subject}")
    for words in fault.makes:
        inside_it(*words)
    status, report, _ = doctor.run(fault.kind)
    result = result_of(report, fault.check, fault.subject)
    if status != 1 or result["outcome"] != "failed" or result["severity"] != fault.severity:
        fail(f"{fault.check} was not seen", report)
    status, report, said = doctor.run(fault.kind, "--fix")
    if is_failed(report, fault.check, fault.subject) == fault.mended:
        fail(f"{fault.check} is mended: {not fault.mended}, and {fault.mended} was expected; it said: {said}", report)
    commands = [fix["command"] for fix in report["fixes"]]
    if result["safe"] != (result["command"] in commands):
        fail(f"the command for {fault.check} is safe: {result['safe']}; run were: {commands}", report)
    if result["command"] and f"{'run' if result['safe'] else 'left to you'}: {result['command']}\n" not in said:
        fail(f"it did not say what it does about {fault.check}, but: {said}", report)
    if fault.undo:
        inside_it(*fault.undo)
    status, report, _ = doctor.run(fault.kind)
    if status != 0 or report["findings"] != 0:
        fail(f"not all is well after {fault.check}", report)


def pairs_are_mended(doctor):
    print("fresh pairs: --fix mends all, for xdp and for pcap")
    for kind in ("xdp", "pcap"):
        doctor.run(kind, "--fix")
        status, report, _ = doctor.run(kind)
        if status != 0 or report["findings"] != 0:
            fail(f"not all is well for {kind}", report)


def bpf_filesystem_is_mounted(doctor):
    print("host: a BPF file system is mounted where there is none")
    status, report, _ = doctor.run("xdp", before="")
    if status != 1 or not is_failed(report, "bpf_filesystem", "host"):
        fail("a BPF file system that is missing was not seen", report)
    status, report, _ = doctor.run("xdp", "--fix", before="")
    if status != 0 or is_failed(report, "bpf_filesystem", "host"):
        fail("no BPF file system was mounted", report)


def attach(interface, name):
    """Attaches an XDP program that passes everything, until standard input ends. By the bpf system call: it needs no compiler."""
    number = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    libc = ctypes.CDLL(None, use_errno=True)

    def bpf(command, attributes):
        held = ctypes.create_string_buffer(attributes, 128)
        got = libc.syscall(number, command, held, 128)
        if got < 0:
            sys.exit(f"bpf({command}): {os.strerror(ctypes.get_errno())}")
        return got

    code = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, 2) + struct.pack("=BBhi", 0x95, 0, 0, 0))  # return XDP_PASS
    licence = ctypes.create_string_buffer(b"Apache-2.0")
    program = bpf(5, struct.pack("=IIQQIIQII16s", 6, 2, ctypes.addressof(code), ctypes.addressof(licence), 0, 0, 0, 0, 0, name.encode()))
    generic = 2
    bpf(28, struct.pack("=IIII", program, socket.if_nametoindex(interface), 37, generic))  # the link lives as long as this process
    print("attached", flush=True)
    sys.stdin.read()


def program_is_seen(doctor, name, is_ours):
    print(f"pcap: an XDP program {name}")
    words = ["ip", "netns", "exec", NAMESPACE, sys.executable, "-B", __file__, "--attach", "outside", name]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            if holder.stdout.readline() != "attached\n":
                fail("no XDP program can be attached here")
            _, report, said = doctor.run("pcap", "--fix")
        finally:
            holder.stdin.close()
            holder.wait(PATIENCE_SECONDS)
    result = result_of(report, "no_program", "outside")
    if result["outcome"] != ("ok" if is_ours else "failed") or f"{name}, generic)" not in result["found"]:
        fail(f"the program was told as {result}")
    if not is_ours and "left to you: ip link set dev outside xdp off\n" not in said:
        fail(f"a program of others was not left alone: {said}")
    _, report, _ = doctor.run("pcap")
    if is_failed(report, "no_program", "outside"):
        fail("a program is told that has gone", report)


def late_end_is_seen(doctor):
    """The kernel does not learn that a veth's other end polls if that end comes up with GRO on; GRO has to go off and on."""
    print("xdp: an end that came up late")
    for words in (("ethtool", "-K", "client", "gro", "off"), link("set", "client", "down"), ("ethtool", "-K", "client", "gro", "on"),
                  link("set", "client", "up")):
        inside_it(*words)
    _, report, _ = doctor.run("xdp")
    print("  the kernel", "missed it" if is_failed(report, "redirect_target", "inside") else "learnt it")
    status, report, said = doctor.run("xdp", "--fix")
    if status != 0:
        fail(f"the late end was not mended: {said}", report)


def run_says_the_same(doctor, program):
    print("`run` refuses what breaks traffic, by the same line")
    inside_it(*link("set", "inside", "down"))
    _, report, _ = doctor.run("pcap")
    result = result_of(report, "up", "inside")
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/sluice.toml", "w", encoding="ascii") as file:
            file.write('[dataplane]\ninside = "inside"\noutside = "outside"\n[metrics]\nlisten = ""\n[limits]\nflows = 1024\nstreams = 64\n'
                       '[[list]]\napp = "chat"\nfile = "chat.list"\n[[policy]]\nname = "all"\napps = ["chat"]\n')
        with open(f"{folder}/chat.list", "w", encoding="ascii") as file:
            file.write("chat.example\n")
        done = run("ip", "netns", "exec", NAMESPACE, program, "run", "--config", f"{folder}/sluice.toml")
    if done.returncode != 2 or f"inside: {result['found']}; run: {result['command']}\n" not in done.stderr:
        fail(f"`run` ended with {done.returncode} and said: {done.stderr}", report)


def main():
    if sys.argv[1:2] == ["--attach"]:
        return attach(*sys.argv[2:])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.getuid() != 0:
        skip("network namespaces need root")
    missing = [tool for tool in ("ip", "ethtool", "sysctl") if not shutil.which(tool)]
    if missing:
        skip(f"not installed: {' '.join(missing)} (deploy/dependencies lab)")
    if run("ip", "netns", "add", NAMESPACE).returncode != 0:
        skip("no network namespaces can be made here")
    try:
        for ours, theirs in PAIRS:
            if run("ip", "-n", NAMESPACE, "link", "add", ours, "type", "veth", "peer", "name", theirs).returncode != 0:
                skip("no virtual interfaces can be made here")
            inside_it(*link("set", theirs, "up"))
        doctor = Doctor(sys.argv[1])
        pairs_are_mended(doctor)
        bpf_filesystem_is_mounted(doctor)
        for fault in FAULTS:
            try_fault(doctor, fault)
        program_is_seen(doctor, "xdp_of_others", is_ours=False)
        program_is_seen(doctor, "sluice_gateway", is_ours=True)
        late_end_is_seen(doctor)
        run_says_the_same(doctor, doctor.program)
    finally:
        run("ip", "netns", "del", NAMESPACE)
    print("all good")


if __name__ == "__main__":
    main()
