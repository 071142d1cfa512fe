"""The network of the benchmark: three namespaces in a row, on virtual Ethernet of this host. Nothing leaves them.

  client ──eth0──inside── gateway ──outside──eth0── server
  10.81.0.10, .11                                  10.81.0.2

The gateway's ports have no address: every contestant is a bump in the wire. The offloads are the same for all contestants:
SETTINGS says which. A guard process removes everything when this one ends, in whatever way.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile

SETTINGS = ("end hosts: tx off, tso off, gso off (checksums are complete, each frame is at most the MTU of 1500 bytes), gro on; "
            "ports of the gateway: the same, and gro off; permanent neighbour entries")
CLIENT, DROPPED_CLIENT, SERVER = "10.81.0.10", "10.81.0.11", "10.81.0.2"
CLIENT_MAC, SERVER_MAC = "02:00:00:51:00:0a", "02:00:00:51:00:02"
INSIDE, OUTSIDE = "inside", "outside"  # ports of the gateway
HOST_PORT = "eth0"
ECHO_PORT = 7  # the server sends datagrams to it back

# Waits until its standard input closes: until the benchmark has ended. It ends only what runs in the namespaces of this run.
GUARD = """
trap '' INT TERM HUP
read -r _
for namespace in {namespaces}; do
  for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
  ip netns del "$namespace" 2>/dev/null
done
rm -rf {folder}
"""


class Trouble(Exception):
    """A command, a check or a contestant did not do what it should; the message is one line."""


def say(command):
    return " ".join(shlex.quote(str(word)) for word in command)


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


class Network:
    """Owns the namespaces, the folder for files of this run, and all processes in the namespaces."""

    def __init__(self, queues, helpers):
        self.helpers = helpers
        self.folder = tempfile.mkdtemp(prefix="sluice-wire-")
        self.client, self.gateway, self.server = (f"wire-{os.getpid()}-{end}" for end in ("client", "gateway", "server"))
        namespaces = (self.client, self.gateway, self.server)
        self._processes = []
        guard = GUARD.format(namespaces=" ".join(namespaces), folder=shlex.quote(self.folder))
        self._guard = subprocess.Popen(["sh", "-c", guard], stdin=subprocess.PIPE, start_new_session=True)
        for namespace in namespaces:
            self._ip("netns", "add", namespace)
            self._ip("-n", namespace, "link", "set", "lo", "up")
            self.run(namespace, ["sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.disable_ipv6=1",
                                 "net.ipv6.conf.default.disable_ipv6=1"])
        # Thousands of connections a second from one address: reuse the ports of closed ones. Ports below are for made frames.
        self.run(self.client, ["sysctl", "-qw", "net.ipv4.ip_local_port_range=25000 65535", "net.ipv4.tcp_tw_reuse=1"])
        self._cable(self.client, INSIDE, CLIENT_MAC, [CLIENT, DROPPED_CLIENT], queues)
        self._cable(self.server, OUTSIDE, SERVER_MAC, [SERVER], queues)
        self._neighbours()

    def _ip(self, *words):
        run_checked(["ip", *words])

    def _cable(self, host, port, mac, addresses, queues):
        many = ["numtxqueues", str(queues), "numrxqueues", str(queues)]
        self._ip("-n", host, "link", "add", HOST_PORT, "address", mac, *many, "type", "veth",
                 "peer", "name", port, *many, "netns", self.gateway)
        off = ["tx", "off", "tso", "off", "gso", "off"]
        # With GRO on, a virtual port polls (NAPI); XDP can redirect only to a port whose peer polls.
        self.run(host, ["ethtool", "-K", HOST_PORT, *off, "gro", "on"])
        self.run(self.gateway, ["ethtool", "-K", port, *off, "gro", "off"])
        for address in addresses:
            self._ip("-n", host, "addr", "add", f"{address}/16", "dev", HOST_PORT)
        self._ip("-n", host, "link", "set", HOST_PORT, "up")
        self._ip("-n", self.gateway, "link", "set", port, "up")

    def _neighbours(self):
        self._ip("-n", self.client, "neigh", "add", SERVER, "lladdr", SERVER_MAC, "dev", HOST_PORT, "nud", "permanent")
        for address in (CLIENT, DROPPED_CLIENT):
            self._ip("-n", self.server, "neigh", "add", address, "lladdr", CLIENT_MAC, "dev", HOST_PORT, "nud", "permanent")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w" if isinstance(text, str) else "wb") as file:
            file.write(text)
        return self.path(name)

    def run(self, namespace, command, timeout=60, check=True):
        """Runs a command in a namespace to its end, and returns what it printed."""
        return run_checked(["ip", "netns", "exec", namespace, *command], timeout, check)

    def start(self, namespace, command, log):
        """Starts a command in a namespace; its output goes to the file `log` of the folder."""
        with open(self.path(log), "wb") as out:
            process = subprocess.Popen(["ip", "netns", "exec", namespace, *map(str, command)], stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True)
        process.log = log
        self._processes.append(process)
        return process

    def log_of(self, process):
        with open(self.path(process.log), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, process):
        """Ends a process: asks it, and kills it if it does not listen."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.remove(process)

    def is_open(self):
        """True if a datagram crosses the gateway, and its echo comes back."""
        ask = [os.path.join(self.helpers, "bench_wire_ping_pong"), "ask", SERVER, ECHO_PORT, 0.001, 0]
        said = json.loads(self.run(self.client, ask, check=False) or '{"asked": 1, "lost": 1}')
        return said["lost"] < said["asked"]

    def sent_frames(self):
        """Frames that both end hosts have sent: what the gateway had to carry."""
        total = 0
        for namespace in (self.client, self.server):
            total += int(self.run(namespace, ["cat", f"/sys/class/net/{HOST_PORT}/statistics/tx_packets"]))
        return total

    def close(self):
        for process in list(self._processes):
            self.stop(process)
        self._guard.stdin.close()
        self._guard.wait()


def run_checked(command, timeout=60, check=True):
    command = [str(word) for word in command]
    if shutil.which(command[0]) is None:
        raise Trouble(f"{command[0]} is not installed (deploy/dependencies wire)")
    # A session of its own: an interrupt from the terminal is for the benchmark, which then ends all others.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Trouble(f"no end after {timeout} s: {say(command)}") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    out, err = out.decode(errors="replace"), err.decode(errors="replace")
    if check and process.returncode != 0:
        raise Trouble(f"{say(command)}: {last_line(err) or last_line(out) or f'exit status {process.returncode}'}")
    return out
