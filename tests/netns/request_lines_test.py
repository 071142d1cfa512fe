#!/usr/bin/env python3
"""Which request lines and hosts do real servers take? Each request is sent to each server that is installed; what one of them serves as the
banned host, `sluice inspect` has to name.

The servers listen on the loopback interface, and serve `banned` for one name, `other` for all the rest. They see what a lenient one makes of
a request; the gateway reads the same bytes out of a capture. Exits 77 (skipped) where no server is installed, and says which are missing.

usage: request_lines_test.py PROGRAM [--table]      PROGRAM is an existing `sluice`; --table prints who takes what
"""

import concurrent.futures
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

NAME = "www.banned.example"
MARK = b"[banned]"  # in the answer of the banned host

NGINX = """
daemon off; pid {dir}/nginx.pid; error_log /dev/null; worker_processes 1;
events {{}}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port} default_server; return 200 other; }}
  server {{ listen 127.0.0.1:{port}; server_name {name}; return 200 [banned]; }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout client 2s
  timeout server 2s
  timeout connect 2s
frontend f
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string "[banned]" if {{ hdr(host),field(1,:) -i {name} }}
  http-request return status 200 content-type text/plain string "[banned]" if {{ url_beg http://{name} }}
  http-request return status 200 content-type text/plain string "other"
"""
APACHE = """
ServerRoot {dir}
ServerName other.example
Listen 127.0.0.1:{port}
PidFile {dir}/apache.pid
ErrorLog /dev/null
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dir_module {modules}/mod_dir.so
LoadModule alias_module {modules}/mod_alias.so
HttpProtocolOptions Unsafe LenientMethods Allow0.9
<VirtualHost *:{port}>
  ServerName other.example
  AliasMatch ".*" {dir}/other
</VirtualHost>
<VirtualHost *:{port}>
  ServerName {name}
  AliasMatch ".*" {dir}/banned
</VirtualHost>
<Directory />
  Require all granted
</Directory>
"""
NODE = """
require('http').createServer((request, answer) => {{
  const host = (request.headers.host || '').split(':')[0].trim().toLowerCase();
  let target = ''; try {{ target = new URL(request.url).hostname; }} catch (error) {{}}
  answer.end([host, target].includes('{name}') ? '[banned]' : 'other');
}}).listen({port}, '127.0.0.1');
"""
GO = """
package main

import (
  "io"
  "net/http"
)

func main() {{
  http.HandleFunc("{name}/", func(w http.ResponseWriter, r *http.Request) {{ io.WriteString(w, "[banned]") }})
  http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {{ io.WriteString(w, "other") }})
  http.ListenAndServe("127.0.0.1:{port}", nil)
}}
"""
PYTHON = """
import http.server, urllib.parse
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        host = (self.headers.get("Host") or "").split(":")[0].strip().lower()
        target = urllib.parse.urlsplit(self.path).hostname if "//" in self.path else None
        body = b"[banned]" if "{name}" in (host, target) else b"other"
        self.send_response(200); self.end_headers(); self.wfile.write(body)
    def __getattr__(self, name):
        # Methods with other characters are told from binary protocols by nobody (filters/inspect/README.md).
        if name.startswith("do_") and all("!" <= c <= "~" for c in name): return self.answer
        raise AttributeError(name)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


class Server:
    """A server process. `command` gets the folder and the name of its configuration."""

    def __init__(self, name, tools, text, command):
        self.name, self.tools, self.text, self.command = name, tools, text, command
        self.process, self.port = None, None

    def missing(self):
        return [tool for tool in self.tools if not shutil.which(tool)]

    def start(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        own = os.path.join(folder, self.name)
        os.makedirs(own)
        os.chmod(own, 0o755)
        for word in ("banned", "other"):
            with open(os.path.join(own, word), "w", encoding="ascii") as file:
                file.write(MARK.decode() if word == "banned" else word)
        config = os.path.join(own, "server.go" if self.name == "go" else "server.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(self.text.format(dir=own, port=self.port, name=NAME, modules="/usr/lib/apache2/modules"))
        environment = dict(os.environ, GOCACHE=os.path.join(own, "cache"), GOFLAGS="-mod=mod", HOME=own)
        if self.name == "go":
            subprocess.run(["go", "build", "-o", own + "/server", config], check=True, env=environment, timeout=300)
        self.process = subprocess.Popen(self.command(own, config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

    def is_ready(self):
        for _ in range(100):
            if self.process.poll() is not None:
                return False
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.1)
        return False

    def serves_banned(self, request):
        """Whether the answer to these bytes is the banned host's."""
        answer = b""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.settimeout(0.4)
                connection.sendall(request)
                while MARK not in answer and b"other" not in answer:
                    part = connection.recv(4096)
                    if not part:
                        break
                    answer += part
        except OSError:
            pass
        return MARK in answer


def servers():
    return [
        Server("nginx", ["nginx"], NGINX, lambda own, config: ["nginx", "-p", own, "-c", config]),
        Server("haproxy", ["haproxy"], HAPROXY, lambda own, config: ["haproxy", "-db", "-f", config]),
        Server("apache", ["apache2"], APACHE, lambda own, config: ["apache2", "-D", "FOREGROUND", "-f", config]),
        Server("node", ["node"], NODE, lambda own, config: ["node", config]),
        Server("go", ["go"], GO, lambda own, config: [own + "/server"]),
        Server("python", ["python3"], PYTHON, lambda own, config: [sys.executable, config]),
    ]


def requests():
    """Bytes of a request by what is odd about it."""
    cases = {}

    def add(title, line=b"GET / HTTP/1.1", host=NAME.encode(), end=b"\r\n", field=b"Host: ", before=b""):
        cases[title] = before + line + end + field + host + end + b"Connection: close" + end + end

    name = NAME.encode()
    add("plain")
    for version in ("HTTP/1.0", "HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/1.10", "HTTP/1.999", "HTTP/01.1", "HTTP/2.0", "HTTP/2", "HTTP/3.7",
                    "HTTP/9.9", "http/1.1", "Http/1.1", "RTSP/1.0", "ICE/1.0", "SIP/2.0", "HTTPS/1.1", "HTTP/1.", "HTTP/1", "HTTP 1.1", "X"):
        for method in ("GET", "OPTIONS", "DESCRIBE", "SOURCE"):
            add(f"{method} {version}", f"{method} / {version}".encode())
    for target in ("/", "/x", "*", "x", "x/y", "?", "//x", "http://other.example/", "/x y", "other.example:80", "%2f"):
        for method in ("GET", "POST", "get", "XYZ"):
            add(f"{method} {target} and no version", f"{method} {target}".encode())
            add(f"{method} {target}", f"{method} {target} HTTP/1.1".encode())
    for method in ("get", "Get", "G", "FOO_BAR", "M-SEARCH", "(GET)", "G/T", "GET:", "A" * 70, "A" * 300, "A" * 5000):
        add(f"method {method[:12]} of {len(method)}", method.encode("latin-1") + b" / HTTP/1.1")
    for value in list(range(0, 33)) + [0x7f, 0x80, 0x85, 0xa0]:
        byte = bytes([value])
        add(f"{value:#04x} behind the method", b"GET" + byte + b"/ HTTP/1.1")
        add(f"{value:#04x} behind the target", b"GET /" + byte + b"HTTP/1.1")
        add(f"{value:#04x} in the target", b"GET /" + byte + b"x HTTP/1.1")
        add(f"{value:#04x} behind the version", b"GET / HTTP/1.1" + byte)
        add(f"{value:#04x} in front", before=byte)
        add(f"{value:#04x} and a line end in front", before=byte + b"\r\n")
        add(f"{value:#04x} in front of the field", field=byte + b"Host: ")
        add(f"{value:#04x} in front of the colon", field=b"Host" + byte + b": ")
        add(f"{value:#04x} behind the colon", field=b"Host:" + byte)
        add(f"{value:#04x} behind the host", host=name + byte)
        add(f"{value:#04x} in front of the host", host=byte + name)
        add(f"{value:#04x} and more behind the host", host=name + byte + b"x")
        add(f"{value:#04x} in front of Host in another field", field=b"X: y" + byte + b"Host: ")
    for tail in ("/", "/x", ",", ", a", ",a", ";a", "?a", "#a", "\\a", "@a", ":", ":80", ":x", ":80:80", ".", "..", ".:80", "./x", " a", "\"", "%00", "*", "|", "&", "'", "<", ">"):
        add(f"{tail} behind the host", host=name + tail.encode())
    for head in ("a,", "a, ", "a;", "user@", "user:word@", "http://", "//", "/", ".", "*.", ":", "[", "\"", "'", "a ", "a\t"):
        add(f"{head} in front of the host", host=head.encode() + name)
    add("brackets", host=b"[" + name + b"]:80")
    add("upper case", host=name.upper())
    add("no blank", field=b"Host:")
    add("field in lower case", field=b"host: ")
    add("field in upper case", field=b"HOST: ")
    add("folded", field=b"Host:\r\n ")
    add("folded, with a part in front", field=b"Host: \r\n\t")
    add("LF", end=b"\n")
    add("CR CR LF", end=b"\r\r\n")
    add("CR", end=b"\r")
    add("empty lines in front", before=b"\r\n\r\n")
    add("two hosts, the first one", field=b"Host: ", host=name + b"\r\nHost: other.example")
    add("two hosts, the last one", field=b"Host: other.example\r\nHost: ")
    for scheme in ("http", "HTTP", "https", "ws", "x", "ftp"):
        for authority in (NAME, NAME + ":80", NAME + ".", "user@" + NAME, "a:b@" + NAME + ":80", NAME + "@other.example", NAME.upper(),
                          "www.b%61nned.example", "www.ban\tned.example", NAME + "\\x", NAME + "?x", NAME + "#x"):
            add(f"{scheme}://{authority}", f"GET {scheme}://{authority}/ HTTP/1.1".encode(), host=b"other.example")
            add(f"{scheme}://{authority} and no version", f"GET {scheme}://{authority}/".encode(), host=b"other.example")
    for target in (f"http:/{NAME}/", f"http:{NAME}/", f"//{NAME}/", f"http:///{NAME}/", f"{NAME}/", f"://{NAME}/", f"http://{NAME}", f"http:\\\\{NAME}/", f"http://\\{NAME}/"):
        add(f"target {target}", f"GET {target} HTTP/1.1".encode(), host=b"other.example")
    return cases


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(from_client, port, flags, sequence, acknowledgment, payload=b""):
    ends = [bytes([192, 0, 2, 1]), bytes([198, 51, 100, 2])]
    ports = [port, 80]
    if not from_client:
        ends.reverse()
        ports.reverse()
    header = struct.pack(">HHIIBBHHH", *ports, sequence, acknowledgment, 5 << 4, flags, 65000, 0, 0)
    pseudo = ends[0] + ends[1] + struct.pack(">BBH", 0, 6, len(header) + len(payload))
    header = header[:16] + struct.pack(">H", checksum(pseudo + header + payload)) + header[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(header) + len(payload), 1, 0, 64, 6, 0) + ends[0] + ends[1]
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    ethernet = bytes(5) + b"\2" + bytes(5) + b"\1" + b"\x08\x00"
    return ethernet + ip + header + payload


def write_capture(path, payloads):
    """A connection for each of the payloads, from ports 10000 on."""
    fin, syn, push, ack = 1, 2, 8, 16
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for i, payload in enumerate(payloads):
            port = 10000 + i
            frames = [frame(True, port, syn, 999, 0), frame(False, port, syn | ack, 4999, 1000), frame(True, port, ack, 1000, 5000)]
            for at in range(0, len(payload), 1400):
                frames.append(frame(True, port, push | ack, 1000 + at, 5000, payload[at:at + 1400]))
            frames.append(frame(True, port, fin | ack, 1000 + len(payload), 5000))
            for one in frames:
                file.write(struct.pack("<IIII", 1700000000 + i, 0, len(one), len(one)) + one)


def ports_named(program, folder, payloads):
    """The client ports whose connections name the banned host, or cannot be judged and are refused."""
    capture, passed = os.path.join(folder, "requests.pcap"), os.path.join(folder, "passed.pcap")
    config = os.path.join(folder, "sluice.toml")
    write_capture(capture, payloads)
    with open(os.path.join(folder, "banned.list"), "w", encoding="ascii") as file:
        file.write(NAME + "\n")
    with open(config, "w", encoding="ascii") as file:
        file.write('[[list]]\napp = "test"\nfile = "banned.list"\n[[policy]]\nname = "all"\napps = ["test"]\naction = "drop"\n')
    run = subprocess.run([program, "replay", "--read", capture, "--write", passed, "--events", "-", "--config", config],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    events = [json.loads(line) for line in run.stdout.splitlines() if line.startswith(b"{")]
    assert events, "no event"
    with open(passed, "rb") as file:
        data = file.read()
    # A connection whose last segment with data came through was not refused.
    through, at = {}, 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        one = data[at + 16:at + 16 + size]
        port = struct.unpack_from(">H", one, 34)[0]
        through[port] = through.get(port, b"") + one[54:]
        at += 16 + size
    return {10000 + i for i, payload in enumerate(payloads) if payload not in through.get(10000 + i, b"")}


def main():
    program = os.path.abspath(sys.argv[1])
    all_servers = servers()
    absent = [server.name for server in all_servers if server.missing()]
    present = [server for server in all_servers if not server.missing()]
    if not [server for server in present if server.name != "python"]:
        print("SKIPPED: no server is installed (deploy/dependencies lab clients)")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        try:
            for server in present:
                server.start(folder)
            for server in [server for server in present if not server.is_ready()]:
                print(f"FAILED: {server.name} does not start")
                present.remove(server)
                failed += 1
            cases = requests()
            jobs = [(title, server) for title in cases for server in present]
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                answers = list(pool.map(lambda job: job[1].serves_banned(cases[job[0]]), jobs))
        finally:
            for server in present:
                if server.process and server.process.poll() is None:
                    server.process.terminate()
                    server.process.wait(10)
        takers = {title: [] for title in cases}
        for (title, server), answer in zip(jobs, answers):
            if answer:
                takers[title].append(server.name)
        for server in present:
            if server.name not in takers["plain"]:
                print(f"FAILED: {server.name} does not serve a plain request")
                failed += 1
        refused = ports_named(program, folder, list(cases.values()))
    for i, title in enumerate(cases):
        if "--table" in sys.argv and takers[title]:
            print(f"{'refused' if 10000 + i in refused else 'passes':8} {title:45} {' '.join(takers[title])}")
        if takers[title] and 10000 + i not in refused:
            print(f"FAILED: {title!r} passes; taken by {' '.join(takers[title])}")
            failed += 1
    taken = sum(1 for names in takers.values() if names)
    print(f"{len(cases)} requests, {taken} taken by one of {' '.join(server.name for server in present)}; {failed} failed")
    if absent:
        print(f"not asked, because not installed: {' '.join(absent)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
