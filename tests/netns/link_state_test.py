#!/usr/bin/env python3
"""`[dataplane] link_state = "propagate"`: a link that is lost on one side is lost on the other, and comes back with it; whoever ends the gateway, and
however, finds both ports up in the end. By the XDP program, which has to outlive the port's being down, and by libpcap. Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway │ outside ── server      three namespaces, made and removed here

usage: link_state_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from xdp_lab import METRICS, Failure, Lab, expect, run_steps, run_test, skip_without

PATIENCE_SECONDS = 60
OF_END = {"client": ("inside", "outside"), "server": ("outside", "inside")}  # its port, and the other one


def until(holds, what):
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if holds():
            print(f"  ok: {what}")
            return
        time.sleep(0.05)
    raise Failure(what)


class LinkLab(Lab):
    def couple(self, dataplane, link_state="propagate"):
        self.configure("closed", pins=dataplane == "xdp")
        text = self.config.read_text().replace('type = "xdp"', f'type = "{dataplane}"\nlink_state = "{link_state}"')
        self.config.write_text(f'{text}[control]\nsocket = "{self.folder / "control.sock"}"\n')

    def flags(self, end, interface):
        return json.loads(self.ip(end, "-j", "link", "show", interface).stdout)[0]["flags"]

    def is_up(self, port):
        return "UP" in self.flags("gateway", port)

    def has_link(self, end, interface="eth0"):
        return "LOWER_UP" in self.flags(end, interface)

    def set_link(self, end, state, interface="eth0"):
        self.ip(end, "link", "set", interface, state)

    def both_have_links(self):
        return all(self.has_link(end) for end in OF_END)

    def metrics(self):
        return subprocess.run(self.within("gateway", "curl", "-s", "--max-time", "2", METRICS), capture_output=True, text=True).stdout

    def ailments(self):
        done = subprocess.run([str(self.program), "status", "--json", "--socket", str(self.folder / "control.sock")],
                              capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        return [reason["text"] for reason in json.loads(done.stdout)["reasons"] if reason["code"] == "link_down"]

    def lose(self, end):
        """As if its cable were pulled. Whoever is behind the other port has to see it."""
        port, other = OF_END[end]
        self.set_link(end, "down")
        until(lambda: not self.is_up(other), f"{port} has no carrier: {other} is taken down")
        expect(self.is_up(port), f"{port} stays up, so that its carrier can come back")
        far = "server" if end == "client" else "client"
        until(lambda: not self.has_link(far), f"the {far} sees it")

    def restore(self, end):
        self.set_link(end, "up")
        until(self.both_have_links, "the carrier is back: both ends have their links again")

    def expect_judged(self, when):
        """Frames pass again, by the same program and sockets, and are judged right."""
        until(lambda: self.answers("www.ordinary.test"), f"{when}: frames pass")
        self.expect_verdicts(False, True, when)


def follows(lab, dataplane):
    lab.couple(dataplane)
    lab.run_gateway()
    lab.expect_verdicts(False, True, "at work")
    expect(lab.ailments() == [], "both links are well")
    lab.open_stream()
    for end, (port, other) in OF_END.items():
        lab.lose(end)
        expected = f"{port} ({port}) has no carrier: {other} ({other}) was taken down"
        until(lambda: lab.ailments() == [expected], "`sluice status` says so")
        until(lambda: f'sluice_link_up{{port="{port}"}} 0' in lab.metrics(), "and so does a metric")
        lab.restore(end)
        until(lambda: f'sluice_link_up{{port="{port}"}} 1' in lab.metrics(), "the metric says that it is back")
        for to in ("down", "up"):
            expect(f'sluice_link_changes_total{{port="{other}",to="{to}"}} 1' in lab.metrics(), f"{other} went {to} once")
        lab.expect_judged(f"after the link of {port} was lost")
        before = lab.stream()[0]
        until(lambda: lab.stream()[0] > before, "a connection that was decided goes on")
    until(lambda: lab.ailments() == [], "both links are well again")


def an_operator_decides(lab):
    """What he takes down stays down, and takes the other one with it; what he puts up stays up."""
    lab.set_link("gateway", "down", "outside")
    until(lambda: not lab.is_up("inside"), "an operator takes outside down: so is inside")
    time.sleep(2.5)
    expect(not lab.is_up("outside"), "nobody puts outside up against him")
    lab.set_link("gateway", "up", "outside")
    until(lab.both_have_links, "he puts it up again: so is inside")
    lab.lose("client")
    lab.set_link("gateway", "up", "outside")
    time.sleep(2.5)
    expect(lab.is_up("outside"), "he puts up what was taken down: it stays up")
    lab.restore("client")
    lab.expect_judged("after the operator")


def flaps(lab):
    before = lab.log().count("is taken down")
    start = time.monotonic()
    for _ in range(30):
        for state in ("down", "up"):
            lab.set_link("client", state)
            time.sleep(0.05)
    took = time.monotonic() - start
    until(lab.both_have_links, "a link flaps, and is back in the end")
    downs = lab.log().count("is taken down") - before
    expect(1 <= downs <= took / 2 + 2, f"the other port was taken down {downs} times in {took:.0f} seconds: a change a second at most")
    lab.expect_judged("after a link that flapped")


def a_second_instance(lab):
    config = lab.folder / "second.toml"
    config.write_text(lab.config.read_text().replace("control.sock", "second.sock"))
    second = subprocess.run(lab.within("gateway", str(lab.program), "run", "--config", str(config), "--metrics", "127.0.0.1:9465"),
                            capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    expect(second.returncode == 2 and "another sluice" in second.stderr, "a second instance is refused")
    refused = lab.detach()
    expect(refused.returncode == 2 and "another sluice" in refused.stderr, "detach is refused while the gateway runs")


def ends(lab):
    lab.lose("client")
    expect(lab.end_gateway() == 0, "it ends while a port is down")
    expect(lab.is_up("outside"), "the port was put up")
    lab.set_link("client", "up")


def is_killed(lab, end):
    _, other = OF_END[end]
    lab.run_gateway()
    lab.expect_judged("started")
    lab.lose(end)
    lab.end_gateway(signal.SIGKILL)
    expect(not lab.is_up(other), "killed: the port stays down")
    lab.set_link(end, "up")
    lab.run_gateway()
    expect(f"{other}: was down, and was put up" in lab.log(), "the next start puts it up, and says so")
    lab.expect_judged("started again")
    lab.end_gateway()


def is_detached(lab):
    lab.run_gateway()
    lab.lose("client")
    lab.end_gateway(signal.SIGKILL)
    done = lab.detach()
    expect(done.returncode == 0 and "outside: was down, and was put up" in done.stdout, "detach puts up what a gateway that was killed left down")
    expect(lab.is_up("outside"), "it is up")
    lab.set_link("client", "up")


def is_not_wanted(lab):
    lab.couple("xdp", "keep")
    lab.run_gateway()
    lab.set_link("client", "down")
    time.sleep(2)
    expect(lab.is_up("outside"), "the other port keeps its state")
    expect("sluice_link_up" not in lab.metrics(), "links are not watched")
    lab.set_link("client", "up")
    lab.expect_judged("after that")
    lab.end_gateway()


def steps(lab, dataplane):
    return ((f"{dataplane}: one link follows the other", partial(follows, lab, dataplane)),
            (f"{dataplane}: an operator decides", partial(an_operator_decides, lab)),
            (f"{dataplane}: a link flaps", partial(flaps, lab)),
            (f"{dataplane}: a second instance", partial(a_second_instance, lab)),
            (f"{dataplane}: it ends", partial(ends, lab)),
            (f"{dataplane}: it is killed, the client's link is lost", partial(is_killed, lab, "client")),
            (f"{dataplane}: it is killed, the server's link is lost", partial(is_killed, lab, "server")),
            (f"{dataplane}: detached", partial(is_detached, lab)))


def run(program):
    skip_without()
    with tempfile.TemporaryDirectory() as folder:
        lab = LinkLab(Path(program).resolve(), folder)
        return run_steps(lab, (*steps(lab, "xdp"), *steps(lab, "pcap"), ("link_state = keep", partial(is_not_wanted, lab))))


if __name__ == "__main__":
    sys.exit(run_test(__doc__, run))
