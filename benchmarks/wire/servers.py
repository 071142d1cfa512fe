"""The real servers behind the gateway: iperf3, Knot DNS, nginx, and an echo of datagrams. They run as long as the benchmark."""

import hashlib
import os
import subprocess
import time

from network import DROPPED_CLIENT, ECHO_PORT, SERVER, Trouble, last_line

COUNTED_PORT, TLS_PORT = 9, 443
FLOOD_PORTS = "20000:24095"  # of the flood's questions (frames.py)
PLAIN_PORT = 8080
BLOB_BYTES = 4 << 20
START_SECONDS = 10

# One zone, the root, answers every name that is asked for.
KNOT = """
server:
  rundir: {folder}/knot
  listen: {server}@53
  udp-workers: 2
  tcp-workers: 1
log:
  - target: stderr
    any: error
database:
  storage: {folder}/knot
template:
  - id: default
    storage: {folder}
    semantic-checks: off
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: .
    file: root.zone
"""
ZONE = """$TTL 60
.   IN SOA ns.example. root.example. 1 3600 600 86400 60
.   IN NS ns.example.
*.  IN A 192.0.2.1
"""
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log; worker_processes 2;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{
    listen {server}:{port} ssl reuseport backlog=4096;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_session_tickets off;
    ssl_protocols TLSv1.2 TLSv1.3;
    return 200 served;
  }}
  server {{ listen {server}:{plain}; root {folder}/pages; }}
}}
"""


class Servers:
    def __init__(self, network, helpers):
        self._network = network
        self._start_knot()
        self._start_nginx()
        network.start(network.server, [os.path.join(helpers, "bench_wire_ping_pong"), "echo", ECHO_PORT], "echo.log")
        network.start(network.server, ["iperf3", "-s", "--forceflush"], "iperf3.log")
        # Datagrams to this port are counted where the server's kernel takes them, and dropped: no process has to read them.
        network.run(network.server, ["iptables", "-t", "raw", "-A", "PREROUTING", "-p", "udp", "--dport", str(COUNTED_PORT),
                                     "-j", "DROP"])
        # What the server answers to the client of the flood ends there: the client has no socket for it.
        network.run(network.client, ["iptables", "-t", "raw", "-A", "PREROUTING", "-d", DROPPED_CLIENT, "-p", "udp", "--sport", "53",
                                     "--dport", FLOOD_PORTS, "-j", "DROP"])
        for port in (53, TLS_PORT, PLAIN_PORT, 5201):
            self._await(port)

    def _start_knot(self):
        network = self._network
        os.mkdir(network.path("knot"))
        network.write("root.zone", ZONE)
        file = network.write("knot.conf", KNOT.format(folder=network.folder, server=SERVER))
        network.start(network.server, ["knotd", "-c", file], "knot.log")

    def _start_nginx(self):
        network = self._network
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", "/CN=server.example", "-keyout", network.path("server.key"), "-out", network.path("server.pem")]
        subprocess.run(make, check=True, capture_output=True)
        os.mkdir(network.path("pages"))
        os.chmod(network.folder, 0o755)  # nginx reads pages as another user
        blob = os.urandom(BLOB_BYTES)
        network.write("pages/blob", blob)
        self.blob_hash = hashlib.sha256(blob).hexdigest()
        file = network.write("nginx.conf", NGINX.format(folder=network.folder, server=SERVER, port=TLS_PORT, plain=PLAIN_PORT))
        network.start(network.server, ["nginx", "-c", file, "-e", network.path("nginx-error.log")], "nginx.log")

    def _await(self, port):
        end = time.monotonic() + START_SECONDS
        while True:
            listening = self._network.run(self._network.server, ["ss", "-Hltn", f"sport = :{port}"])
            if listening.strip():
                return
            if time.monotonic() > end:
                logs = [open(self._network.path(log), encoding="utf-8", errors="replace").read()
                        for log in ("knot.log", "nginx.log", "iperf3.log")]
                raise Trouble(f"no server listens on port {port}: {' '.join(map(last_line, logs))}")
            time.sleep(0.1)

    def counted(self):
        """Datagrams that arrived on COUNTED_PORT since the start."""
        table = self._network.run(self._network.server, ["iptables", "-t", "raw", "-vnxL", "PREROUTING"])
        return int(next(line.split()[0] for line in table.splitlines() if "DROP" in line))

