#!/usr/bin/env python3
"""Asks dig, kdig and unbound whether they take DNS answers from which the keys were hidden.

usage: hide_ech_clients_test.py TABLE      TABLE is hide_ech_table

A server on the loopback interface serves each answer of the table as it was and as it became: what a client takes before, it
must take after, without keys. Skipped (status 77) where none of the clients is installed; each that is missing is named."""

import os
import pathlib
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

SKIPPED = 77
MOST_OVER_UDP = 1232
QUERY_NAME = {"svcb": "SVCB"}  # record types of rows; others ask for HTTPS


def read_table(program):
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: (bytes.fromhex(before), bytes.fromhex(after)) for name, before, after in map(str.split, lines)}


def questions_end(message):
    at = 12
    while message[at]:
        at += 1 + message[at]
    return at + 5


class Answers:
    """What the server says now. `name` is the row's; aliases lead below it."""

    def __init__(self, table):
        self.table, self.after = table, False

    def to(self, query, over_udp):
        first = query[13:13 + query[12]].decode()
        message = self.table.get(first, (None, None))[self.after]
        if message is None:  # a name that unbound asks for on its own
            return query[:2] + b"\x81\x80" + query[4:6] + bytes(6) + query[12:questions_end(query)]
        if over_udp and len(message) > MOST_OVER_UDP:
            return query[:2] + b"\x83\x80" + message[4:6] + bytes(6) + message[12:questions_end(message)]
        return query[:2] + message[2:]


def serve(answers):
    """Serves UDP and TCP on one port, and returns it."""
    class OverUdp(socketserver.BaseRequestHandler):
        def handle(self):
            query, peer = self.request
            peer.sendto(answers.to(query, True), self.client_address)

    class OverTcp(socketserver.StreamRequestHandler):
        def handle(self):
            while len(length := self.rfile.read(2)) == 2:
                answer = answers.to(self.rfile.read(struct.unpack("!H", length)[0]), False)
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), OverTcp)
    port = tcp.server_address[1]
    udp = socketserver.ThreadingUDPServer(("127.0.0.1", port), OverUdp)
    for server in (tcp, udp):
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return port


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Unbound:
    """A resolver that forwards everything to the server, and caches nothing for long."""

    def __init__(self, server_port):
        self.folder = tempfile.TemporaryDirectory()
        self.port = free_port()
        config = pathlib.Path(self.folder.name, "unbound.conf")
        config.write_text(f"""server:
  interface: 127.0.0.1@{self.port}
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{self.folder.name}"
  pidfile: ""
  module-config: "iterator"
  do-not-query-localhost: no
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  local-zone: "test." nodefault
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{server_port}
""")
        self.process = subprocess.Popen(["unbound", "-d", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if run_dig(self.port, "alone", ["+tries=1", "+time=1"])[0]:
                return
            time.sleep(0.1)
        raise SystemExit("unbound does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def taken(output, status):
    """The client read an answer with records, and complained of nothing."""
    low = output.lower()
    bad = any(word in low for word in ("formerr", "malformed", "servfail", "parse", "bad packet", "warning", "timed out"))
    return status == 0 and not bad and ("status: noerror" in low) and ("answer: 0" not in low)


def run_dig(port, name, options=()):
    command = ["dig", "-r", f"@127.0.0.1", "-p", str(port), "+tries=1", "+time=3", *options, QUERY_NAME.get(name, "HTTPS"),
               f"{name}.test"]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return taken(ran.stdout + ran.stderr, ran.returncode), ran.stdout


def run_kdig(port, name, options=()):
    command = ["kdig", f"@127.0.0.1", "-p", str(port), "+retry=0", "+time=3", *options, "-t", QUERY_NAME.get(name, "HTTPS"),
               f"{name}.test"]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace")
    return taken(ran.stdout + ran.stderr, ran.returncode), ran.stdout


def main():
    table = read_table(sys.argv[1])
    answers = Answers(table)
    port = serve(answers)
    clients = []
    unbound = None
    if shutil.which("dig"):
        clients += [("dig", lambda name: run_dig(port, name)), ("dig +tcp", lambda name: run_dig(port, name, ["+tcp"]))]
    if shutil.which("kdig"):
        clients += [("kdig", lambda name: run_kdig(port, name)), ("kdig +tcp", lambda name: run_kdig(port, name, ["+tcp"]))]
    if shutil.which("unbound") and shutil.which("dig"):
        unbound = Unbound(port)
        clients.append(("unbound", lambda name: run_dig(unbound.port, name)))
    for missing in (tool for tool in ("dig", "kdig", "unbound") if not shutil.which(tool)):
        print(f"skipped: {missing} is not installed")
    if not clients:
        return SKIPPED
    wrong = checked = 0
    for client, ask in clients:
        for name in table:
            answers.after = False
            takes_before, _ = ask(name)
            answers.after = True
            takes_after, shown = ask(name)
            checked += takes_before
            shows_keys = "ech=" in shown.lower()
            if takes_before and (not takes_after or shows_keys):
                wrong += 1
                print(f"{client}: {name}: {'shows keys' if shows_keys else 'is refused'}\n{shown}")
            if not takes_before:
                print(f"{client}: {name}: not taken before either")
    if unbound:
        unbound.stop()
    print(f"{checked} answers taken before, {wrong} wrong after")
    return 1 if wrong or checked < len(table) else 0


if __name__ == "__main__":
    sys.exit(main())
