#!/usr/bin/env python3
"""What goes wrong around a gateway, and floods that are meant to wear it down: a table of what was promised and what was seen. Meanwhile a
client asks, over DNS and HTTP, for a banned and for an ordinary name, one after the other. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway │ outside ── server      three namespaces, made and removed here

To hold in every row: no banned name gets through, no ordinary one is refused, and what the row promises. Of ordinary names it is stated
how many got no answer in a second (floods fill the queues that probes wait in as well), and how long the others took.

usage: faults_test.py [--seconds N] [ROW …] PROGRAM      PROGRAM is an existing `sluice`; each flood lasts N seconds, 5 by default
"""

import argparse
import errno
import json
import os
import random
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))

from xdp_lab import BANNED, CLIENT, DNS, METRICS, ORDINARY, SERVER, SKIPPED, Failure, Lab, Skipped, question, skip_without  # noqa: E402

HTTP, TLS, QUIC = 8080, 8443, 8444
PATIENCE_SECONDS = 60
PROBE_EVERY = 0.02  # seconds
FAR = "10.78.0.66"  # an address of the server's network that nobody has
SYNS_A_SECOND = 200_000  # with five seconds, a million


# ── in the client's and the server's namespace ──


def serve():
    """Answers each request over HTTP once its head is whole, and takes whatever else comes."""
    listeners = [socket.create_server((SERVER, port), backlog=512) for port in (HTTP, TLS)]
    for listener in listeners[1:]:
        if os.fork() == 0:
            while True:
                listener.accept()[0].close()
    while True:
        connection, _ = listeners[0].accept()
        connection.settimeout(1)
        try:
            if b"\r\n\r\n" in connection.recv(4096):
                connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        except OSError:
            pass
        connection.close()


def listen(port):
    """Takes a connection, and nothing of what it brings."""
    with socket.create_server(("127.0.0.1", int(port))) as listener:
        connection, _ = listener.accept()
        with connection:
            signal.pause()


def dns_answers(name):
    """True: by the server; False: it is refused; None: no answer in a second."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.settimeout(1)
    asking.sendto(question(name), (SERVER, DNS))
    try:
        return asking.recv(2048)[3] & 0x0f == 0
    except TimeoutError:
        return None
    finally:
        asking.close()


def http_answers(name):
    """Likewise. A connection that cannot be made is no refusal: the request was not even sent."""
    stream = socket.socket()
    stream.settimeout(1)
    try:
        stream.connect((SERVER, HTTP))
    except OSError:
        stream.close()
        return None
    try:
        stream.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        return True if stream.recv(2048) else None
    except TimeoutError:
        return None
    except OSError:
        return False
    finally:
        stream.close()


def probe(file):
    """Until it is ended: a line for each answer, with the protocol, whether the name is banned, the outcome, and milliseconds."""
    with open(file, "w", encoding="utf-8", buffering=1) as out:
        while True:
            for protocol, ask in (("dns", dns_answers), ("http", http_answers)):
                for name in (ORDINARY, BANNED):
                    begin = time.monotonic()
                    outcome = ask(name)
                    out.write(json.dumps([protocol, name == BANNED, outcome, (time.monotonic() - begin) * 1000]) + "\n")
                    time.sleep(PROBE_EVERY)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(source, protocol, payload, identification=0, fragment=0):
    head = struct.pack("!2B3H2BH4s4s", 0x45, 0, 20 + len(payload), identification, fragment, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(SERVER))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def syn(source, port, number):
    tcp = struct.pack("!2H2L2B3H", port, TLS, number, 0, 0x50, 0x02, 65535, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(SERVER) + struct.pack("!2H", 6, len(tcp))
    return tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]


def datagram(port, to, payload):
    return struct.pack("!4H", port, to, 8 + len(payload), 0) + payload


def client_address(dice):
    return f"10.78.{dice.randrange(1, 250)}.{dice.randrange(1, 250)}"


def syns(dice):
    source = client_address(dice)
    return ipv4(source, socket.IPPROTO_TCP, syn(source, dice.randrange(1024, 65536), dice.getrandbits(32)))


def fragments(dice):
    """First parts and middle parts of datagrams that are never whole."""
    where = dice.choice((0x2000, 0x2000 | dice.randrange(1, 180)))
    return ipv4(client_address(dice), socket.IPPROTO_UDP, datagram(5000, DNS, bytes(1192)), dice.getrandbits(16), where)


def initials(dice):
    """QUIC Initials (RFC 9000, section 17.2.2), each of a connection of its own, that no key opens."""
    connection = dice.randbytes(8)
    packet = b"\xc3\x00\x00\x00\x01\x08" + connection + b"\x00\x00" + struct.pack("!H", 0x4000 | 1182) + dice.randbytes(1182)
    return ipv4(client_address(dice), socket.IPPROTO_UDP, datagram(dice.randrange(1024, 65536), QUIC, packet))


def subdomains(dice):
    name = f"{dice.getrandbits(48):x}.{dice.choice((BANNED, ORDINARY))}"
    return ipv4(client_address(dice), socket.IPPROTO_UDP, datagram(dice.randrange(1024, 65536), DNS, question(name)))


def flood(kind, seconds, least):
    """For so long, and so many at least, through a raw socket. Prints how many. SYNs are all different; others come round again."""
    dice = random.Random(1)
    make = {"syns": syns, "fragments": fragments, "initials": initials, "subdomains": subdomains}[kind]
    packets = [make(dice) for _ in range(20_000)]
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    sent, end = 0, time.monotonic() + float(seconds)
    while sent < int(least) or time.monotonic() < end:
        for packet in packets:
            try:
                raw.sendto(packet, (SERVER, 0))
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
        sent += len(packets)
        if make is syns:
            packets = [make(dice) for _ in range(len(packets))]
        if time.monotonic() > end + PATIENCE_SECONDS:
            break
    print(sent)


def hello(name):
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def hellos(seconds):
    """Real connections, each with a hello for a banned or an ordinary name. Prints how many."""
    made = [hello(name) for name in (BANNED, ORDINARY)]
    sent, end = 0, time.monotonic() + float(seconds)
    while time.monotonic() < end:
        stream = socket.socket()
        stream.settimeout(1)
        try:
            stream.connect((SERVER, TLS))
            stream.sendall(made[sent % 2])
            sent += 1
        except OSError:
            pass
        stream.close()
    print(sent)


# ── the table ──


class FaultLab(Lab):
    def __init__(self, program, folder, seconds):
        super().__init__(program, folder)
        self.seconds = seconds
        self.results = self.folder / "probes"

    def itself(self, *words):
        return (sys.executable, "-B", __file__, *map(str, words))

    def up(self):
        super().up()  # its server answers over DNS
        self.start("server", sys.executable, "-B", sys.modules[Lab.__module__].__file__, "--serve")
        for end in ("client", "server"):
            # Sources that a flood makes up have no neighbour.
            subprocess.run(self.within(end, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0"), check=False)
        self.ip("server", "route", "add", "10.78.0.0/16", "via", CLIENT)

    def run(self, audit="", rest=""):
        (self.folder / "names.list").write_text(BANNED + "\n")
        self.write_config("closed", pins=False, rest=f"""[audit]
{audit or f'file = "{self.folder / "audit.jsonl"}"'}
{rest}
[[list]]
app = "game"
file = "names.list"
[[policy]]
name = "everyone"
apps = ["game"]
action = "reject"
""")
        self.run_gateway()

    def command(self, end, *words):
        return subprocess.run(self.within(end, *words), capture_output=True, text=True, timeout=4 * PATIENCE_SECONDS, check=False)

    def flooded(self, kind, least=0):
        done = self.command("client", *self.itself("--flood", kind, self.seconds, least))
        if done.returncode != 0:
            raise Failure(f"the flood cannot be sent: {done.stderr}")
        return int(done.stdout)

    def begin_probes(self):
        self.prober = self.start("client", *self.itself("--probe", self.results))
        self.wait_for_probes()

    def wait_for_probes(self, more=8):
        """Until so many came since now: what follows is seen by probes as well."""
        end, before = time.monotonic() + PATIENCE_SECONDS, self.count_probes()
        while self.count_probes() < before + more:
            if time.monotonic() > end:
                raise Failure("the probes stand still")
            time.sleep(0.05)

    def count_probes(self):
        return self.results.read_text().count("\n") if self.results.exists() else 0

    def end_probes(self):
        self.wait_for_probes()
        self.prober.terminate()
        self.prober.wait()
        lines = self.results.read_text().split("\n")[:-1]
        self.results.unlink()
        return [json.loads(line) for line in lines]


def total(lab, name):
    value = lab.metric(name)
    if value is None:
        raise Failure(f"no answer from {METRICS}")
    return value


def becomes(condition, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise Failure(what)
        time.sleep(0.1)


def disk_full(lab):
    """Records that the disk does not take are counted, and the trail says where they are missing."""
    disk = lab.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
    try:
        trail = disk / "audit.jsonl"
        lab.run(audit=f'file = "{trail}"')
        yield
        with open(disk / "filler", "ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"." * 4096)
            except OSError:
                pass
        becomes(lambda: total(lab, "sluice_audit_write_failed_total") > 0, "records are counted as lost")
        (disk / "filler").unlink()
        becomes(lambda: '"kind":"lost"' in trail.read_text(), "the trail says what it lacks")
        lost = total(lab, "sluice_audit_write_failed_total")
        verified = subprocess.run([str(lab.program), "audit", "verify", str(trail)], capture_output=True, text=True, check=False)
        if verified.returncode != 0:
            raise Failure(f"the trail is whole: {verified.stdout}{verified.stderr}")
        yield f"{lost} records lost, counted and noted; the trail is whole"
    finally:
        lab.end_gateway()
        subprocess.run(["umount", disk], check=False)


def clock_jumps(lab):
    """A clock that jumps an hour ahead, then a day back, changes no verdict."""
    if not (library := fake_time()):
        raise Skipped("not installed: faketime (deploy/dependencies lab)")
    if b"libasan" in subprocess.run(["ldd", str(lab.program)], capture_output=True, check=False).stdout:
        raise Skipped("the address sanitizer takes no library before it")
    clock = lab.folder / "clock"
    clock.write_text("+0")
    os.environ.update(LD_PRELOAD=library, FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
    try:
        lab.run()
    finally:
        for name in ("LD_PRELOAD", "FAKETIME_TIMESTAMP_FILE", "FAKETIME_NO_CACHE", "FAKETIME_DONT_FAKE_MONOTONIC"):
            del os.environ[name]
    yield
    for jump in ("+3600", "-86400", "+0"):
        clock.write_text(jump)
        lab.wait_for_probes(40)
    times = {json.loads(line)["time"][:13] for line in (lab.folder / "audit.jsonl").read_text().splitlines()}
    if len(times) < 3:
        raise Failure(f"the clock of the gateway jumps: {times}")
    yield f"records of {len(times)} different hours"


def fake_time():
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return str(found[0]) if found else None


def resolver_down(lab):
    """Questions of its own that nobody answers are counted; nothing waits for them."""
    lab.run(rest=f'[endpoints]\nenable = true\nresolver = "{FAR}"\nper_second = 20\n')
    yield
    becomes(lambda: total(lab, "sluice_resolutions_failed_total") > 0, "resolutions fail")
    yield f"{total(lab, 'sluice_resolutions_failed_total')} resolutions failed"


def scrapes(lab):
    """Scrapes without pause, from many sides, are answered."""
    lab.run()
    yield
    each = lab.seconds * 20
    script = f"for i in $(seq 12); do (for j in $(seq {each}); do curl -s --max-time 20 -o /dev/null {METRICS} || echo failed; done) & done; wait"
    done = lab.command("gateway", "bash", "-c", script)
    failed = done.stdout.count("failed")
    if failed > each:  # 16 threads answer 12 peers
        raise Failure(f"{failed} of {12 * each} scrapes failed")
    yield f"{12 * each} scrapes by 12 peers, {failed} unanswered"


def control_abuse(lab):
    """Garbage, huge requests and hundreds of peers are refused; those who look after the gateway are served again after."""
    path = lab.folder / "control.sock"
    lab.run(rest=f'[control]\nsocket = "{path}"\n')
    yield
    peers = []
    for number in range(300):
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.connect(str(path))
        peer.settimeout(PATIENCE_SECONDS)
        try:
            peer.sendall((b"GET / HTTP/1.1\r\n\r\n", b"[" * 9000 + b"\n", b"\0" * 100 + b"\n", b'{"sluice":1,')[number % 4])
        except OSError:
            pass
        peers.append(peer)
    lab.wait_for_probes()
    for peer in peers:
        peer.close()
    status = [str(lab.program), "status", "--socket", str(path)]
    becomes(lambda: subprocess.run(status, capture_output=True, check=False).returncode in (0, 1), "it answers again")
    yield "300 peers refused, `status` is answered after"


def reload_storm(lab):
    """A thousand SIGHUPs end in one ban in force: the last."""
    lab.run()
    yield
    for number in range(1000):
        if number == 999:
            (lab.folder / "names.list").write_text(f"{BANNED}\nlast.test\n")
        lab.gateway.send_signal(signal.SIGHUP)
        time.sleep(0.002)
    becomes(lambda: total(lab, "sluice_rules") == 2, "the last list is in force")
    reloads = total(lab, r'sluice_reloads_total\{result="ok"\}')
    yield f"{reloads} reloads, the last list in force"


def stalled_sink(lab):
    """A syslog server that takes nothing costs records, which are counted, and no verdict."""
    lab.start("gateway", *lab.itself("--listen", 6514))
    lab.run(audit='syslog = "tcp://127.0.0.1:6514"')
    yield
    lab.flooded("subdomains")
    becomes(lambda: total(lab, "sluice_audit_write_failed_total") + total(lab, "sluice_audit_lost_total") > 0, "records are counted as lost")
    yield f"{total(lab, 'sluice_audit_write_failed_total') + total(lab, 'sluice_audit_lost_total')} records lost and counted"


def flood_row(kind, promise, least_a_second=0, seen=None):
    def row(lab):
        lab.run()
        yield
        sent = lab.flooded(kind, least_a_second * lab.seconds)
        flows = total(lab, "sluice_flows")
        yield f"{sent:,} packets, {flows:,} flows held after" + (f", {seen}: {total(lab, seen):,}" if seen else "")
    row.__doc__ = promise
    return row


def hello_flood(lab):
    """Real connections as fast as a client makes them, half of them for a banned name."""
    lab.run()
    yield
    done = lab.command("client", *lab.itself("--hellos", lab.seconds))
    yield f"{int(done.stdout):,} connections, {total(lab, 'sluice_flows'):,} flows held after"


ROWS = {
    "disk full": disk_full,
    "clock jumps": clock_jumps,
    "resolver down": resolver_down,
    "scrapes": scrapes,
    "control socket": control_abuse,
    "reload storm": reload_storm,
    "sink stalled": stalled_sink,
    "SYN flood": flood_row("syns", "Connections that are only begun, as many as a million: the table of flows keeps its size.", SYNS_A_SECOND),
    "fragment flood": flood_row("fragments", "Datagrams that are never whole: their share of memory is bounded.", seen="sluice_fragmented_datagrams_evicted_total"),
    "QUIC flood": flood_row("initials", "Initials of random connections, which no key opens: their number is bounded, for each client too."),
    "hello flood": hello_flood,
    "DNS flood": flood_row("subdomains", "Random names below a banned and an ordinary one: each is judged."),
}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def judged(results):
    """What the probes say, as text. Raises Failure if a verdict was wrong."""
    through = [protocol for protocol, banned, outcome, _ in results if banned and outcome is True]
    refused = [protocol for protocol, banned, outcome, _ in results if not banned and outcome is False]
    answered = [taken for _, banned, outcome, taken in results if not banned and outcome is True]
    asked = sum(not banned for _, banned, _, _ in results)
    if through or refused or not answered:
        raise Failure(f"{len(through)} banned names got through, {len(refused)} ordinary ones were refused, {len(answered)} of {asked} answered")
    return f"{len(results)} right, {asked - len(answered)} of {asked} unanswered, {percentile(answered, 0.5):.1f} / {percentile(answered, 0.99):.1f} ms"


def try_row(program, name, seconds):
    """What was seen; raises Failure or Skipped."""
    with tempfile.TemporaryDirectory(prefix="sluice-faults-") as folder:
        lab = FaultLab(program, folder, seconds)
        steps = ROWS[name](lab)
        try:
            lab.up()
            next(steps)  # the gateway runs
            lab.begin_probes()
            seen = next(steps)
            said = judged(lab.end_probes())
            if lab.gateway.poll() is not None:
                raise Failure("the gateway ended")
            return f"{seen}; probes: {said}"
        except Failure as failure:
            raise Failure(f"{failure}\n{lab.log()[-2000:] if (lab.folder / 'log').exists() else ''}") from failure
        finally:
            steps.close()
            lab.down()


def test(program, rows, seconds):
    skip_without("curl", "sysctl")
    failed = 0
    for name in rows:
        try:
            seen = try_row(program, name, seconds)
        except Failure as failure:
            failed += 1
            seen = f"FAILED: {failure}"
        except Skipped as why:
            seen = f"SKIPPED: {why}"
        print(f"{name}\n  promised: {ROWS[name].__doc__}\n  seen: {seen}", flush=True)
    return 1 if failed else 0


def main():
    helpers = {"--serve": serve, "--probe": probe, "--flood": flood, "--hellos": hellos, "--listen": listen}
    if sys.argv[1:2] and sys.argv[1] in helpers:
        helpers[sys.argv[1]](*sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(usage=__doc__.strip().split("usage: ")[1])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    parser.add_argument("program")
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    if not shutil.which(options.program):
        parser.error(f"{options.program}: no such program")
    try:
        return test(options.program, options.rows or list(ROWS), options.seconds)
    except Skipped as why:
        print(f"SKIPPED: {why}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
