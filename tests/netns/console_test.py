#!/usr/bin/env python3
"""The console of a gateway that bridges real interfaces, in headless Chromium: it shows what traffic brought, explains by keyboard alone, is accessible, keeps its
content security policy and its token, and does the gateway no harm. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway, browser │ outside ── server      three namespaces, made and removed here

  --picture FILE   checks nothing: makes eleven minutes of traffic, by the shipped lists, and takes the README's picture

usage: console_test.py PROGRAM [--picture FILE]      PROGRAM is an existing `sluice`
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import browser
import office
from xdp_lab import Failure, Lab, expect, run_steps, run_test, skip_without

PORT = 9465
TOKEN = "correct-horse-battery-staple"
HOSTILE = "<img src=x onerror=document.title=1>.banned.test"
PICTURE_SECONDS = 11 * 60


# ── in the client's and the gateway's namespace ──


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

    def browse(self, phase, *picture):
        browser.run_script("page_test.js", TOKEN, phase, *picture, home=self.folder, within=partial(self.within, "gateway"))

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
    for host in office.CLASSROOMS + office.STAFF[1:]:
        lab.ip("client", "addr", "add", f"{host}/24", "dev", "eth0")
    lab.configure_console(office.list_settings(office.shipped_lists()) + office.POLICIES)
    lab.run_gateway()
    traffic = lab.start("client", *lab.itself("--traffic", PICTURE_SECONDS))
    time.sleep(PICTURE_SECONDS - 30)
    lab.browse("picture", picture)
    traffic.terminate()
    browser.shrink(picture)


def test(program, picture=None):
    skip_without()
    browser.install()
    steps = (starts, knows_who_asks, page_works, withstands_peers, page_says_that_it_is_degraded, ends)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lab = ConsoleLab(program, folder)
        if picture:
            return run_steps(lab, [("takes the picture", partial(take_picture, lab, picture))])
        return run_steps(lab, [(step.__name__.replace("_", " "), partial(step, lab)) for step in steps])


def main():
    if sys.argv[1:2] == ["--traffic"]:
        office.ask_questions(float(sys.argv[2]))
        return 0
    if sys.argv[1:2] == ["--crowd"]:
        crowd()
    if sys.argv[2:3] == ["--picture"] and len(sys.argv) == 4:
        return test(sys.argv[1], Path(sys.argv[3]).resolve())
    return run_test(__doc__, test)


if __name__ == "__main__":
    sys.exit(main())
