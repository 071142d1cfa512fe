#!/usr/bin/env python3
"""The control socket of a gateway that bridges real interfaces: what `sluice status`, `explain`, `flows`, `clients`, `reload` and `log-level` say, who may
ask, and that slow, huge, garbage and a thousand peers do no harm: a client in parallel gets right verdicts throughout. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway │ outside ── server      three namespaces, made and removed here

usage: control_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import json
import os
import pty
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial

from xdp_lab import BANNED, CLIENT, ORDINARY, Failure, Lab, expect, run_steps, run_test, skip_without

STRANGER, READERS, ADMINS = 54321, 54322, 54323
PATIENCE_SECONDS = 60


class ControlLab(Lab):
    def path(self):
        return self.folder / "control.sock"

    def configure_control(self):
        (self.folder / "names.list").write_text(BANNED + "\n")
        self.write_config("closed", pins=False, rest=f'''[limits]
flows = 1024
[control]
socket = "{self.path()}"
read_group = "{READERS}"
admin_group = "{ADMINS}"
[[list]]
app = "game"
file = "names.list"
[[policy]]
name = "everyone"
apps = ["game"]
''')
        os.chmod(self.folder, 0o755)

    def sluice(self, *words, user=0, group=0):
        """(exit status, standard output, standard error) of a command, as another user if one is given."""
        who = {"user": user, "group": group, "extra_groups": []} if user else {}
        done = subprocess.run([str(self.program), *words, "--socket", str(self.path())], capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, **who)
        return done.returncode, done.stdout, done.stderr

    def reply(self, *words, status=0):
        code, printed, said = self.sluice(*words, "--json")
        expect(code == status, f"`sluice {' '.join(words)}` has status {status}" + (f": it has {code}, {said}" if code != status else ""))
        return json.loads(printed)

    def status(self):
        """The reply to `status`, and the codes of its reasons, without those that a loaded machine may have: a worker that was not scheduled in time."""
        code, printed, said = self.sluice("status", "--json")
        if code not in (0, 1):
            raise Failure(f"`sluice status` has status {code}: {said}")
        reply = json.loads(printed)
        if code != (reply["health"] != "healthy") or (code == 0) != (reply["reasons"] == []):
            raise Failure(f"the exit status says what the reply says: {code}, {printed}")
        return reply, [reason["code"] for reason in reply["reasons"] if reason["code"] not in ("failed_closed", "frames_lost")]

    def peer(self):
        one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        one.connect(str(self.path()))  # with a timeout it would fail when the backlog is full
        one.settimeout(PATIENCE_SECONDS)
        return one


def read_all(peer):
    answer = b""
    try:
        while data := peer.recv(1 << 16):
            answer += data
    except ConnectionResetError:
        pass  # it was closed with bytes of ours unread
    return answer


def read_terminal(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def starts(lab):
    code, _, said = lab.sluice("status")
    expect(code == 2 and "no gateway listens there" in said, "without a gateway, `sluice status` has status 2 and says so")
    lab.configure_control()
    lab.run_gateway()
    lab.expect_verdicts(False, True, "at work")


def is_asked(lab):
    code, printed, _ = lab.sluice("status")
    expect(printed.startswith("degraded\n" if code else "healthy\n") and "inside (inside), outside (outside)" in printed, "status is one screen")
    status, reasons = lab.status()
    expect(reasons == [], "it is healthy")
    expect(status["rules"] == 1 and status["totals"]["packets"] > 0, "status has rules and packets")
    blocked = lab.reply("explain", f"https://{BANNED}/", "--client", CLIENT, status=1)["explanation"]
    expect((blocked["verdict"], blocked["list"], blocked["line"], len(blocked["list_version"])) == ("drop", "names", 1, 16),
           "explain names list, line and version")
    expect(lab.reply("explain", ORDINARY)["explanation"]["verdict"] == "pass", "explain says that an ordinary name passes")
    flows = lab.reply("flows")["flows"]
    expect(flows and all(flow["name"] == BANNED for flow in flows), "flows has what was blocked, and nothing that passed")
    clients = lab.reply("clients")["clients"]
    expect([(row["client"], row["app"]) for row in clients] == [(CLIENT, "game")] and clients[0]["count"] == len(flows),
           "clients says who tries which app, and how often")
    expect(lab.reply("log-level", "debug")["level"] == "debug" and lab.reply("log-level")["level"] == "debug", "the log level is set")


def captures(lab):
    """With a real reader of captures behind it."""
    capture = subprocess.Popen([str(lab.program), "capture", "--write", str(lab.folder / "blocked.pcap"), "--limit", "2", "--socket", str(lab.path())],
                               stderr=subprocess.PIPE, text=True)
    lab.processes.append(capture)
    while capture.poll() is None:  # ends with two blocked questions
        lab.expect_verdicts(False, True, "while packets are captured")
    said = capture.stderr.read()
    expect(capture.returncode == 0 and "2 blocked frames written" in said, f"`sluice capture` ends when it has enough: {said}")
    read = subprocess.run([str(lab.program), "inspect", "--read", str(lab.folder / "blocked.pcap")], capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    names = {json.loads(line)["name"] for line in read.stdout.splitlines()}
    expect(names == {BANNED}, f"it holds what was blocked, and nothing that passed: {names}")


def shows_a_screen(lab):
    code, printed, _ = lab.sluice("top", "--once", "--interval", "1")
    expect(code == 0 and BANNED in printed and CLIENT in printed and "WORKER" in printed, "`sluice top --once` names what was blocked, and whose it was")
    terminal, ours = pty.openpty()
    top = subprocess.Popen([str(lab.program), "top", "--interval", "1", "--socket", str(lab.path())], stdin=ours, stdout=ours, stderr=ours,
                           env={**os.environ, "TERM": "xterm", "LINES": "40", "COLUMNS": "120"}, start_new_session=True)
    lab.processes.append(top)
    os.close(ours)
    seen = b""
    while BANNED.encode() not in seen:  # ends with the process, at the latest
        seen += os.read(terminal, 65536)
    os.write(terminal, b"q")
    drain = threading.Thread(target=lambda: [None for _ in iter(partial(read_terminal, terminal), b"")])
    drain.start()
    expect(top.wait(PATIENCE_SECONDS) == 0, "`sluice top` shows it on a terminal, and q ends it")
    drain.join()
    os.close(terminal)


def reloads(lab):
    names = lab.folder / "names.list"
    names.write_text(f"{BANNED}\n{ORDINARY}\n")
    reply = lab.reply("reload")
    expect(reply["result"] == "in_force" and reply["rules"] == 2, "a reload is answered when it is in force")
    lab.expect_verdicts(False, False, "after the reload")
    names.write_text("<html>a captive portal</html>\n")
    code, _, said = lab.sluice("reload")
    expect(code == 1 and "the reload was refused" in said, "a reload that would lift the ban is refused, with status 1 and the reason")
    expect(lab.status()[1] == ["reload_refused"], "the gateway is degraded, with status 1 and the reason")
    lab.expect_verdicts(False, False, "after the refused reload")
    names.write_text(BANNED + "\n")
    lab.reply("reload", "--accept")
    expect(lab.status()[1] == [], "the gateway is healthy after an accepted reload")
    lab.expect_verdicts(False, True, "after an accepted reload")


def knows_who_asks(lab):
    code, _, said = lab.sluice("status", user=STRANGER, group=STRANGER)
    expect(code == 2 and "may ask" in said, "a user without rights is refused, and told why")
    code, printed, _ = lab.sluice("status", user=STRANGER, group=READERS)
    expect(code in (0, 1) and "1 rule" in printed, "a member of read_group may ask")
    code, _, said = lab.sluice("reload", user=STRANGER, group=READERS)
    expect(code == 2 and "admin_group" in said, "a member of read_group may not reload")
    expect(lab.sluice("reload", user=STRANGER, group=ADMINS)[0] == 0, "a member of admin_group may")


def withstands_peers(lab):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, files[1]), files[1]))
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100 + b"\n", b"[" * 4000 + b"\n", b"a" * 10000):
        peer = lab.peer()
        peer.sendall(garbage)
        answer = read_all(peer)
        expect(answer.count(b"\n") == 1 and b'"ok":false' in answer, f"{garbage[:10]}… is answered by an error and closed")
    huge = lab.peer()
    try:
        for _ in range(1000):
            huge.sendall(b"a" * 65536)
    except OSError:
        pass
    expect(b"too_large" in read_all(huge), "a huge request is refused")
    lab.expect_verdicts(False, True, "after garbage")
    slow = lab.peer()  # asks for much and reads nothing
    for _ in range(1000):
        try:
            slow.send(b'{"sluice":1,"command":"flows","limit":512}\n' * 90, socket.MSG_DONTWAIT)
        except OSError:
            break
    lab.expect_verdicts(False, True, "while a peer reads nothing")
    crowd = [lab.peer() for _ in range(1000)]
    lab.expect_verdicts(False, True, "with a thousand peers")
    refused = sum(b'"busy"' in read_all(peer) for peer in crowd[100:])
    expect(refused == 900, "those over the limit are told so and closed")
    expect(lab.gateway.poll() is None, "the gateway runs on")
    for peer in (*crowd, slow, huge):
        peer.close()
    for _ in range(100):
        if lab.sluice("status")[0] != 2:
            break
        time.sleep(0.1)
    expect(lab.status()[1] == [], "the gateway answers when they are gone")


def idle_peers_go(lab):
    idle = lab.peer()
    began = time.monotonic()
    expect(b'"timeout"' in read_all(idle), f"an idle peer is told so and closed ({time.monotonic() - began:.0f} s)")


def is_the_only_one(lab):
    second = subprocess.run(lab.within("gateway", str(lab.program), "run", "--config", str(lab.config), "--metrics", "127.0.0.1:9465"),
                            capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    expect(second.returncode == 2 and "another process listens there" in second.stderr, "a second gateway is refused at this socket")
    lab.end_gateway(signal.SIGKILL)
    expect(lab.path().is_socket(), "a killed gateway leaves its socket")
    lab.run_gateway()
    lab.status()
    expect(lab.end_gateway() == 0 and not lab.path().exists(), "the next one replaces it, and takes it away when it ends")


def test(program):
    skip_without()
    with tempfile.TemporaryDirectory() as folder:
        lab = ControlLab(program, folder)
        return run_steps(lab, [(step.__name__.replace("_", " "), partial(step, lab)) for step in
                               (starts, is_asked, captures, shows_a_screen, reloads, knows_who_asks, withstands_peers, idle_peers_go, is_the_only_one)])


if __name__ == "__main__":
    sys.exit(run_test(__doc__, test))
