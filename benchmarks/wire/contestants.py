"""The contestants: what can sit between the gateway's two ports. Each has start and stop, and leaves the ports as it found them.

`refuses` says what happens to a banned DNS question: "" it passes (this contestant has no rules), "reject" it is answered to one
client and dropped from the other (frames.py, DROPPED_CLIENT), "drop" it is dropped.
"""

import base64
import json
import os
import shutil
import struct
import time
from pathlib import Path

from network import CLIENT, CLIENT_MAC, DROPPED_CLIENT, INSIDE, OUTSIDE, SERVER, SERVER_MAC, Trouble, last_line

FLOWS = 262_144  # of the gateway: more than the benchmark opens
START_SECONDS = 60
BRIDGE = "br0"
QUEUE = 0


class Contestant:
    """`bench` has the network, the names, the program and the helpers of this run."""

    name = ""
    title = ""
    refuses = ""

    def __init__(self, bench):
        self.bench = bench
        self.network = bench.network
        self.processes = []

    def start(self):
        """Returns when traffic crosses. Raises Trouble with the reason if it cannot."""
        try:
            self.begin()
            self._wait_until_open()
            self.after_start()
        except Trouble:
            self.stop()
            raise

    def begin(self):
        raise NotImplementedError

    def after_start(self):
        """Checks that traffic really goes through this contestant."""

    def end(self):
        """Undoes begin, also if begin failed half way."""

    def stop(self):
        while self.processes:
            self.network.stop(self.processes.pop())
        self.end()

    def pids(self):
        return [process.pid for process in self.processes]

    def metrics(self):
        """Values that the contestant reports of itself."""
        return {}

    def check_alive(self):
        for process in self.processes:
            if process.poll() is not None:
                said = self.reason_in(self.network.log_of(process))
                said = said.replace(self.network.folder + "/", "")
                raise Trouble(said or f"it ended with status {process.returncode}")

    def reason_in(self, log):
        return last_line(log)

    def _wait_until_open(self):
        end = time.monotonic() + START_SECONDS
        while not self.network.is_open():
            self.check_alive()
            time.sleep(0.1)
            if time.monotonic() > end:
                logs = " ".join(last_line(self.network.log_of(process)) for process in self.processes)
                raise Trouble(f"nothing crosses it in {START_SECONDS} s {logs}".strip())

    def _launch(self, command):
        self.processes.append(self.network.start(self.network.gateway, command, f"{self.name}.log"))

    def _in_gateway(self, *command, check=True):
        return self.network.run(self.network.gateway, command, check=check)

    def _helper(self, file):
        path = os.path.join(self.bench.helpers, file)
        if not os.path.exists(path):
            raise Trouble(f"{file} was not built (deploy/dependencies wire, then configure again)")
        return path

    def _bridge_up(self):
        self._in_gateway("ip", "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        for port in (INSIDE, OUTSIDE):
            self._in_gateway("ip", "link", "set", port, "master", BRIDGE)
        self._in_gateway("ip", "link", "set", BRIDGE, "up")

    def _bridge_down(self):
        self._in_gateway("ip", "link", "del", BRIDGE, check=False)


class Bridge(Contestant):
    name = "bridge"
    title = "Linux bridge"

    def begin(self):
        self._bridge_up()

    def end(self):
        self._bridge_down()


class Forward(Contestant):
    """The gateway is a router. Its ports have the addresses (MAC) of the hosts behind it, so neither end sees a difference."""

    name = "forward"
    title = "Linux as a router, no rules"

    def begin(self):
        self.routes_up()

    def end(self):
        self._in_gateway("iptables", "-F", "FORWARD", check=False)  # of those that add rules
        self.routes_down()

    def routes_up(self):
        own = json.loads(self._in_gateway("ip", "-j", "link"))
        self.macs = {link["ifname"]: link["address"] for link in own if link["ifname"] in (INSIDE, OUTSIDE)}
        for port, mac in ((INSIDE, SERVER_MAC), (OUTSIDE, CLIENT_MAC)):
            self._in_gateway("ip", "link", "set", port, "address", mac)
        for address, port, mac in ((CLIENT, INSIDE, CLIENT_MAC), (DROPPED_CLIENT, INSIDE, CLIENT_MAC), (SERVER, OUTSIDE, SERVER_MAC)):
            self._in_gateway("ip", "route", "add", f"{address}/32", "dev", port)
            self._in_gateway("ip", "neigh", "replace", address, "lladdr", mac, "dev", port, "nud", "permanent")
        self._in_gateway("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")

    def routes_down(self):
        self._in_gateway("sysctl", "-qw", "net.ipv4.ip_forward=0", check=False)
        for address, port in ((CLIENT, INSIDE), (DROPPED_CLIENT, INSIDE), (SERVER, OUTSIDE)):
            self._in_gateway("ip", "route", "del", f"{address}/32", "dev", port, check=False)
            self._in_gateway("ip", "neigh", "del", address, "dev", port, check=False)
        for port, mac in self.macs.items():
            self._in_gateway("ip", "link", "set", port, "address", mac, check=False)


class Tracking(Forward):
    """A router that tracks connections, as a firewall or a translator of addresses does."""

    name = "tracking"
    title = "the same with connection tracking"

    def begin(self):
        self.routes_up()
        self._in_gateway("iptables", "-A", "FORWARD", "-m", "conntrack", "--ctstate", "INVALID", "-j", "ACCEPT")


class QueueAll(Forward):
    """A router whose forwarded packets all go through NFQUEUE to a process that accepts all."""

    name = "queueall"
    title = "the same, all through NFQUEUE, accepted"

    def begin(self):
        self._launch([self._helper("bench_wire_accept_all"), QUEUE])
        self.routes_up()
        self._in_gateway("iptables", "-A", "FORWARD", "-j", "NFQUEUE", "--queue-num", str(QUEUE))


class Redirect(Contestant):
    """The ports exchange frames in their drivers (native XDP)."""

    name = "redirect"
    title = "bare XDP redirect, native"

    def begin(self):
        program = self._helper("redirect.bpf.o")
        for port, other in ((INSIDE, OUTSIDE), (OUTSIDE, INSIDE)):
            self._in_gateway("ip", "link", "set", "dev", port, "xdpdrv", "obj", program, "sec", "xdp")
            link = json.loads(self._in_gateway("ip", "-j", "link", "show", "dev", port))[0]
            target = json.loads(self._in_gateway("ip", "-j", "link", "show", "dev", other))[0]["ifindex"]
            maps = json.loads(self._in_gateway("bpftool", "-j", "prog", "show", "id", link["xdp"]["prog"]["id"]))["map_ids"]
            key, value = struct.pack("=I", 0), struct.pack("=I", target)
            self._in_gateway("bpftool", "map", "update", "id", maps[0], "key", *map(str, key), "value", *map(str, value))

    def end(self):
        for port in (INSIDE, OUTSIDE):
            self._in_gateway("ip", "link", "set", "dev", port, "xdpdrv", "off", check=False)


class NfQueue(Contestant):
    """A bridge whose IP packets go through NFQUEUE to a process that accepts all."""

    name = "nfqueue"
    title = "NFQUEUE over a bridge, accepts all"

    def begin(self):
        self._launch([self._helper("bench_wire_accept_all"), QUEUE])
        self._bridge_up()
        self._in_gateway("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")
        self._in_gateway("iptables", "-A", "FORWARD", "-j", "NFQUEUE", "--queue-num", str(QUEUE))

    def after_start(self):
        queues = self._in_gateway("cat", "/proc/net/netfilter/nfnetlink_queue").split()
        if len(queues) < 8 or int(queues[7]) == 0:  # the number of the last packet
            raise Trouble("no packet went through the queue: the bridge does not call iptables here")

    def end(self):
        self._in_gateway("iptables", "-F", "FORWARD", check=False)
        self._bridge_down()


CONFIGURATION = """
[dataplane]
type = "{type}"
inside = "{inside}"
outside = "{outside}"
[limits]
flows = {flows}
[[list]]
image = "{image}"
[[policy]]
name = "answered"
clients = ["0.0.0.0/0"]
apps = ["banned"]
action = "reject"
[[policy]]
name = "dropped"
clients = ["{dropped}"]
apps = ["banned"]
action = "drop"
"""


class Sluice(Contestant):
    """Our program with one of its dataplanes, and all rules loaded."""

    refuses = "reject"
    type = ""

    def begin(self):
        file = self.network.write(f"{self.name}.toml", CONFIGURATION.format(
            type=self.type, inside=INSIDE, outside=OUTSIDE, flows=FLOWS, image=self.bench.names.image, dropped=DROPPED_CLIENT))
        # A BPF file system of its own: what the program pins there goes when it ends.
        command = 'mount -t bpf bpf /sys/fs/bpf 2>/dev/null; exec "$@"'
        self._launch(["sh", "-c", command, "sh", self.bench.program, "run", "--config", file])

    def metrics(self):
        fetch = "import sys, urllib.request as r; sys.stdout.write(r.urlopen('http://127.0.0.1:9464/metrics').read().decode())"
        values = {}
        for line in self._in_gateway("python3", "-c", fetch).splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                values[name] = float(value)
        return values

    def end(self):
        # A program that left XDP on the ports, so that traffic goes on without it, must not carry the next contestant's.
        for port in (INSIDE, OUTSIDE):
            for mode in ("xdpdrv", "xdpgeneric"):
                self._in_gateway("ip", "link", "set", "dev", port, mode, "off", check=False)


class SluicePcap(Sluice):
    name = "pcap"
    title = "sluice run, libpcap"
    type = "pcap"


class SluiceXdp(Sluice):
    name = "xdp"
    title = "sluice run, XDP"
    type = "xdp"

    def reason_in(self, log):
        return f"sluice run refuses it: {last_line(log)}"


class SluiceNfqueue(Sluice, Forward):
    name = "router"
    title = "sluice run, NFQUEUE on a router"
    type = "nfqueue"

    def begin(self):
        self.routes_up()
        Sluice.begin(self)

    def end(self):
        Forward.end(self)


SURICATA = """%YAML 1.1
---
vars: {{address-groups: {{HOME_NET: "any", EXTERNAL_NET: "any"}}}}
default-log-dir: {folder}
classification-file: {empty}
reference-config-file: {empty}
threshold-file: {empty}
outputs: []
logging: {{default-log-level: warning, outputs: [{{console: {{enabled: yes}}}}]}}
stats: {{enabled: no}}
unix-command: {{enabled: no}}
host-mode: router
datasets: {{defaults: {{memcap: 1gb, hashsize: 1048576}}, limits: {{single-hashsize: 1048576, total-hashsizes: 4194304}}}}
stream: {{inline: yes, checksum-validation: no, memcap: 512mb, reassembly: {{memcap: 1gb}}}}
flow: {{memcap: 512mb, hash-size: 262144}}
af-packet:
  - {{interface: {inside}, copy-mode: ips, copy-iface: {outside}, {shared}, cluster-id: 97}}
  - {{interface: {outside}, copy-mode: ips, copy-iface: {inside}, {shared}, cluster-id: 98}}
app-layer:
  protocols:
    tls: {{enabled: yes, detection-ports: {{dp: 443}}}}
    http: {{enabled: yes}}
    quic: {{enabled: yes}}
    dns: {{udp: {{enabled: yes, detection-ports: {{dp: 53}}}}, tcp: {{enabled: yes, detection-ports: {{dp: 53}}}}}}
"""
SURICATA_RING = "threads: 1, cluster-type: cluster_flow, defrag: no, use-mmap: yes, tpacket-v3: no, ring-size: 16384"
SURICATA_RULES = """
drop dns any any -> any any (dns.query; dataset:isset,banned,type string,load {names}; sid:1;)
drop tls any any -> any any (tls.sni; dataset:isset,banned; sid:2;)
"""


class Suricata(Contestant):
    """Suricata as an IPS on AF_PACKET, with the same names as exact entries of a dataset (it has no suffix match)."""

    name = "suricata"
    title = "Suricata, AF_PACKET, IPS"
    refuses = "drop"

    def begin(self):
        if shutil.which("suricata") is None:
            raise Trouble("Debian 12 has no package suricata; bookworm-backports has one")
        with open(self.bench.names.list, "rb") as names:
            coded = b"".join(base64.b64encode(line.strip()) + b"\n" for line in names)
        rules = SURICATA_RULES.format(names=self.network.write("banned.lst", coded))
        configuration = SURICATA.format(folder=self.network.folder, inside=INSIDE, outside=OUTSIDE, shared=SURICATA_RING,
                                         empty=self.network.write("empty.config", ""))
        self._launch(["suricata", "-c", self.network.write("suricata.yaml", configuration), "--af-packet", "--init-errors-fatal",
                      "-k", "none", "-S", self.network.write("suricata.rules", rules),
                      "-l", self.network.folder, "--pidfile", self.network.path("suricata.pid")])

    def end(self):
        Path(self.network.path("suricata.pid")).unlink(missing_ok=True)


SNORT = """
config daq: afpacket
config daq_mode: inline
config policy_mode: inline
config checksum_mode: none
preprocessor frag3_global: max_frags 65536
preprocessor frag3_engine: policy linux
preprocessor stream5_global: track_tcp yes, track_udp yes, max_tcp 262144, max_udp 131072
preprocessor stream5_tcp: policy linux
preprocessor stream5_udp: timeout 180
"""


class Snort(Contestant):
    """Snort 2.9 inline on AF_PACKET. It has no list of a million names, so it runs without rules."""

    name = "snort"
    title = "Snort 2.9, AF_PACKET, inline, no rules"

    def begin(self):
        if shutil.which("snort") is None:
            raise Trouble("Debian 12 has no package snort")
        self._launch(["snort", "-Q", "-q", "-N", "--daq", "afpacket", "-i", f"{INSIDE}:{OUTSIDE}",
                      "-c", self.network.write("snort.conf", SNORT), "-l", self.network.folder])


CONTESTANTS = {kind.name: kind for kind in (Bridge, Redirect, NfQueue, SluicePcap, SluiceXdp, Forward, Tracking, QueueAll,
                                              SluiceNfqueue, Suricata, Snort)}
ROUTERS = [name for name, kind in CONTESTANTS.items() if issubclass(kind, Forward)]
OURS = [name for name, kind in CONTESTANTS.items() if issubclass(kind, Sluice)]
