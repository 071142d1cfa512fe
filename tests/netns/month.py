"""The audit trail of a month in an office, for the report.

A capture of the month goes through `sluice replay`, which writes the records that a gateway would write. A replay has no starts, no updates of lists and no chain:
these are added here, as gateway/telemetry/README.md and gateway/audit/chain.h say.
"""

import datetime
import hashlib
import json
import random
import shutil
import socket
import struct
import subprocess
from pathlib import Path

import office
from xdp_lab import Failure, question

FIRST, PAST = datetime.date(2026, 11, 1), datetime.date(2026, 12, 1)
UPDATES = (datetime.date(2026, 11, 9), datetime.date(2026, 11, 23))  # each of TikTok's list
RESOLVER, WEB = "192.0.2.53", "198.51.100.7"
DNS, TLS = 53, 443
UDP, TCP = 17, 6
PUSH_ACK = 0x18
CUT = 20  # bytes of a question


def frame(client, server, protocol, payload):
    """Ethernet and IPv4, without checksums: replay does not look at them."""
    head = struct.pack("!2B3H2BH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0)
    return bytes(12) + b"\x08\x00" + head + socket.inet_aton(client) + socket.inet_aton(server) + payload


def datagram(client, port, server, to, payload):
    return frame(client, server, UDP, struct.pack("!4H", port, to, 8 + len(payload), 0) + payload)


def segment(client, port, payload):
    return frame(client, WEB, TCP, struct.pack("!2H2I2B3H", port, TLS, 1, 1, 5 << 4, PUSH_ACK, 65535, 0, 0) + payload)


def attempts_on(day, dice):
    """How many: fewer at weekends and as the month goes on; on the 12th somebody has news."""
    usual = 6 if day.weekday() >= 5 else 58 - day.day * 0.9
    return round(usual * dice.uniform(0.8, 1.2) * (2.1 if day.day == 12 else 1))


def packets_of(day, dice):
    """(Seconds since 1970, frame), in order."""
    midnight = datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc).timestamp()
    packets = []
    for _ in range(attempts_on(day, dice)):
        at, port = midnight + dice.triangular(7, 19, 12) * 3600, dice.randrange(20000, 60000)
        client = dice.choices(office.CLASSROOMS + office.STAFF + office.GUESTS, weights=(8, 6, 5, 2, 2, 1, 2, 1))[0]
        name = office.banned_name(dice)
        kind = dice.random()
        if kind < 0.6:
            packets.append((at, datagram(client, port, RESOLVER, DNS, question(name))))
        elif kind < 0.97:
            packets.append((at, segment(client, port, office.client_hello(name))))
        else:
            packets.append((at, datagram(client, port, RESOLVER, DNS, question(name)[:CUT])))
    return sorted(packets)


def write_capture(file, packets):
    with open(file, "wb") as out:
        out.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for at, packet in packets:
            out.write(struct.pack("=IIII", int(at), int(at % 1 * 1e6), len(packet), len(packet)) + packet)


def replay(program, folder, lists, packets):
    """The records of these packets, as text."""
    write_capture(folder / "part.pcap", packets)
    (folder / "month.toml").write_text(office.list_settings(lists) + office.POLICIES)
    done = subprocess.run([str(program), "replay", "--read", str(folder / "part.pcap"), "--config", str(folder / "month.toml"), "--events", "-"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"`sluice replay` has status {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


def note(day, kind, **more):
    return json.dumps({"v": 1, "time": f"{day}T05:00:00.000000Z", "kind": kind, **more}, separators=(",", ":"))


def update(day, generation, lists):
    versions = [{"name": file.stem, "app": file.stem, "version": hashlib.sha256(file.read_bytes()).hexdigest()[:16],
                 "entries": sum(not line.startswith("#") for line in file.read_text().split("\n") if line)} for file in lists]
    return note(day, "update", result="ok", generation=generation, lists=versions)


def chained(lines):
    value = bytes(16)
    for line in lines:
        value = hashlib.sha256(value + line.encode()).digest()[:16]
        yield f'{line[:-1]},"chain":"{value.hex()}"}}'


def write_trail(program, folder):
    """The file. Its first record is of the first day, its last one of the last."""
    lists = [Path(shutil.copy(office.LISTS / f"{app}.list", folder)) for app in office.APPS]
    tiktok = folder / "tiktok.list"
    dice = random.Random(11)
    begin, lines = FIRST, [note(FIRST, "start", version="0.1.0")]
    for generation, end in enumerate((*UPDATES, PAST), 1):
        lines.append(update(begin, generation, lists))
        days = [begin + datetime.timedelta(days) for days in range((end - begin).days)]
        lines += replay(program, folder, lists, [packet for day in days for packet in packets_of(day, dice)])
        with tiktok.open("a") as more:
            more.write(f"published-{end}.example\n")
        begin = end
    trail = folder / "audit.jsonl"
    trail.write_text("".join(line + "\n" for line in chained(lines)))
    return trail
