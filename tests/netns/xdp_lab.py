"""A gateway with the XDP dataplane between a client and a server, in network namespaces that it makes and removes.

    client ── inside │ gateway │ outside ── server

For tests. As a program it is what runs in the client's and the server's namespace.
"""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

CLIENT, SERVER = "10.78.0.1", "10.78.0.2"
DNS, STREAM = 53, 7000
OF_NO_PROTOCOL = b"\xff\xfe" * 100
SKIPPED = 77
BANNED, ORDINARY = "www.banned.test", "www.ordinary.test"
MOVED = "moved.elsewhere.test"  # an alias of BANNED
METRICS = "http://127.0.0.1:9464/metrics"


# ── in the server's and the client's namespace ──


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 0x5151, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def answer_to(message):
    """Without records, but for MOVED."""
    is_moved = question(MOVED)[12:] == message[12:]
    record = b"\xc0\x0c" + struct.pack("!2HIH", 5, 1, 60, len(question(BANNED)) - 16) + question(BANNED)[12:-4] if is_moved else b""
    return message[:2] + bytes([message[2] | 0x80]) + message[3:6] + bytes([0, int(is_moved)]) + message[8:] + record


def serve():
    """Answers every question, and sends to whoever connects, without end, some megabytes a second."""
    if os.fork() == 0:
        listener = socket.create_server((SERVER, STREAM))
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                try:
                    while True:
                        connection.sendall(b"." * 20000)
                        time.sleep(0.005)
                except OSError:
                    os._exit(0)
            connection.close()
    answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answers.bind((SERVER, DNS))
    while True:
        message, client = answers.recvfrom(2048)
        answers.sendto(answer_to(message), client)


def ask(name):
    """0: answered by the server, 1: not, or the gateway says that there is no such name."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(0.5)
    for _ in range(2):
        asking.sendto(question(name), (SERVER, DNS))
        try:
            answer = asking.recv(2048)
            return answer[3] & 0x0f  # RCODE
        except TimeoutError:
            pass
    return 1


def flood(name, count):
    """Asks so many questions at once, from one socket, and waits for no answer."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    message = question(name)
    for _ in range(int(count)):
        asking.sendto(message, (SERVER, DNS))


def read_stream(progress, host=None):
    """Asks for an endless answer, with the name of a host if one is given. Writes how many bytes came, and the longest silence so far in milliseconds."""
    stream = socket.create_connection((SERVER, STREAM), timeout=5)
    stream.settimeout(60)  # TCP waits as long again as it was cut
    stream.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() if host else OF_NO_PROTOCOL)
    total, longest, last = 0, 0.0, time.monotonic()
    try:
        while data := stream.recv(1 << 16):
            now = time.monotonic()
            total, longest, last = total + len(data), max(longest, now - last), now
            written = progress.with_suffix(".next")  # never half a number, whenever it is read
            written.write_text(f"{total} {longest * 1000:.0f}")
            written.rename(progress)
    except (TimeoutError, ConnectionError):
        pass


# ── the test ──


class Failure(Exception):
    pass


class Skipped(Exception):
    pass


def expect(holds, what):
    if not holds:
        raise Failure(what)
    print(f"  ok: {what}")


class Lab:
    started = "bridging"  # the log says so once the gateway is at work

    def __init__(self, program, folder):
        self.program, self.folder = program, Path(folder)
        self.spaces = {end: f"sluice-failures-{os.getpid()}-{end}" for end in ("client", "gateway", "server")}
        self.processes, self.gateway = [], None
        self.pins = self.folder / "bpf"

    def ip(self, end, *words):
        return subprocess.run(["ip", "-n", self.spaces[end], *words], capture_output=True, text=True, check=True)

    def within(self, end, *command):
        return ["ip", "netns", "exec", self.spaces[end], *command]

    def start(self, end, *command, **options):
        process = subprocess.Popen(self.within(end, *command), **options)
        self.processes.append(process)
        return process

    def itself(self, *words):
        return (sys.executable, "-B", __file__, *map(str, words))

    def up(self):
        for space in self.spaces.values():
            made = subprocess.run(["ip", "netns", "add", space], capture_output=True, text=True)
            if made.returncode != 0:
                raise Skipped("no network namespaces can be made here")
        self.pins.mkdir()
        if subprocess.run(["mount", "-t", "bpf", "bpf", str(self.pins)], capture_output=True).returncode != 0:
            raise Skipped("no BPF file system can be mounted here")
        self.connect("client", "inside", CLIENT)
        self.connect("server", "outside", SERVER)
        self.ip("gateway", "link", "set", "lo", "up")
        self.start("server", *self.itself("--serve"))
        time.sleep(0.3)

    def connect(self, end, port, address):
        self.ip(end, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", self.spaces["gateway"])
        for space, interface, gro in ((end, "eth0", "on"), ("gateway", port, "off")):
            subprocess.run(self.within(space, "ethtool", "-K", interface, *"tx off rx off tso off gso off gro".split(), gro),
                           capture_output=True)
        self.ip(end, "addr", "add", f"{address}/24", "dev", "eth0")
        self.ip(end, "link", "set", "eth0", "up")
        self.ip("gateway", "link", "set", port, "up")

    def down(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for space in self.spaces.values():
            pids = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True).stdout.split()
            for pid in pids:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "del", space], capture_output=True)
        subprocess.run(["umount", str(self.pins)], capture_output=True)

    def configure(self, on_failure, banned=BANNED, pins=True):
        (self.folder / "names.list").write_text(banned + "\n")
        self.write_config(on_failure, pins=pins, rest='''[limits]
flows = 1024
[[list]]
app = "game"
file = "names.list"
[[policy]]
name = "everyone"
apps = ["game"]
''')

    def write_config(self, on_failure, rest, pins=True):
        self.config = self.folder / "sluice.toml"
        self.config.write_text(f'''[dataplane]
type = "xdp"
inside = "inside"
outside = "outside"
on_failure = "{on_failure}"
pins = "{self.pins if pins else ''}"
[metrics]
listen = "127.0.0.1:9464"
''' + rest)

    def run_gateway(self):
        log = open(self.folder / "log", "w")
        self.gateway = self.start("gateway", str(self.program), "run", "--config", str(self.config), stdout=log, stderr=log)
        for _ in range(100):
            if self.started in self.log():
                return
            if self.gateway.poll() is not None:
                break
            time.sleep(0.1)
        raise Failure("the gateway did not start: " + self.log())

    def log(self):
        return (self.folder / "log").read_text()

    def end_gateway(self, how=signal.SIGTERM):
        self.gateway.send_signal(how)
        return self.gateway.wait(timeout=20)

    def answers(self, name):
        return subprocess.run(self.within("client", *self.itself("--ask", name))).returncode == 0

    def flood(self, name, count):
        subprocess.run(self.within("client", *self.itself("--flood", name, count)), check=True, timeout=60)

    def expect_verdicts(self, banned, ordinary, when):
        expect(self.answers(ORDINARY) == ordinary, f"{when}: an ordinary name is {'answered' if ordinary else 'not answered'}")
        expect(self.answers(BANNED) == banned, f"{when}: a banned name is {'answered' if banned else 'not answered'}")

    def open_stream(self, *host):
        self.progress = self.folder / f"stream-{time.monotonic_ns()}"
        self.start("client", *self.itself("--stream", self.progress, *host))
        for _ in range(100):
            if self.stream()[0] > 1000000:
                return
            time.sleep(0.05)
        raise Failure("a stream did not begin")

    def stream(self):
        try:
            total, longest = self.progress.read_text().split()
            return int(total), int(longest)
        except (FileNotFoundError, ValueError):
            return 0, 0

    def expect_stream(self, when):
        before = self.stream()[0]
        for _ in range(40):
            time.sleep(0.05)
            if self.stream()[0] > before + 500000:
                print(f"  ok: {when}: a connection that was decided goes on")
                return
        raise Failure(f"{when}: a connection that was decided goes on")

    def metric(self, name):
        text = subprocess.run(self.within("gateway", "curl", "-s", "--max-time", "2", METRICS), capture_output=True, text=True).stdout
        found = re.search(rf"^{name} (\d+)", text, re.MULTILINE)
        return int(found.group(1)) if found else None

    def wait_for_metric(self, name, least):
        for _ in range(50):
            if (value := self.metric(name)) is not None and value >= least:
                return value
            time.sleep(0.1)
        raise Failure(f"{name} is at least {least}, but it is {value}")

    def detach(self):
        return subprocess.run(self.within("gateway", str(self.program), "detach", "--config", str(self.config)),
                              capture_output=True, text=True)


def skip_without(*tools):
    if os.geteuid() != 0:
        raise Skipped("network namespaces need root")
    missing = [tool for tool in ("ip", "ethtool", "curl", "mount", *tools) if not shutil.which(tool)]
    if missing:
        raise Skipped(f"not installed: {' '.join(missing)} (deploy/dependencies lab)")


def run_steps(lab, steps):
    """Steps are pairs of a name and a function without arguments. Returns the exit status; removes the lab."""
    try:
        lab.up()
        for name, step in steps:
            print(name, flush=True)
            step()
    except (Failure, subprocess.TimeoutExpired) as failure:
        print(f"FAILED: {failure}\n" + (lab.log() if (lab.folder / "log").exists() else ""))
        return 1
    finally:
        lab.down()
    return 0


def run_test(usage, run):
    """The main function of a test: run(PROGRAM) returns the exit status, or raises Skipped."""
    if len(sys.argv) != 2:
        print(usage.strip().splitlines()[-1], file=sys.stderr)
        return 2
    try:
        return run(sys.argv[1])
    except Skipped as why:
        print(f"SKIPPED: {why}")
        return SKIPPED


def main():
    if sys.argv[1:2] == ["--serve"]:
        serve()
    elif sys.argv[1:2] == ["--ask"]:
        return ask(sys.argv[2])
    elif sys.argv[1:2] == ["--flood"]:
        flood(*sys.argv[2:])
    elif sys.argv[1:2] == ["--stream"]:
        read_stream(Path(sys.argv[2]), *sys.argv[3:])
    return 0


if __name__ == "__main__":
    sys.exit(main())
