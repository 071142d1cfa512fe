"""An office behind the gateway, for what a picture shows: its clients, the names that they ask for, its lists and policies, and its traffic."""

import math
import random
import socket
import ssl
import time
from pathlib import Path

from xdp_lab import CLIENT, DNS, SERVER, STREAM, question

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / "lists/apps"
APPS = ("wechat", "kaspersky", "tiktok")
NETWORK = "10.78.0."
CLASSROOMS = ("10.78.0.17", "10.78.0.18", "10.78.0.21")
STAFF = (CLIENT, "10.78.0.33", "10.78.0.34")
GUESTS = ("10.78.0.50", "10.78.0.53")
# Name and weight.
BANNED_NAMES = {"web.wechat.com": 9, "www.tiktok.com": 12, "v16m.tiktokcdn.com": 6, "short.weixin.qq.com": 4, "mon.tiktokv.com": 5,
                "ksn-file-geo.kaspersky-labs.com": 2, "www.kaspersky.com": 1}
ORDINARY_NAMES = [f"www.{word}.example" for word in ("news", "mail", "maps", "bank", "school", "video", "search", "weather")]
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
POLICIES = '''[[policy]]
name = "classrooms"
clients = ["10.78.0.16/28"]
apps = ["wechat", "tiktok", "kaspersky"]
action = "reject"
[[policy]]
name = "guests"
clients = ["10.78.0.48/28"]
apps = ["wechat", "tiktok"]
action = "log"
[[policy]]
name = "guests-next-month"
clients = ["10.78.0.48/28"]
apps = ["wechat", "tiktok", "kaspersky"]
shadow = true
[[policy]]
name = "staff"
apps = ["kaspersky", "tiktok"]
'''


def list_settings(files):
    """Settings of lists. Files are APP.list and APP.endpoints."""
    return "".join(f'[[list]]\napp = "{file.stem}"\nfile = "{file}"\n' for file in files)


def shipped_lists():
    return [LISTS / f"{app}.{kind}" for app in APPS for kind in ("list", "endpoints")]


def banned_name(dice):
    return dice.choices(list(BANNED_NAMES), weights=BANNED_NAMES.values())[0]


def client_hello(name):
    """A TLS client's first bytes."""
    sent = ssl.MemoryBIO()
    client = TLS.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()


# ── in the client's namespace ──


def ask_questions(seconds, clients=CLASSROOMS + STAFF, tempting=CLASSROOMS):
    """DNS questions of several clients: mostly ordinary names, and some of banned apps, as on a working day."""
    dice = random.Random(7)
    sockets = {}
    for client in clients:
        sockets[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets[client].bind((client, 0))
        sockets[client].setblocking(False)
    began = time.monotonic()
    while (past := time.monotonic() - began) < seconds:
        client, name = dice.choice(clients), dice.choice(ORDINARY_NAMES)
        if dice.random() < 0.03 * (1.2 + math.sin(past / 47)) * (3 if 250 < past % 420 < 290 else 1):
            client, name = dice.choice(tempting), banned_name(dice)
        try:
            sockets[client].sendto(question(name), (SERVER, DNS))
            while sockets[client].recv(2048):
                pass
        except BlockingIOError:
            pass
        time.sleep(0.012 * (1.3 + 0.6 * math.sin(past / 90) + 0.2 * math.sin(past / 13)))


def open_connections(seconds):
    """Connections of all clients, some a second, each of which says one banned name: by TLS or HTTP. They end at once."""
    dice = random.Random(11)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        client, name = dice.choice(CLASSROOMS + STAFF + GUESTS), banned_name(dice)
        first = client_hello(name) if dice.random() < 0.7 else f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
        try:
            with socket.create_connection((SERVER, STREAM), timeout=1, source_address=(client, 0)) as connection:
                connection.sendall(first)
        except OSError:
            pass
        time.sleep(dice.uniform(0.05, 0.5))
