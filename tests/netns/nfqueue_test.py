#!/usr/bin/env python3
"""The NFQUEUE dataplane on a router: what comes up, what the kernel does itself, whose rules are touched, and what happens when something
fails (the table of fail modes in deploy/README.md). Exits 77 (skipped) where it cannot run.

    client ── inside │ router, or bridge │ outside ── server      three namespaces, made and removed here

usage: nfqueue_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from xdp_lab import BANNED, ORDINARY, SERVER, STREAM, Failure, Lab, Skipped, expect, run_steps, run_test, skip_without

CLIENT = "10.79.0.1"
OTHERS = "*mangle\n-A FORWARD -p tcp --syn -j TCPMSS --clamp-mss-to-pmtu\nCOMMIT\n*filter\n-A FORWARD -p udp --dport 9999 -j DROP\nCOMMIT\n"


class Router(Lab):
    """The middle of the lab routes, and translates addresses as most routers do."""

    started = "between"

    def up(self):
        super().up()
        for words in (("addr", "flush", "dev", "eth0"), ("addr", "add", f"{CLIENT}/24", "dev", "eth0"),
                      ("route", "add", "default", "via", "10.79.0.254")):
            self.ip("client", *words)
        self.ip("gateway", "addr", "add", "10.79.0.254/24", "dev", "inside")
        self.ip("gateway", "addr", "add", "10.78.0.254/24", "dev", "outside")
        self.command("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.command("iptables-restore", "--noflush", text=OTHERS)
        self.command("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "outside", "-j", "MASQUERADE")
        self.others = self.rules()
        if not any(self.command(*words, check=False).returncode == 0 for words in (
                ("iptables", "-t", "security", "-A", "OUTPUT", "-p", "255", "-j", "NFQUEUE"),)):
            raise Skipped("packets cannot be queued here (NFQUEUE)")
        self.command("iptables", "-t", "security", "-F", "OUTPUT")

    def command(self, *words, text=None, check=True):
        return subprocess.run(self.within("gateway", *words), input=text, capture_output=True, text=True, check=check)

    def rules(self):
        """Of others: without ours, without counts."""
        saved = self.command("iptables-save").stdout
        return [line for line in saved.splitlines() if line.startswith("-A") and "SLUICE" not in line]

    def has_rules(self):
        tables = self.command("iptables-save").stdout + self.command("ip6tables-save").stdout
        return "SLUICE" in tables or self.command("nft", "list", "table", "inet", "sluice", check=False).returncode == 0

    def configure(self, on_failure="open", keep=False, rest="", banned=BANNED):
        (self.folder / "names.list").write_text(banned + "\n")
        self.config = self.folder / "sluice.toml"
        self.config.write_text(f'''[dataplane]
type = "nfqueue"
outside = "outside"
on_failure = "{on_failure}"
keep_rules = {str(keep).lower()}
workers = 2
{rest}
[metrics]
listen = "127.0.0.1:9464"
[limits]
flows = 1024
[reload]
kill_open_flows = true
[[list]]
app = "game"
file = "names.list"
[[policy]]
name = "everyone"
apps = ["game"]
''')

    def open_stream(self, *host):
        """One at a time: a new gateway takes decisions back (kill_open_flows), and what an old stream sends says nothing to it."""
        for process in self.processes:
            if "--stream" in process.args:
                process.kill()
                process.wait()
        super().open_stream(*host)


class Bridge(Router):
    """The middle is a bridge of the kernel: the firewall sees its packets (br_netfilter)."""

    def up(self):
        Lab.up(self)
        self.ip("gateway", "link", "add", "br0", "type", "bridge")
        for port in ("inside", "outside"):
            self.ip("gateway", "link", "set", port, "master", "br0")
        self.ip("gateway", "link", "set", "br0", "up")
        if self.bridge_shows("call-iptables=1", "call-ip6tables=1").returncode != 0:
            raise Skipped("the firewall cannot see the packets of a bridge here (br_netfilter)")
        self.others = self.rules()

    def bridge_shows(self, *settings):
        return self.command("sysctl", "-qw", *(f"net.bridge.bridge-nf-{setting}" for setting in settings), check=False)

    def configure(self, on_failure="open", keep=False, rest="", banned=BANNED):
        super().configure(on_failure, keep, 'inside = "inside"\n' + rest, banned)


def the_kernel_goes_on_by_itself(lab):
    lab.configure()
    lab.run_gateway()
    lab.expect_verdicts(False, True, "at work")
    lab.open_stream()
    before = lab.metric("sluice_packets_received_total")
    total = lab.stream()[0]
    lab.expect_stream("at work")
    time.sleep(1)
    came_up = lab.metric("sluice_packets_received_total") - before
    moved = lab.stream()[0] - total
    expect(came_up < 20 and moved > 1000000, f"of a decided connection nothing comes up ({came_up} packets came while {moved} bytes went)")
    lab.end_gateway()
    expect(not lab.has_rules(), "stopped: the rules are gone")
    expect(lab.rules() == lab.others, "the rules of others are as they were")
    lab.expect_verdicts(True, True, "stopped")
    lab.expect_stream("stopped")


def killed_and_restarted(lab, mode):
    passes = mode == "open"
    lab.configure(mode)
    lab.run_gateway()
    lab.open_stream()
    lab.end_gateway(signal.SIGKILL)
    expect(lab.has_rules(), "killed: its rules are there")
    lab.expect_verdicts(passes, passes, "killed")
    lab.expect_stream("killed")
    lab.run_gateway()
    lab.expect_verdicts(False, True, "restarted")
    lab.expect_stream("restarted")
    lab.end_gateway()
    expect(not lab.has_rules(), "stopped: the rules are gone")


def kept_rules_are_detached(lab):
    lab.configure("closed", keep=True)
    lab.run_gateway()
    lab.open_stream()
    lab.end_gateway()
    expect(lab.has_rules(), "stopped with keep_rules: they stay")
    lab.expect_verdicts(False, False, "stopped with keep_rules, closed")
    lab.expect_stream("stopped with keep_rules")
    detached = lab.detach()
    expect(detached.returncode == 0 and "removed" in detached.stdout, "detach says what it removed")
    expect(not lab.has_rules() and lab.rules() == lab.others, "detach removes ours, and nothing else")
    lab.expect_verdicts(True, True, "detached")
    expect("nothing was left" in lab.detach().stdout, "detach says if there is nothing")


def not_scheduled(lab):
    """More than its queue holds waits: the rest passes, or is dropped."""
    for mode in ("open", "closed"):
        lab.configure(mode, rest="queue_packets = 64")
        lab.run_gateway()
        lab.open_stream()
        lab.gateway.send_signal(signal.SIGSTOP)
        lab.flood(ORDINARY, 500)
        expect(lab.answers(ORDINARY) == (mode == "open"), f"not scheduled, its queue full: {mode}")
        lab.expect_stream("not scheduled")
        lab.gateway.send_signal(signal.SIGCONT)
        for _ in range(20):  # it first judges what waits
            if lab.answers(ORDINARY):
                break
        lab.expect_verdicts(False, True, "scheduled again")
        if mode == "closed":
            lab.wait_for_metric("sluice_dataplane_lost_total", 1)
        lab.end_gateway()


def a_second_instance(lab):
    lab.configure()
    lab.run_gateway()
    second = lab.command(str(lab.program), "run", "--config", str(lab.config), "--metrics", "127.0.0.1:9465", check=False)
    expect(second.returncode == 2 and "another process" in second.stderr, "a second instance is refused, and says why")
    lab.expect_verdicts(False, True, "after that")
    lab.end_gateway()


def a_list_newly_bans(lab):
    """The name of an open connection is banned: it ends, though the kernel had taken it over."""
    lab.configure(banned=BANNED)
    lab.run_gateway()
    lab.open_stream("www.later.test")
    (lab.folder / "names.list").write_text(f"{BANNED}\nlater.test\n")
    lab.gateway.send_signal(signal.SIGHUP)
    for _ in range(50):
        before = lab.stream()[0]
        time.sleep(0.3)
        if lab.stream()[0] == before:
            break
    else:
        raise Failure("a connection to a name that is newly banned goes on")
    print("  ok: a connection to a name that is newly banned ends")
    lab.expect_verdicts(False, True, "after a reload")
    lab.end_gateway()


def rules_of_ones_own(lab):
    lab.configure("closed", rest='rules = "none"')
    printed = [lab.command(str(lab.program), "rules", "--print", "--config", str(lab.config), "--tool", tool) for tool in ("iptables", "ip6tables")]
    for shown, restore in zip(printed, ("iptables-restore", "ip6tables-restore")):
        lab.command(restore, "--noflush", text=shown.stdout)
    lab.run_gateway()
    lab.expect_verdicts(False, True, "with rules that an operator installed")
    lab.end_gateway()
    expect(lab.has_rules(), "stopped: the rules of the operator are there")
    lab.detach()


def with_legacy_iptables(lab):
    """Two variants of iptables exist, and a host has one or the other."""
    folder = lab.folder / "bin"
    folder.mkdir()
    for name in ("iptables", "ip6tables"):
        for end in ("", "-restore"):
            found = subprocess.run(["which", f"{name}-legacy{end}"], capture_output=True, text=True).stdout.strip()
            if not found:
                print("  not tried: no iptables-legacy here")
                return
            (folder / f"{name}{end}").symlink_to(found)
    lab.configure(rest='rules = "iptables"')
    program = lab.program
    wrapper = lab.folder / "with-legacy"
    wrapper.write_text(f"#!/bin/sh\nPATH={folder}:$PATH exec {program} \"$@\"\n")
    wrapper.chmod(0o755)
    lab.program = wrapper
    lab.run_gateway()
    expect("SLUICE" in lab.command("iptables-legacy-save").stdout, "the rules are in the tables of iptables-legacy")
    lab.expect_verdicts(False, True, "with iptables-legacy")
    lab.end_gateway()
    expect("SLUICE" not in lab.command("iptables-legacy-save").stdout, "and go from there")
    lab.program = program


def as_a_service(lab):
    """As its unit starts it: a user of its own, with the capabilities that the unit gives."""
    user = 65534
    sets = "-all,+net_admin,+net_raw"
    wrapper = lab.folder / "as-a-service"
    wrapper.write_text(f"#!/bin/sh\nexec setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs --inh-caps {sets} "
                       f"--ambient-caps {sets} --bounding-set {sets} {lab.program} \"$@\"\n")
    wrapper.chmod(0o755)
    lab.folder.chmod(0o755)
    lab.configure("closed")
    program, lab.program = lab.program, wrapper
    lab.run_gateway()
    lab.expect_verdicts(False, True, "as a service")
    lab.open_stream()
    lab.expect_stream("as a service")
    for task in Path(f"/proc/{lab.gateway.pid}/task").iterdir():
        held = int(re.search(r"CapEff:\t(\w+)", (task / "status").read_text())[1], 16)
        if held & ~(1 << 12):
            raise Failure(f"a thread keeps more than CAP_NET_ADMIN: {held:x}")
    print("  ok: no thread keeps more than CAP_NET_ADMIN")
    expect(lab.end_gateway() == 0 and not lab.has_rules(), "stopped: the rules are gone")
    lab.program = program


def packets_of_the_router(lab):
    """A proxy's own connections, by option."""
    ask = lab.within("gateway", *lab.itself("--ask", BANNED))
    for local in ("false", "true"):
        lab.configure(rest=f"local = {local}")
        lab.run_gateway()
        passes = subprocess.run(ask, check=False).returncode == 0
        expect(passes == (local == "false"), f"local = {local}: the router's own question {'is answered' if passes else 'is blocked'}")
        lab.end_gateway()


def checksums_and_segments(lab):
    """Merged segments and unfinished checksums, as network cards leave them: what is judged is taken apart and finished by the kernel."""
    lab.configure()
    for end, port in (("client", "eth0"), ("server", "eth0"), ("gateway", "inside"), ("gateway", "outside")):
        subprocess.run(lab.within(end, "ethtool", "-K", port, *"tx on rx on tso on gso on gro on".split()), capture_output=True)
    lab.run_gateway()
    lab.expect_verdicts(False, True, "with offloads")
    lab.open_stream("www.ordinary.test")
    lab.expect_stream("with offloads")
    # The server sends without end: it falls silent if the name is blocked.
    big = ("import socket, time\n"
           f"one = socket.create_connection(('{SERVER}', {STREAM}), timeout=5)\n"
           f"one.sendall(b'POST / HTTP/1.1\\r\\nHost: {BANNED}\\r\\nX: ' + b'x' * 30000)\n"
           "one.settimeout(1)\n"
           "end = time.monotonic() + 5\n"
           "while time.monotonic() < end:\n"
           "    one.recv(1 << 20)\n")
    ran = subprocess.run(lab.within("client", sys.executable, "-c", big), capture_output=True, text=True, timeout=30)
    expect("timed out" in ran.stderr, "a banned name in a large segment is blocked")
    lab.end_gateway()


def what_the_bridge_hides(lab):
    lab.bridge_shows("call-iptables=0")
    lab.configure()
    refused = lab.command(str(lab.program), "run", "--config", str(lab.config), check=False)
    expect(refused.returncode == 2 and "bridge-nf-call-iptables=1" in refused.stderr, "without its packets it does not start, and says what to do")
    lab.bridge_shows("call-iptables=1")


# In the client's namespace, and in the server's: questions in a VLAN tag, and the names of those that come.
ASK_IN_A_TAG = """
import socket, struct, sys
sys.path.insert(0, sys.argv[1])
from xdp_lab import question
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
for name in sys.argv[2:]:
    asked = question(name)
    datagram = struct.pack("!4H", 5353, 53, 8 + len(asked), 0) + asked
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0, socket.inet_aton("10.78.0.1"), socket.inet_aton("10.78.0.2"))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xffff) + head[12:]
    wire.send(b"\\xff" * 6 + b"\\x02" * 6 + struct.pack("!HHH", 0x8100, 5, 0x0800) + head + datagram)
"""
LISTEN = """
import socket, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 3))
wire.settimeout(0.5)
print("listening", flush=True)
end = time.monotonic() + 3
while time.monotonic() < end:
    try:
        frame = wire.recv(2000)
        for name in ("banned", "ordinary"):
            if name.encode() in frame:
                print(name, flush=True)
    except TimeoutError:
        pass
"""


def tagged_packets_of_the_bridge(lab):
    names = (BANNED, ORDINARY, BANNED, ORDINARY)
    for shown, expected in ((0, {"banned", "ordinary"}), (1, {"ordinary"})):
        lab.bridge_shows(f"filter-vlan-tagged={shown}", f"filter-pppoe-tagged={shown}")
        lab.configure()
        lab.run_gateway()
        expect(("VLAN tags" in lab.log()) == (shown == 0), "it warns of tags if the bridge hides them")
        listener = lab.start("server", sys.executable, "-c", LISTEN, stdout=subprocess.PIPE, text=True)
        listener.stdout.readline()
        subprocess.run(lab.within("client", sys.executable, "-c", ASK_IN_A_TAG, str(Path(__file__).parent), *names), check=True)
        seen = set(listener.stdout.read().split())
        expect(seen == expected, f"filter-vlan-tagged={shown}: in a VLAN tag {', '.join(sorted(expected))} names come through")
        lab.end_gateway()


def run(program):
    skip_without("iptables", "setpriv", "sysctl")
    with tempfile.TemporaryDirectory() as folder:
        lab = Bridge(Path(program).resolve(), folder)
        status = run_steps(lab, (
            ("a bridge", lambda: the_kernel_goes_on_by_itself(lab)),
            ("a bridge's gateway killed and restarted", lambda: killed_and_restarted(lab, "closed")),
            ("packets that the bridge hides", lambda: what_the_bridge_hides(lab)),
            ("tagged packets", lambda: tagged_packets_of_the_bridge(lab))))
    if status != 0:
        return status
    with tempfile.TemporaryDirectory() as folder:
        lab = Router(Path(program).resolve(), folder)
        return run_steps(lab, (
            ("the kernel goes on by itself", lambda: the_kernel_goes_on_by_itself(lab)),
            ("killed and restarted; open", lambda: killed_and_restarted(lab, "open")),
            ("killed and restarted; closed", lambda: killed_and_restarted(lab, "closed")),
            ("kept rules", lambda: kept_rules_are_detached(lab)),
            ("not scheduled", lambda: not_scheduled(lab)),
            ("a second instance", lambda: a_second_instance(lab)),
            ("a list newly bans", lambda: a_list_newly_bans(lab)),
            ("rules of one's own", lambda: rules_of_ones_own(lab)),
            ("iptables-legacy", lambda: with_legacy_iptables(lab)),
            ("as a service", lambda: as_a_service(lab)),
            ("packets of the router", lambda: packets_of_the_router(lab)),
            ("checksums and segments", lambda: checksums_and_segments(lab))))


if __name__ == "__main__":
    sys.exit(run_test(__doc__, run))
