#!/usr/bin/env python3
"""A real Prometheus watches a real gateway: every query of the dashboard has an answer, and alerts fire for real faults and clear after them.
The rules are those of deploy/prometheus, with each minute made a second. Exits 77 (skipped) where it cannot run.

usage: monitoring_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from xdp_lab import BANNED, METRICS, ORDINARY, Failure, Lab, expect, run_steps, run_test, skip_without

RULES = Path(__file__).resolve().parents[2] / "deploy/prometheus"
PROMETHEUS = "127.0.0.1:9090"
SECONDS = {"s": 1 / 60, "m": 1, "h": 60, "d": 1440}  # a minute is a second
MOST_SECONDS = 90
CONFIG = f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: sluice
    static_configs: [{{targets: ["127.0.0.1:9464"]}}]
"""


def faster(text):
    """Durations of `for`, of ranges and of offsets."""
    scale = lambda found: found.group(1) + f"{max(1, round(int(found.group(2)) * SECONDS[found.group(3)]))}s"
    return re.sub(r"(for: |\[|offset )(\d+)([smhd])", scale, text)


class Watch:
    def __init__(self, lab):
        self.lab = lab

    def start(self):
        (self.lab.folder / "rules.yml").write_text(faster((RULES / "sluice.rules.yml").read_text()))
        (self.lab.folder / "prometheus.yml").write_text(CONFIG)
        self.lab.start("gateway", "prometheus", f"--config.file={self.lab.folder}/prometheus.yml", f"--storage.tsdb.path={self.lab.folder}/tsdb",
                       f"--web.listen-address={PROMETHEUS}", stdout=subprocess.DEVNULL, stderr=open(self.lab.folder / "prometheus.log", "w"))
        self.wait_until("Prometheus scrapes the gateway", lambda: self.values("up") == [1])

    def get(self, path, **query):
        url = f"http://{PROMETHEUS}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        said = subprocess.run(self.lab.within("gateway", "curl", "-s", "--max-time", "5", url), capture_output=True, text=True).stdout
        return json.loads(said) if said else {"status": "error", "error": "no answer"}

    def query(self, expression):
        answer = self.get("query", query=expression)
        if answer["status"] != "success":
            raise Failure(f"{expression}: {answer['error']}")
        return answer["data"]["result"]

    def values(self, expression):
        try:
            return [float(series["value"][1]) for series in self.query(expression)]
        except Failure:
            return []

    def firing(self):
        return {alert["labels"]["alertname"] for alert in self.get("alerts").get("data", {}).get("alerts", []) if alert["state"] == "firing"}

    def wait_until(self, what, holds):
        end = time.monotonic() + MOST_SECONDS
        while not holds():
            if time.monotonic() > end:
                raise Failure(f"{what} (firing: {self.firing()})")
            time.sleep(0.5)
        print(f"  ok: {what}")

    def expect_firing(self, alert, when):
        self.wait_until(f"{when}: {alert} fires", lambda: alert in self.firing())

    def expect_clear(self, alert, when):
        self.wait_until(f"{when}: {alert} is clear", lambda: alert not in self.firing())


def begin(lab, watch):
    lab.configure("closed")
    lab.run_gateway()
    watch.start()
    for name in (ORDINARY, BANNED) * 3:
        lab.answers(name)
    page = subprocess.run(lab.within("gateway", "curl", "-s", METRICS), capture_output=True, text=True).stdout
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True)
    expect(checked.returncode == 0, "promtool finds nothing to say of the metrics" + checked.stdout + checked.stderr)


# Needs a source, a zone, a policy on trial, losses or an attack; the rest has values in any gateway that worked for a minute.
MAY_BE_EMPTY = re.compile(r"sluice_(source|zone|shadow)_|ALERTS|parse_errors|unreadable|ech\.\*")


def the_dashboard(lab, watch):
    dashboard = json.loads((RULES / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    expressions += [note["expr"] for note in dashboard["annotations"]["list"]]
    expect(len(expressions) > 40, f"it asks {len(expressions)} questions")
    time.sleep(5)  # rates need some scrapes
    for expression in expressions:
        asked = expression.replace("$__rate_interval", "10s").replace("$instance", ".*")
        has_values = bool(watch.query(re.sub(r"\[(\d+)([mhd])\]", "[10s]", asked)))
        if not has_values and not MAY_BE_EMPTY.search(expression) and "changes(" not in expression:
            raise Failure(f"no values: {asked}")
    print("  ok: each has an answer")
    expect(not watch.firing(), f"a quiet gateway raises no alert {watch.firing() or ''}")


def it_goes_away(lab, watch):
    lab.end_gateway(signal.SIGKILL)
    watch.expect_firing("SluiceDown", "killed")
    lab.run_gateway()
    watch.expect_clear("SluiceDown", "restarted")


def an_update_is_refused(lab, watch):
    names = lab.folder / "names.list"
    before = names.read_text()
    names.write_text("<html>a captive portal</html>\n")
    lab.gateway.send_signal(signal.SIGHUP)
    watch.expect_firing("SluiceUpdateRefused", "a list that is none")
    names.write_text(before)
    lab.gateway.send_signal(signal.SIGHUP)
    watch.expect_clear("SluiceUpdateRefused", "the list is mended")


def a_worker_stands_still(lab, watch):
    lab.gateway.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    lab.flood(ORDINARY, 100)
    lab.gateway.send_signal(signal.SIGCONT)
    watch.expect_firing("SluiceFailedClosed", "not scheduled")
    watch.expect_clear("SluiceFailedClosed", "scheduled again")


def frames_are_lost(lab, watch):
    def lose():
        lab.gateway.send_signal(signal.SIGSTOP)
        lab.flood(ORDINARY, 6000)
        lab.gateway.send_signal(signal.SIGCONT)
        time.sleep(0.2)
        return "SluiceLosesFrames" in watch.firing()

    watch.wait_until("more than a worker can judge: SluiceLosesFrames fires", lose)
    watch.expect_clear("SluiceLosesFrames", "as many as it can judge")


def run(program):
    skip_without("prometheus", "promtool")
    tested = subprocess.run(["promtool", "test", "rules", "sluice.rules.test.yml"], cwd=RULES, capture_output=True, text=True)
    expect(tested.returncode == 0, "the rules do what their tests say" + (tested.stdout + tested.stderr if tested.returncode else ""))
    checked = subprocess.run(["promtool", "check", "config", "--syntax-only", str(RULES / "prometheus.yml")], capture_output=True, text=True)
    expect(checked.returncode == 0, "the example of a configuration is right" + checked.stderr)
    alerts = re.findall(r"- alert: (\w+)", (RULES / "sluice.rules.yml").read_text())
    manual = (RULES.parent / "README.md").read_text().partition("## Alerts")[2]
    expect(alerts and all(f"`{alert}`" in manual for alert in alerts), "the manual says what to do about each alert")
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(program).resolve(), folder)
        watch = Watch(lab)
        return run_steps(lab, (
            ("a gateway at work", lambda: begin(lab, watch)),
            ("the dashboard", lambda: the_dashboard(lab, watch)),
            ("it goes away", lambda: it_goes_away(lab, watch)),
            ("an update is refused", lambda: an_update_is_refused(lab, watch)),
            ("a worker stands still", lambda: a_worker_stands_still(lab, watch)),
            ("frames are lost", lambda: frames_are_lost(lab, watch))))


if __name__ == "__main__":
    sys.exit(run_test(__doc__, run))
