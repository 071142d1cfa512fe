#!/usr/bin/env python3
"""The walk through deploy/README.md, "Lists in operation", in its order: a bundle that is signed and published over HTTPS, a bad one, a
rollback, a zone of a real Knot server, an open connection whose name becomes banned, a list on trial, and names that the app moved to. Exits 77 (skipped) where it cannot run.

usage: lists_in_operation_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from xdp_lab import BANNED, MOVED, ORDINARY, SERVER, Failure, Lab, expect, run_steps, run_test, skip_without

LATER, FED, OPEN, TRIED = "www.later.test", "www.fed.test", "www.open.test", "www.tried.test"

NGINX = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:8443 ssl;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    root {folder}/published;
  }}
}}
"""

KNOT = """server:
  rundir: "{folder}/knot"
  listen: 127.0.0.1@5353
database:
  storage: "{folder}/knot"
log:
  - target: stderr
    any: info
key:
  - id: sluice
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: gateway
    address: 127.0.0.1@5300
    key: sluice
acl:
  - id: gateway
    action: transfer
    key: sluice
zone:
  - domain: rpz.test
    storage: "{folder}/knot"
    file: zone
    acl: gateway
    notify: gateway
    zonefile-load: difference
    zonefile-sync: -1
    journal-content: changes
"""

LISTS = f"""[limits]
flows = 1024
[dns]
trusted_resolvers = ["{SERVER}"]
[suggest]
enable = true
file = "suggestions.json"
[audit]
file = "audit.jsonl"
[reload]
kill_open_flows = true
max_shrink = 60
[lists]
state = "state"
[[source]]
name = "department"
url = "https://localhost:8443/ban.bundle"
trusted_keys = ["department.pub"]
ca_file = "server.pem"
interval_seconds = 1
[[list]]
name = "game"
app = "game"
source = "department"
[[list]]
app = "feed"
zone = "rpz.test"
primaries = ["127.0.0.1:5353"]
tsig_key_file = "rpz.key"
notify_listen = "127.0.0.1:5300"
zone_file = "rpz.zone"
"""
POLICY = """[[policy]]
name = "everyone"
apps = ["game", "feed"]
"""
TRIAL = """[[list]]
app = "game"
file = "trial.list"
shadow = true
"""


class Walk(Lab):
    def run(self, *words, status=0):
        ran = subprocess.run([str(word) for word in words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if ran.returncode != status:
            raise Failure(f"{words}: status {ran.returncode}, {ran.stdout}{ran.stderr}")
        return ran.stdout

    def sluice(self, *words, status=0):
        return self.run(self.program, *words, status=status)

    def publish(self, content):
        """Replaces what the web server publishes, at once."""
        aside = self.folder / "aside"
        aside.write_bytes(content)
        aside.rename(self.folder / "published" / "ban.bundle")

    def sign(self, version, names, key="department.key"):
        (self.folder / "game.list").write_text("".join(name + "\n" for name in names))
        (self.folder / "made.bundle").unlink(missing_ok=True)
        self.sluice("lists", "sign", "--key", key, "--version", version, "--out", "made.bundle", "game=game.list")
        return (self.folder / "made.bundle").read_bytes()

    def feed(self, serial, names):
        records = "".join(f"{name}.rpz.test. CNAME .\n" for name in names)
        (self.folder / "knot" / "zone").write_text(f"$TTL 60\n@ SOA ns hostmaster {serial} 60 60 86400 60\n@ NS ns.invalid.\n{records}")
        if self.knot:
            self.knot.send_signal(signal.SIGHUP)

    def serve_lists(self):
        for folder in ("published", "knot"):
            (self.folder / folder).mkdir()
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                 "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.pem")
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder))
        secret = self.run("openssl", "rand", "-base64", "32").strip()
        (self.folder / "rpz.key").write_text(f"hmac-sha256:sluice:{secret}\n")
        (self.folder / "rpz.key").chmod(0o600)
        (self.folder / "knot.conf").write_text(KNOT.format(folder=self.folder, secret=secret))
        self.knot = None
        self.feed(1, [BANNED + "-unused"])
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.start("gateway", "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), **quiet)
        with open(self.folder / "knot.log", "w") as log:
            self.knot = self.start("gateway", "knotd", "-c", str(self.folder / "knot.conf"), stdout=log, stderr=log)

    def soon(self, holds, what):
        for _ in range(150):
            if holds():
                print(f"  ok: {what}", flush=True)
                return
            time.sleep(0.1)
        raise Failure(what)

    def soon_logged(self, text):
        self.soon(lambda: text in self.log(), f"the log says: {text}")

    def refusals(self, reason):
        return self.metric(rf'sluice_source_refusals_total\{{source="department",reason="{reason}"\}}') or 0

    def expect_refusal(self, reason, what):
        self.soon(lambda: self.refusals(reason) > 0, f"{what} is refused, and counted as {reason}")
        self.expect_verdicts(False, True, what)
        expect(not self.answers(LATER), f"{what}: the last good version stays")


def signed_and_published(walk):
    walk.sluice("lists", "keygen", "--out", "department")
    walk.publish(walk.sign(1, [BANNED]))
    walk.write_config("closed", LISTS + POLICY)
    walk.run_gateway()
    walk.expect_verdicts(False, True, "version 1")
    expect(walk.answers(LATER), "version 1: a name that is not in it yet is answered")
    walk.publish(walk.sign(2, [BANNED, LATER]))
    walk.soon(lambda: not walk.answers(LATER), "version 2 is in force")


def broken_and_refused(walk):
    walk.sluice("lists", "keygen", "--out", "stranger")
    walk.publish(walk.sign(3, [ORDINARY], "stranger.key"))
    walk.expect_refusal("untrusted", "a bundle of another key")
    good = walk.sign(3, [BANNED, LATER, "more.test"])
    walk.publish(good[:-1] + bytes([good[-1] ^ 1]))
    walk.expect_refusal("digest", "a bundle with a changed byte")
    walk.publish(b"<!DOCTYPE html><html><body>Sign in</body></html>\n")
    walk.expect_refusal("not_a_list", "a captive portal's page")
    walk.publish(walk.sign(1, [ORDINARY]))
    walk.expect_refusal("older", "an older version")


def rolled_back(walk):
    walk.publish(walk.sign(2, [BANNED, LATER]))
    walk.sluice("lists", "rollback", "-c", walk.config, "department")
    walk.soon(lambda: walk.answers(LATER), "the version before is in force")
    walk.expect_verdicts(False, True, "rolled back")
    walk.sluice("lists", "rollback", "-c", walk.config, "department", "--resume")
    walk.soon(lambda: not walk.answers(LATER), "the newest version is in force again")


def fed_by_a_zone(walk):
    expect(walk.answers(FED), "a name that the zone has not yet is answered")
    walk.feed(2, [BANNED + "-unused", FED])
    walk.soon(lambda: not walk.answers(FED), "a name that the zone brings is banned")
    expect("www.fed.test" in walk.sluice("check", "-c", walk.config, FED, status=1), "check says why")


def an_open_connection_ends(walk):
    walk.open_stream(OPEN)
    walk.expect_stream("not banned yet")
    walk.feed(3, [BANNED + "-unused", FED, OPEN])
    walk.soon(lambda: not walk.answers(OPEN), "its name is banned")
    time.sleep(1)
    before = walk.stream()[0]
    time.sleep(1)
    expect(walk.stream()[0] == before, "nothing comes through the open connection any more")


def on_trial(walk):
    (walk.folder / "trial.list").write_text(TRIED + "\n")
    walk.write_config("closed", LISTS + TRIAL + POLICY)
    walk.gateway.send_signal(signal.SIGHUP)
    counted = r'sluice_shadow_decisions_total\{policy="everyone",app="game",would="drop"\}'
    walk.soon(lambda: walk.answers(TRIED) and walk.metric(counted), "a name of a list on trial is answered, and counted")
    # The trail is written behind the packets, so its last line may not be whole yet.
    def would():
        lines = (walk.folder / "audit.jsonl").read_text().split("\n")[:-1]
        return {(it.get("would"), it.get("name")) for it in map(json.loads, lines) if it.get("action") == "shadow"}
    walk.soon(lambda: would() == {("drop", TRIED)}, "the audit trail says what it would have done")
    walk.expect_verdicts(False, True, "with a list on trial")


# What was gathered is written at the end, too.
def where_the_app_went(walk):
    for _ in range(3):
        expect(not walk.answers(MOVED), "an alias of a banned name is not answered")
    expect((walk.metric("sluice_suggest_ties_total") or 0) >= 3, "it is counted")
    expect(walk.end_gateway() == 0, "the gateway ends with status 0")
    shown = walk.sluice("lists", "suggest", "-c", walk.config, "--min-count", 3, "--min-clients", 1)
    expect(f"{MOVED} app=game\n" in shown and "about 1 client;" in shown, "it is a candidate")
    expect("1 candidates" in shown, "and no other name is")
    walk.sluice("lists", "suggest", "-c", walk.config, "--min-count", 3, "--min-clients", 1, "--to", "moved.list")
    expect(MOVED in (walk.folder / "moved.list").read_text().splitlines(), "it is in the list")
    walk.sluice("lists", "lint", "game=moved.list")
    expect("10.78." not in (walk.folder / "suggestions.json").read_text(), "and no client is in the file")


STEPS = (("a bundle is signed and published", signed_and_published), ("bad ones are refused", broken_and_refused),
         ("rolled back", rolled_back), ("fed by a zone", fed_by_a_zone), ("an open connection ends", an_open_connection_ends),
         ("a list on trial", on_trial), ("where the app went", where_the_app_went))


def run(program):
    skip_without("nginx", "knotd", "openssl")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # knotd may run as somebody else
        walk = Walk(Path(program).resolve(), folder)
        steps = [("the lists are served", walk.serve_lists), *((name, partial(step, walk)) for name, step in STEPS)]
        return run_steps(walk, steps)


if __name__ == "__main__":
    sys.exit(run_test(__doc__, run))
