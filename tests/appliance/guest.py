"""What runs inside the machine: bridges pairs of network cards with `sluice`, or routes between them, and tries from both ends what passes.

    client ── inside │ gateway │ outside ── server      three namespaces; each line is a hub of two network cards, or a veth

The far end writes down the names that reach it, so that a banned name which came late is seen as well. Each result is a line of JSON
on the second serial port.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

CLIENT, SERVER, SERVER6 = "10.78.0.1", "10.78.0.2", "fd78::2"
DNS, HTTP, TLS, STREAM = 53, 80, 443, 7000
BANNED, ORDINARY = "www.banned.test", "www.ordinary.test"
OF_NO_PROTOCOL = b"\xff\xfe" * 100
ENOUGH = 2_000_000  # bytes of a decided connection
# Seconds. An answer may take long in emulation; one that was blocked never comes.
PATIENCE, BLOCKED = 15, 2
ROLES = {1: ("client", "eth0"), 2: ("gateway", "inside"), 3: ("gateway", "outside"), 4: ("server", "eth0")}
SEEN, PROGRESS, LOG, CONFIG = Path("/tmp/seen"), Path("/tmp/progress"), Path("/tmp/log"), Path("/tmp/sluice.toml")


def in_namespace(name, act):
    """Forks. The child runs act() in that namespace, and exits with what it returns, or 1 if it raises."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        new_network = 0x40000000
        with open(f"/run/netns/{name}", "rb") as space:
            if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), new_network) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        status = act() or 0
    except OSError:
        pass  # no answer
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def succeeds(name, act):
    return os.waitpid(in_namespace(name, act), 0)[1] == 0


def wait_for(holds, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


# ── in the server's namespace ──


def saw(name):
    with open(SEEN, "a", encoding="ascii") as file:
        file.write(name + "\n")


def name_of(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode("ascii", "replace"))
        at += 1 + question[at]
    return ".".join(labels)


def answer(question):
    saw(name_of(question))
    return question[:2] + bytes([question[2] | 0x80]) + question[3:]


def serve_datagrams():
    both = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    both.bind(("::", DNS))
    while True:
        question, client = both.recvfrom(2048)
        both.sendto(answer(question), client)


def serve_dns(connection):
    question = connection.recv(2048)[2:]
    message = answer(question)
    connection.sendall(struct.pack("!H", len(message)) + message)


def serve_http(connection):
    saw(re.search(rb"Host: (\S+)", connection.recv(2048))[1].decode("ascii"))
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def serve_tls(connection):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/certificate.pem", "/key.pem")
    context.sni_callback = lambda _socket, name, _context: saw(name)
    with context.wrap_socket(connection, server_side=True) as secure:
        secure.sendall(secure.recv(100))


def serve_stream(connection):
    """Sends without end, some hundred kilobytes a second."""
    while True:
        connection.sendall(b"." * 20000)
        time.sleep(0.05)


def serve():
    def handle(connection, serve_one):
        connection.settimeout(60)
        with connection, contextlib.suppress(OSError):
            serve_one(connection)

    def listen(port, serve_one):
        listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(connection, serve_one), daemon=True).start()

    for port, serve_one in ((DNS, serve_dns), (HTTP, serve_http), (TLS, serve_tls), (STREAM, serve_stream)):
        threading.Thread(target=listen, args=(port, serve_one), daemon=True).start()
    serve_datagrams()


# ── in the client's namespace: each returns 0 if it was answered ──


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return struct.pack("!6H", 0x5151, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def ask_datagram(name, seconds):
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asking.sendto(question(name), (SERVER, DNS))
        with contextlib.suppress(TimeoutError):
            return 0 if asking.recv(2048) else 1
    return 1


def ask_dns(name, seconds):
    with socket.create_connection((SERVER, DNS), timeout=seconds) as connection:
        message = question(name)
        connection.sendall(struct.pack("!H", len(message)) + message)
        return 0 if connection.recv(2048) else 1


def ask_http(name, seconds):
    with socket.create_connection((SERVER, HTTP), timeout=seconds) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode("ascii"))
        return 0 if connection.recv(2048).startswith(b"HTTP/1.1 200") else 1


def ask_tls(name, seconds, server=SERVER):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((server, TLS), timeout=seconds) as connection:
        with context.wrap_socket(connection, server_hostname=name) as secure:
            secure.sendall(b"hello")
            return 0 if secure.recv(100) == b"hello" else 1


def ask_tls_6(name, seconds):
    return ask_tls(name, seconds, SERVER6)


def read_stream():
    stream = socket.create_connection((SERVER, STREAM), timeout=PATIENCE)
    stream.settimeout(60)
    stream.sendall(OF_NO_PROTOCOL)
    total = 0
    while data := stream.recv(1 << 16):
        total += len(data)
        PROGRESS.write_text(str(total), encoding="ascii")
    return 1


ASKS = (("DNS over UDP", ask_datagram), ("DNS over TCP", ask_dns), ("HTTP, Host", ask_http), ("TLS, SNI", ask_tls),
        ("TLS over IPv6, SNI", ask_tls_6))


# ── the test ──


class Lab:
    def __init__(self, report, run):
        self.report, self.run = report, run
        self.children, self.gateway = [], None

    def expect(self, holds, row, otherwise=""):
        self.report(run=self.run["name"], row=row, ok=bool(holds), said="" if holds else otherwise)
        return holds

    def space(self, end):
        return f"{end}{self.run['pair']}"

    def ip(self, end, *words):
        return subprocess.run(["ip", "-n", self.space(end), *words], capture_output=True, text=True, check=True).stdout

    def within(self, end, *words):
        return ["ip", "netns", "exec", self.space(end), "sh", "-c", 'mount -t bpf bpf /sys/fs/bpf && exec "$@"', "sh", *words]

    def up(self):
        """The wires are made once for a pair."""
        if not Path(f"/run/netns/{self.space('gateway')}").exists():
            for end in ("client", "gateway", "server"):
                subprocess.run(["ip", "netns", "add", self.space(end)], check=True)
                self.ip(end, "link", "set", "lo", "up")
            if self.run["is_veth"]:
                self.connect_veths()
            else:
                for role, (end, name) in ROLES.items():
                    self.move(f"52:54:00:00:{self.run['pair']:02x}:{role:02x}", end, name)
            for end, name in ROLES.values():
                self.bring_up(end, name)
            if not wait_for(lambda: all("LOWER_UP" in self.ip(end, "link", "show", name) for end, name in ROLES.values())):
                raise RuntimeError("an interface has no carrier")
            self.ip("client", "addr", "add", f"{CLIENT}/24", "dev", "eth0")
            self.ip("client", "addr", "add", "fd78::1/64", "dev", "eth0", "nodad")
            self.ip("server", "addr", "add", f"{SERVER}/24", "dev", "eth0")
            self.ip("server", "addr", "add", f"{SERVER6}/64", "dev", "eth0", "nodad")
        self.children.append(in_namespace(self.space("server"), serve))

    def connect_veths(self):
        """A port has a queue for each worker."""
        queues = ["numrxqueues", str(self.run["workers"]), "numtxqueues", str(self.run["workers"])]
        for end, port in (("client", "inside"), ("server", "outside")):
            self.ip(end, "link", "add", "eth0", *queues, "type", "veth", "peer", "name", port, *queues, "netns", self.space("gateway"))

    def move(self, address, end, name):
        """A network card, found by its address, goes to its place."""
        found = [card.parent.name for card in Path("/sys/class/net").glob("*/address") if card.read_text().strip() == address]
        subprocess.run(["ip", "link", "set", found[0], "netns", self.space(end)], check=True)
        self.ip(end, "link", "set", found[0], "name", name)

    def bring_up(self, end, name):
        if end != "gateway":  # senders finish checksums, and receive as network cards do
            for word in "tx off", "tso off", "gso off", "gro on":
                subprocess.run(self.within(end, "ethtool", "-K", name, *word.split()), capture_output=True, check=False)
        self.ip(end, "link", "set", name, "up")

    def down(self):
        for child in self.children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        if self.gateway and self.gateway.poll() is None:
            self.gateway.kill()
            self.gateway.wait()

    def configure(self):
        self.configure_with(f'''type = "xdp"
workers = {self.run['workers']}
inside = "inside"
outside = "outside"
xdp_mode = "{self.run['xdp_mode']}"
on_failure = "closed"
pins = "/bpf/sluice"
''')

    def configure_with(self, dataplane):
        Path("/tmp/names.list").write_text(BANNED + "\n", encoding="ascii")
        CONFIG.write_text(f'''[dataplane]
{dataplane}[metrics]
listen = "127.0.0.1:9464"
[limits]
flows = 1024
[[list]]
app = "game"
file = "names.list"
[[policy]]
name = "everyone"
apps = ["game"]
''', encoding="ascii")

    def sluice(self, *words):
        return subprocess.run(self.within("gateway", "sluice", *words, "--config", str(CONFIG)), capture_output=True, text=True,
                              timeout=60, check=False)

    def doctor(self):
        done = self.sluice("doctor", "--json", "--fix")
        if done.returncode not in (0, 1):
            return self.expect(False, "doctor finds nothing that breaks traffic", done.stderr)
        found = [check for check in json.loads(done.stdout)["checks"] if check["outcome"] == "failed"]
        for check in found:
            print(f"doctor: {check['subject']}: {check['check']} ({check['severity']}): {check['found']}", flush=True)
        breaks = [check for check in found if check["severity"] == "breaks"]
        return self.expect(not breaks, "doctor finds nothing that breaks traffic", str(breaks))

    def start(self, word="bridging"):
        """False: the gateway does not run. WORD: of its log, once it does."""
        with open(LOG, "w", encoding="ascii") as log:
            self.gateway = subprocess.Popen(self.within("gateway", "sluice", "run", "--config", str(CONFIG)), stdout=log, stderr=log)
        wait_for(lambda: word in self.log() or self.gateway.poll() is not None, 60)
        return word in self.log()

    def log(self):
        return LOG.read_text(encoding="utf-8", errors="replace")

    def answers(self, ask, name, seconds):
        return succeeds(self.space("client"), lambda: ask(name, seconds))

    def metric(self, name):
        """None: there is no such metric."""
        reading, writing = os.pipe()

        def scrape():
            with socket.create_connection(("127.0.0.1", 9464), timeout=5) as connection:
                connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
                text = b""
                while more := connection.recv(1 << 16):
                    text += more
            os.write(writing, re.search(rb"^%s (\d+)" % name.encode("ascii"), text, re.MULTILINE)[1])

        succeeds(self.space("gateway"), scrape)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        return int(text) if text else None

    def stream(self):
        try:
            return int(PROGRESS.read_text(encoding="ascii") or 0)
        except FileNotFoundError:
            return 0

    def stream_goes_on(self, row):
        before = self.stream()
        self.expect(wait_for(lambda: self.stream() > before + 200_000), row, f"{self.stream() - before} bytes came")

    def verdicts(self, asks, when=""):
        for what, ask in asks:
            self.expect(self.answers(ask, ORDINARY, PATIENCE), f"{when}{what}: an ordinary name is answered")
            self.expect(not self.answers(ask, BANNED, BLOCKED), f"{when}{what}: a banned name is not answered")

    def decided_in_the_kernel(self):
        """A connection that was passed goes on without the gateway."""
        before = self.metric("sluice_kernel_passed_total")
        self.children.append(in_namespace(self.space("client"), read_stream))
        came = wait_for(lambda: self.stream() > ENOUGH, 60)
        wait_for(lambda: (self.metric("sluice_kernel_passed_total") or 0) - (before or 0) > 500, 5)
        after = self.metric("sluice_kernel_passed_total")
        self.expect(came and before is not None and after is not None and after - before > 500,
                    "a decided connection is forwarded in the kernel", f"{self.stream()} bytes; {before} packets, then {after}")

    def failures(self):
        self.gateway.kill()
        self.gateway.wait()
        self.stream_goes_on("killed: a decided connection goes on")
        self.expect(not self.answers(ask_datagram, ORDINARY, BLOCKED), "killed: what has to be judged is dropped (\"closed\")")
        self.expect(self.start() and "took over" in self.log(), "restarted: takes over the flows", self.log())
        self.stream_goes_on("restarted: a decided connection goes on")
        self.verdicts(ASKS[:1], "restarted: ")

    def run_all(self):
        self.up()
        self.configure()
        self.expect(not self.answers(ask_datagram, ORDINARY, BLOCKED), "without the gateway nothing passes")
        self.doctor()
        if not self.expect(self.start(), "the kernel takes the program, and it is attached", self.log()):
            return
        modes = re.findall(r"(inside|outside): XDP .*?\((native|generic)\)", self.log())
        self.expect(sorted(modes) == [("inside", self.run["mode"]), ("outside", self.run["mode"])], f"both interfaces are {self.run['mode']}",
                    self.log())
        self.verdicts(self.asks())
        self.decided_in_the_kernel()
        if self.run["failures"]:
            self.failures()
        seen = SEEN.read_text(encoding="ascii").split() if SEEN.exists() else []
        self.expect(seen and BANNED not in seen, "no banned name ever reached the server", str(seen))
        self.gateway.send_signal(signal.SIGTERM)
        self.expect(self.gateway.wait(timeout=30) == 0, "it ends with status 0 when told to", self.log())
        detached = self.sluice("detach")
        self.expect(detached.returncode == 0 and "inside" in detached.stdout, "detach takes the program off", detached.stderr)

    def asks(self):
        return ASKS if self.run["all_asks"] else (ASKS[0], ASKS[3])


class Router(Lab):
    """The gateway routes between two networks, and its firewall hands up what has to be judged."""

    def up(self):
        super().up()
        for end, networks in (("client", ("10.79.0", "fd79:")), ("server", ("10.78.0", "fd78:"))):
            v4, v6 = networks
            port = "inside" if end == "client" else "outside"
            self.ip("gateway", "addr", "add", f"{v4}.254/24", "dev", port)
            self.ip("gateway", "addr", "add", f"{v6}:fe/64", "dev", port, "nodad")
            if end == "client":
                self.ip(end, "addr", "flush", "dev", "eth0", "scope", "global")
                self.ip(end, "addr", "add", f"{v4}.1/24", "dev", "eth0")
                self.ip(end, "addr", "add", f"{v6}:1/64", "dev", "eth0", "nodad")
            self.ip(end, "route", "add", "default", "via", f"{v4}.254")
            self.ip(end, "route", "add", "default", "via", f"{v6}:fe")
        subprocess.run(self.within("gateway", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"), check=True)

    def configure(self):
        self.configure_with(f'''type = "nfqueue"
workers = {self.run["workers"]}
inside = "inside"
outside = "outside"
on_failure = "closed"
rules = "nftables"
''')

    def nft(self, *words):
        return subprocess.run(self.within("gateway", "nft", *words), capture_output=True, text=True, check=False)

    def connections(self):
        done = subprocess.run(self.within("gateway", "python3", "-c", "print(open('/proc/net/nf_conntrack').read())"), capture_output=True,
                              text=True, check=False)
        return done.stdout

    def decided_in_the_kernel(self):
        """A connection that was passed goes on without the gateway, past the rules."""
        self.children.append(in_namespace(self.space("client"), read_stream))
        came = wait_for(lambda: self.stream() > ENOUGH, 60)
        before, bytes_before = self.metric("sluice_packets_received_total"), self.stream()
        came = came and wait_for(lambda: self.stream() > bytes_before + ENOUGH, 60)
        more = self.metric("sluice_packets_received_total") - before
        self.expect(came and more < 20, "a decided connection never comes up again", f"{self.stream()} bytes; {more} packets came up")
        self.expect("[OFFLOAD]" in self.connections(), "and takes the flowtable", self.connections())

    def run_all(self):
        self.up()
        self.configure()
        self.doctor()
        if not self.expect(self.start("between"), "the kernel takes the rules of nftables", self.log()):
            return
        self.expect("with a flowtable" in self.log(), "with a flowtable", self.log())
        self.verdicts(self.asks())
        self.decided_in_the_kernel()
        self.gateway.kill()
        self.gateway.wait()
        self.stream_goes_on("killed: a decided connection goes on")
        self.expect(not self.answers(ask_datagram, ORDINARY, BLOCKED), "killed: what has to be judged is dropped (\"closed\")")
        self.expect(self.start("between"), "restarted: in place of the rules that were left", self.log())
        self.stream_goes_on("restarted: a decided connection goes on")
        self.verdicts(ASKS[:1], "restarted: ")
        seen = SEEN.read_text(encoding="ascii").split() if SEEN.exists() else []
        self.expect(seen and BANNED not in seen, "no banned name ever reached the server", str(seen))
        self.gateway.send_signal(signal.SIGTERM)
        self.expect(self.gateway.wait(timeout=30) == 0, "it ends with status 0 when told to", self.log())
        self.expect("sluice" not in self.nft("list", "ruleset").stdout, "and its rules are gone")


def main():
    with open("/dev/ttyS1", "w", encoding="ascii") as port:
        def report(**result):
            port.write(json.dumps(result) + "\n")
            port.flush()

        report(kernel=os.uname().release)
        with contextlib.suppress(FileExistsError):
            os.symlink("/proc/self/fd/0", "/dev/stdin")  # which nft reads
        for run in json.loads(Path("/plan.json").read_text(encoding="ascii")):
            lab = (Router if run.get("is_router") else Lab)(report, run)
            for file in (SEEN, PROGRESS):
                file.unlink(missing_ok=True)
            try:
                lab.run_all()
            except Exception as error:
                traceback.print_exc()
                report(run=run["name"], row="the run came to its end", ok=False, said=f"{type(error).__name__}: {error}")
            finally:
                lab.down()
        log = subprocess.run(["dmesg"], capture_output=True, text=True, errors="replace", check=False).stdout
        amiss = re.findall(r".*(?:WARNING: CPU|BUG: |Oops|general protection).*", log)
        report(run="", row="the kernel's log has no warning", ok=not amiss, said="\n".join(amiss[:20]))
        report(done=True)


if __name__ == "__main__":
    main()
