#!/usr/bin/env python3
"""The console of a gateway that bridges real interfaces, in headless Chromium: it shows what traffic brought, explains by keyboard alone, is accessible, keeps its
content security policy and its token, and does the gateway no harm. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway, browser │ outside ── server      three namespaces, made and removed here

  --picture FILE   checks nothing: makes eleven minutes of traffic, by the shipped lists, and takes the README's picture

usage: console_test.py PROGRAM [--picture FILE]      PROGRAM is an existing `sluice`
"""

import math
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from xdp_lab import BANNED, DNS, ORDINARY, SERVER, Failure, Lab, Skipped, expect, question, run_steps, run_test, skip_without

ROOT = Path(__file__).resolve().parents[2]
INSTALL, PAGE_TEST = ROOT / "tests/console/install", ROOT / "tests/console/page_test.js"
MODULES = ROOT / "build/console/node_modules"
CHROMIUM = "/usr/bin/chromium"
PORT = 9465
TOKEN = "correct-horse-battery-staple"
HOSTILE = "<img src=x onerror=document.title=1>.banned.test"
PATIENCE_SECONDS = 300
PICTURE_SECONDS = 11 * 60


# ── in the client's and the gateway's namespace ──


def make_traffic(seconds):
    """Questions of several clients: mostly ordinary names, and some of banned apps, as on a working day."""
    dice = random.Random(7)
    clients = [f"10.78.0.{host}" for host in (1, 17, 18, 21, 33, 34)]
    sockets = {}
    for client in clients:
        sockets[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets[client].bind((client, 0))
        sockets[client].setblocking(False)
    banned = ["web.wechat.com", "www.tiktok.com", "v16m.tiktokcdn.com", "short.weixin.qq.com", "mon.tiktokv.com", "ksn-file-geo.kaspersky-labs.com",
              "www.kaspersky.com"]
    ordinary = [f"www.{word}.example" for word in ("news", "mail", "maps", "bank", "school", "video", "search", "weather")]
    began = time.monotonic()
    while (past := time.monotonic() - began) < seconds:
        client = dice.choice(clients)
        if dice.random() < 0.03 * (1.2 + math.sin(past / 47)) * (3 if 250 < past % 420 < 290 else 1):
            name = dice.choices(banned, weights=(9, 12, 6, 4, 5, 2, 1))[0]
            client = dice.choice(clients[1:4])
        else:
            name = dice.choice(ordinary)
        try:
            sockets[client].sendto(question(name), (SERVER, DNS))
            while sockets[client].recv(2048):
                pass
        except BlockingIOError:
            pass
        time.sleep(0.012 * (1.3 + 0.6 * math.sin(past / 90) + 0.2 * math.sin(past / 13)))


def crowd():
    """More peers than the console takes, which ask for nothing, for as long as this runs."""
    peers = []
    while True:
        for _ in range(50):
            peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            peer.setblocking(False)
            try:
                peer.connect(("127.0.0.1", PORT))
            except BlockingIOError:
                pass
            peers.append(peer)
        time.sleep(0.2)
        for peer in peers[:-100]:
            peer.close()
        del peers[:-100]


# ── the test ──


class ConsoleLab(Lab):
    def itself(self, *words):
        if words and words[0] in ("--traffic", "--crowd"):
            return (sys.executable, "-B", __file__, *map(str, words))
        return super().itself(*words)

    def configure_console(self, rest):
        (self.folder / "token").write_text(TOKEN + "\n")
        self.write_config("closed", pins=False, rest=f'''[limits]
flows = 1024
[console]
listen = "127.0.0.1:{PORT}"
token_file = "token"
''' + rest)

    def browse(self, phase, *words):
        done = subprocess.run(self.within("gateway", "node", str(PAGE_TEST), str(MODULES), CHROMIUM, TOKEN, phase, *words), capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, env={**os.environ, "HOME": str(self.folder)})
        print(done.stdout, end="")
        if done.returncode != 0:
            raise Failure(f"the page, {phase}: {done.stderr}")

    def curl(self, *words):
        done = subprocess.run(self.within("gateway", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30", *words), capture_output=True, text=True)
        return done.stdout


def starts(lab):
    (lab.folder / "names.list").write_text("banned.test\n")
    lab.configure_console('''[[list]]
app = "game"
file = "names.list"
[[policy]]
name = "everyone"
apps = ["game"]
''')
    lab.run_gateway()
    lab.expect_verdicts(False, True, "at work")
    lab.answers(HOSTILE)


def knows_who_asks(lab):
    status = f"http://127.0.0.1:{PORT}/api/v1/status"
    bearer = ("-H", f"Authorization: Bearer {TOKEN}")
    expect(lab.curl(status) == "401", "without the token there is no answer")
    expect(lab.curl(*bearer, status) == "200", "with it there is")
    expect(lab.curl(*bearer, "-H", "Host: attacker.example", status) == "421", "a name that was bound to our address is refused")
    expect(lab.curl(*bearer, "-X", "POST", status) == "405", "nothing can be changed")


def page_works(lab):
    lab.browse("works")


def withstands_peers(lab):
    peers = lab.start("gateway", *lab.itself("--crowd"))
    time.sleep(1)
    lab.expect_verdicts(False, True, "with a crowd at the console")
    peers.terminate()
    peers.wait()
    for _ in range(30):
        if lab.curl("-H", f"Authorization: Bearer {TOKEN}", f"http://127.0.0.1:{PORT}/api/v1/status") == "200":
            break
    else:
        raise Failure("the console answers when they are gone")
    expect(lab.gateway.poll() is None, "the console answers when they are gone, and the gateway runs on")


def page_says_that_it_is_degraded(lab):
    (lab.folder / "names.list").write_text("<html>a captive portal</html>\n")
    lab.gateway.send_signal(signal.SIGHUP)
    for _ in range(100):
        if "reload refused" in lab.log() or "refused" in lab.log():
            break
        time.sleep(0.1)
    lab.browse("degraded")


def ends(lab):
    expect(lab.end_gateway() == 0, "the gateway ends as always")


def take_picture(lab, picture):
    for host in (17, 18, 21, 33, 34):
        lab.ip("client", "addr", "add", f"10.78.0.{host}/24", "dev", "eth0")
    lists = "".join(f'[[list]]\napp = "{app}"\nfile = "{ROOT}/lists/apps/{app}.{kind}"\n'
                    for app in ("wechat", "kaspersky", "tiktok") for kind in ("list", "endpoints"))
    lab.configure_console(lists + '''[[policy]]
name = "classrooms"
clients = ["10.78.0.16/28"]
apps = ["wechat", "tiktok", "kaspersky"]
action = "reject"
[[policy]]
name = "staff"
apps = ["kaspersky", "tiktok"]
''')
    lab.run_gateway()
    traffic = lab.start("client", *lab.itself("--traffic", PICTURE_SECONDS))
    time.sleep(PICTURE_SECONDS - 30)
    lab.browse("picture", str(picture))
    traffic.terminate()


def install():
    for tool in (CHROMIUM, "node"):
        if subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True).returncode != 0:
            raise Skipped(f"{tool} is missing (deploy/dependencies browser)")
    done = subprocess.run([str(INSTALL)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skipped(f"tests/console/install: {done.stderr.strip().splitlines()[-1:]}")


def test(program, picture=None):
    skip_without()
    install()
    steps = (starts, knows_who_asks, page_works, withstands_peers, page_says_that_it_is_degraded, ends)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lab = ConsoleLab(program, folder)
        if picture:
            return run_steps(lab, [("takes the picture", partial(take_picture, lab, picture))])
        return run_steps(lab, [(step.__name__.replace("_", " "), partial(step, lab)) for step in steps])


def main():
    if sys.argv[1:2] == ["--traffic"]:
        make_traffic(float(sys.argv[2]))
        return 0
    if sys.argv[1:2] == ["--crowd"]:
        crowd()
    if sys.argv[2:3] == ["--picture"] and len(sys.argv) == 4:
        return test(sys.argv[1], Path(sys.argv[3]).resolve())
    return run_test(__doc__, test)


if __name__ == "__main__":
    sys.exit(main())
