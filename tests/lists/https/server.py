#!/usr/bin/env python3
"""An HTTPS server for tests, on a free port of 127.0.0.1.

usage: server.py FOLDER CERTIFICATE KEY

Serves the files of FOLDER with ETag and Last-Modified, and logs each status to FOLDER/requests.log. A file `mode`
beside them says what goes wrong: truncated, endless (no known end), stalled, page, redirect-http, redirect-loop, missing.
Prints its port, and ends when standard input does.
"""

import hashlib
import http.server
import pathlib
import ssl
import sys
import threading
import time

FOLDER, CERTIFICATE, KEY = (pathlib.Path(word) for word in sys.argv[1:4])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, headers, body=b"", length=None):
        with (FOLDER / "requests.log").open("a") as log:
            log.write(f"{status}\n")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if length != "":
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def do_GET(self):
        mode = (FOLDER / "mode").read_text() if (FOLDER / "mode").exists() else ""
        body = (FOLDER / self.path.strip("/")).read_bytes()
        tag = '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
        headers = {"Content-Type": "text/plain", "ETag": tag, "Last-Modified": "Sat, 28 Nov 2026 01:00:00 GMT"}
        if mode == "truncated":
            self.send(200, headers, body[:len(body) // 2], len(body))
        elif mode == "endless":
            self.send(200, headers, body, "")
        elif mode == "stalled":
            self.send(200, headers, body[:3], len(body))
            time.sleep(20)
        elif mode == "page":
            self.send(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
        elif mode == "page-as-text":
            self.send(200, {"Content-Type": "text/plain"}, b"\n<!DOCTYPE html><title>Log in</title>")
        elif mode == "redirect-http":
            self.send(302, {"Location": "http://127.0.0.1:1/list"})
        elif mode == "redirect-loop":
            self.send(302, {"Location": self.path})
        elif mode == "missing":
            self.send(404, {})
        elif self.headers.get("If-None-Match") == tag:
            self.send(304, headers, length="")
        else:
            self.send(200, headers, body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
