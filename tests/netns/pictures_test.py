#!/usr/bin/env python3
"""What `sluice report --html` and `sluice top` look like, in headless Chromium. The report is of a month's audit trail: its figures and its chart are those of the
trail, it is accessible and loads nothing. `top` shows a gateway that bridges real interfaces, on a terminal. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway │ outside ── server      three namespaces, made and removed here

  --pictures       takes the README's pictures as well: gateway/audit/report.png, gateway/cli/top.png

usage: pictures_test.py PROGRAM [--pictures]      PROGRAM is an existing `sluice`
"""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
from functools import partial
from pathlib import Path

import browser
import month
import office
from xdp_lab import Failure, Lab, expect, run_steps, run_test, skip_without

ROOT = Path(__file__).resolve().parents[2]
REPORT_PICTURE, TOP_PICTURE = ROOT / "gateway/audit/report.png", ROOT / "gateway/cli/top.png"
COLUMNS, ROWS = 84, 49
QUIET_SECONDS = 0.4  # shorter than the interval of `top`, longer than it writes one screen
PATIENCE_SECONDS = 60
TRAFFIC_SECONDS = 600


class PicturesLab(Lab):
    def itself(self, *words):
        if words and words[0] == "--traffic":
            return (sys.executable, "-B", __file__, *map(str, words))
        return super().itself(*words)

    def look_at(self, phase, file, expected, picture):
        browser.run_script("pictures_test.js", phase, file, json.dumps(expected), *([picture] if picture else []), home=self.folder)
        if picture:
            browser.shrink(picture)

    def socket(self):
        return self.folder / "control.sock"

    def wait_for_records(self, words):
        for _ in range(600):
            asked = subprocess.run([str(self.program), "flows", "--json", "--socket", str(self.socket())], capture_output=True, text=True,
                                   timeout=PATIENCE_SECONDS)
            if asked.returncode == 0 and all(f'"{word}"' in asked.stdout for word in words):
                return
            time.sleep(0.2)
        raise Failure(f"`sluice flows` has {words}: {asked.stdout}{asked.stderr}")


def show_report(lab, picture):
    trail = month.write_trail(lab.program, lab.folder)
    verified = subprocess.run([str(lab.program), "audit", "verify", str(trail)], capture_output=True, text=True)
    expect(verified.returncode == 0, f"the month's trail is whole: {verified.stdout.strip()}")
    made = subprocess.run([str(lab.program), "report", "--html", "--from", str(month.FIRST), "--to", str(month.PAST), str(trail)], capture_output=True, text=True)
    expect(made.returncode == 0, f"`sluice report --html` has status 0{made.stderr}")
    page = lab.folder / "report.html"
    page.write_text(made.stdout)
    records = [json.loads(line) for line in trail.read_text().splitlines()]
    blocked = [record for record in records if record.get("action") in ("drop", "reject") and record["app"]]
    counted = {"blocked": len(blocked), "days": len({record["time"][:10] for record in blocked}), "apps": sorted({record["app"] for record in blocked})}
    lab.look_at("report", page, counted, picture)


def read_terminal(terminal, screens):
    """What a program writes until it has drawn that many screens, with a pause behind each."""
    written, is_drawing = b"", False
    while screens > 0:
        if select.select([terminal], [], [], QUIET_SECONDS)[0]:
            data = os.read(terminal, 65536)  # fails if the program ended
            written, is_drawing = written + data, True
        elif is_drawing:
            screens, is_drawing = screens - 1, False
    return written


def watch_top(lab, screens, interval):
    terminal, ours = pty.openpty()
    termios.tcsetwinsize(terminal, (ROWS, COLUMNS))
    environment = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")} | {"TERM": "xterm-256color"}
    top = subprocess.Popen([str(lab.program), "top", "--interval", str(interval), "--socket", str(lab.socket())], stdin=ours, stdout=ours, stderr=ours,
                           env=environment, start_new_session=True)
    lab.processes.append(top)
    os.close(ours)
    try:
        return read_terminal(terminal, screens)
    except OSError:
        raise Failure(f"`sluice top` ended by itself, with status {top.wait(PATIENCE_SECONDS)}")
    finally:
        top.send_signal(signal.SIGKILL)  # what it wrote is the screen as it was
        top.wait()
        os.close(terminal)


def show_top(lab, picture):
    for host in office.CLASSROOMS + office.STAFF[1:] + office.GUESTS:
        lab.ip("client", "addr", "add", f"{host}/24", "dev", "eth0")
    lab.write_config("closed", pins=False, rest=f'''[limits]
flows = 4096
[control]
socket = "{lab.socket()}"
''' + office.list_settings(office.shipped_lists()) + office.POLICIES)
    lab.run_gateway()
    traffic = lab.start("client", *lab.itself("--traffic", TRAFFIC_SECONDS))
    words = ("www.tiktok.com", "web.wechat.com", "tls", "reject", "classrooms")
    lab.wait_for_records(words)
    screen = lab.folder / "screen"
    if picture:
        time.sleep(90)
        screen.write_bytes(watch_top(lab, screens=4, interval=4))
    else:
        screen.write_bytes(watch_top(lab, screens=3, interval=1))
    traffic.terminate()
    lab.look_at("top", screen, {"columns": COLUMNS, "rows": ROWS, "words": ("WORKER", office.NETWORK, *words)}, picture)


def make_traffic(seconds):
    threading.Thread(target=office.open_connections, args=(seconds,)).start()
    office.ask_questions(seconds)


def test(program, takes_pictures=False):
    skip_without()
    browser.install()
    report_picture, top_picture = (REPORT_PICTURE, TOP_PICTURE) if takes_pictures else (None, None)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        lab = PicturesLab(program, folder)
        return run_steps(lab, [("shows a report", partial(show_report, lab, report_picture)), ("shows top", partial(show_top, lab, top_picture))])


def main():
    if sys.argv[1:2] == ["--traffic"]:
        make_traffic(float(sys.argv[2]))
        return 0
    if sys.argv[2:] == ["--pictures"]:
        return test(sys.argv[1], takes_pictures=True)
    return run_test(__doc__, test)


if __name__ == "__main__":
    sys.exit(main())
