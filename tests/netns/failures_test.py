#!/usr/bin/env python3
"""What the XDP dataplane does when something fails: the table of fail modes in deploy/README.md, row by row, on real interfaces.
Exits 77 (skipped) where it cannot run.

    client ── inside │ gateway │ outside ── server      three namespaces, made and removed here

usage: failures_test.py PROGRAM      PROGRAM is an existing `sluice`
"""

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from xdp_lab import OF_NO_PROTOCOL, ORDINARY, SERVER, STREAM, Lab, expect, run_steps, run_test, skip_without


def killed_and_restarted(lab, mode):
    passes = mode == "open"
    lab.configure(mode)
    lab.run_gateway()
    lab.expect_verdicts(False, True, "at work")
    lab.open_stream()
    lab.expect_stream("at work")
    lab.end_gateway(signal.SIGKILL)
    lab.expect_verdicts(passes, passes, "killed")
    lab.expect_stream("killed")
    lab.run_gateway()
    expect("took over" in lab.log(), "the next process takes over")
    lab.expect_verdicts(False, True, "restarted")
    lab.expect_stream("restarted")
    lab.end_gateway()
    lab.expect_verdicts(passes, passes, "stopped")
    lab.expect_stream("stopped")
    expect(lab.stream()[1] < 1000, f"the connection was never silent for a second ({lab.stream()[1]} ms)")


def stopped_and_continued(lab, mode):
    passes = mode == "open"
    lab.configure(mode)
    lab.run_gateway()
    lab.open_stream()
    lab.gateway.send_signal(signal.SIGSTOP)
    time.sleep(1.5)  # past its lease
    lab.expect_verdicts(passes, passes, "not scheduled")
    lab.expect_stream("not scheduled")
    lab.gateway.send_signal(signal.SIGCONT)
    time.sleep(0.3)
    lab.expect_verdicts(False, True, "scheduled again")
    expect(lab.metric(f"sluice_failed_{mode}_total") > 0, "a metric says how many frames were not judged")
    lab.end_gateway()


def a_second_instance(lab):
    lab.configure("closed")
    lab.run_gateway()
    second = subprocess.run(lab.within("gateway", str(lab.program), "run", "--config", str(lab.config), "--metrics", "127.0.0.1:9465"),
                            capture_output=True, text=True, timeout=30)
    expect(second.returncode == 2 and "another sluice" in second.stderr, "a second instance is refused, and says why")
    refused = lab.detach()
    expect(refused.returncode == 2 and "another sluice" in refused.stderr, "detach is refused while the gateway runs")
    lab.expect_verdicts(False, True, "after that")
    lab.end_gateway()


def a_link_flaps(lab):
    lab.configure("closed")
    lab.run_gateway()
    lab.ip("gateway", "link", "set", "outside", "down")
    time.sleep(0.3)
    lab.ip("gateway", "link", "set", "outside", "up")
    time.sleep(0.5)
    lab.expect_verdicts(False, True, "a link that was down for a moment")
    lab.end_gateway()


def a_reload_fails(lab):
    lab.configure("closed")
    lab.run_gateway()
    (lab.folder / "names.list").write_text("<html>a captive portal</html>\n")
    lab.gateway.send_signal(signal.SIGHUP)
    for _ in range(50):
        if "refused" in lab.log() or "reload failed" in lab.log():
            break
        time.sleep(0.1)
    lab.expect_verdicts(False, True, "a reload that was refused")
    lab.end_gateway()


def the_map_is_full(lab):
    """The flows of 1,024 entries: more connections than that, and each is judged right."""
    lab.configure("closed")
    lab.run_gateway()
    many = ("import socket\n"
            f"for _ in range(1500):\n"
            f"    one = socket.create_connection(('{SERVER}', {STREAM}), timeout=5)\n"
            f"    one.sendall({OF_NO_PROTOCOL})\n"
            "    one.recv(10)\n"
            "    one.close()\n")
    ran = subprocess.run(lab.within("client", sys.executable, "-c", many), capture_output=True, text=True, timeout=120)
    expect(ran.returncode == 0, "more connections than the map has entries all go through" + ran.stderr[-200:])
    lab.expect_verdicts(False, True, "a full map")
    lab.end_gateway()


def more_comes_up_than_can_be_judged(lab):
    """A worker that stands still, and more questions than its queue has places: the rest is lost, and nothing passes unjudged."""
    lab.configure("closed")
    lab.run_gateway()
    lab.open_stream()
    lab.gateway.send_signal(signal.SIGSTOP)
    lab.flood(ORDINARY, 6000)
    lab.gateway.send_signal(signal.SIGCONT)
    lost = lab.wait_for_metric("sluice_dataplane_lost_total", 1)
    print(f"  ok: a metric says how many frames were lost ({lost})")
    lab.expect_verdicts(False, True, "after more than the queue holds")
    lab.expect_stream("after more than the queue holds")
    lab.end_gateway()


def nothing_can_be_sent(lab):
    """Frames stay with the port that cannot send them, again and again: the others must not run out of memory for theirs."""
    lab.configure("closed")
    lab.run_gateway()
    lab.ip("server", "link", "set", "eth0", "down")
    for _ in range(3):
        lab.flood(ORDINARY, 6000)
    lab.ip("server", "link", "set", "eth0", "up")
    time.sleep(0.5)
    lab.expect_verdicts(False, True, "after 18,000 frames that could not be sent")
    lab.open_stream()
    lab.expect_stream("after 18,000 frames that could not be sent")
    lab.end_gateway()


def restarted_under_load(lab):
    """A stream of 200 Mbit/s through a crash, a restart and an upgrade (another process takes over from one that is told to end)."""
    lab.configure("closed")
    lab.run_gateway()
    server = lab.start("server", "iperf3", "-s", "-1", stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    load = lab.start("client", "iperf3", "-c", SERVER, "-R", "-b", "200M", "-t", "8", "-i", "0.2", "-J", stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    for how in (signal.SIGKILL, signal.SIGTERM):
        lab.end_gateway(how)
        lab.run_gateway()
    seen = json.loads(load.communicate(timeout=60)[0])
    server.wait(timeout=10)
    expect("error" not in seen, "iperf3 ran to its end" + seen.get("error", ""))
    idle = [interval["sum"]["start"] for interval in seen["intervals"] if interval["sum"]["bytes"] == 0 and not interval["sum"]["omitted"]]
    expect(not idle, f"bytes came in each of {len(seen['intervals'])} fifths of a second")
    sent_again = seen["end"]["sum_sent"]["retransmits"]
    expect(sent_again <= 20, f"through a crash, a restart and an upgrade {sent_again} segments were sent again, no more than one round trip's")
    lab.expect_verdicts(False, True, "restarted under load")
    lab.end_gateway()


def an_interface_is_removed(lab):
    lab.configure("closed")
    lab.run_gateway()
    lab.ip("server", "link", "del", "eth0")
    ended = lab.gateway.wait(timeout=20)
    expect(ended == 1 and "outside" in lab.log(), "the gateway ends with status 1, and names the interface")
    lab.connect("server", "outside", SERVER)
    lab.ip("client", "neigh", "flush", "dev", "eth0")  # the server's card is another one now
    lab.run_gateway()
    lab.expect_verdicts(False, True, "the interface is back, and the gateway was started again")
    lab.end_gateway()


def detached(lab):
    lab.configure("open")
    removed = lab.detach()
    expect(removed.returncode == 0 and "inside" in removed.stdout and "outside" in removed.stdout, "detach says what it removed")
    expect(not (lab.pins / "inside-outside").exists(), "no pins are left")
    expect(not lab.answers(ORDINARY), "nothing is forwarded any more")
    again = lab.detach()
    expect(again.returncode == 0 and "nothing" in again.stdout, "detach says that nothing was left")


def is_promiscuous(lab):
    shown = lab.ip("gateway", "-d", "link", "show", "inside").stdout
    return "promiscuity 0 " not in shown


def ended_without_pins(lab, how):
    """Nothing is left on the interfaces, whether it could tidy up or not."""
    lab.configure("open", pins=False)
    expect(not is_promiscuous(lab), "before it starts, the interface takes frames for itself only")
    lab.run_gateway()
    lab.expect_verdicts(False, True, "without pins")
    expect(is_promiscuous(lab), "at work it takes frames for other stations")
    lab.end_gateway(how)
    expect(not lab.answers(ORDINARY), "ended: nothing is forwarded")
    expect(not is_promiscuous(lab), "ended: the interface is as it was")


def run(program):
    skip_without("iperf3")
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(program).resolve(), folder)
        return run_steps(lab, (
            ("killed, restarted, stopped; open", lambda: killed_and_restarted(lab, "open")),
            ("killed, restarted, stopped; closed", lambda: killed_and_restarted(lab, "closed")),
            ("not scheduled; open", lambda: stopped_and_continued(lab, "open")),
            ("not scheduled; closed", lambda: stopped_and_continued(lab, "closed")),
            ("a second instance", lambda: a_second_instance(lab)),
            ("a link flaps", lambda: a_link_flaps(lab)),
            ("a reload fails", lambda: a_reload_fails(lab)),
            ("the map is full", lambda: the_map_is_full(lab)),
            ("more comes up than can be judged", lambda: more_comes_up_than_can_be_judged(lab)),
            ("nothing can be sent", lambda: nothing_can_be_sent(lab)),
            ("restarted under load", lambda: restarted_under_load(lab)),
            ("an interface is removed", lambda: an_interface_is_removed(lab)),
            ("detached", lambda: detached(lab)),
            ("stopped, without pins", lambda: ended_without_pins(lab, signal.SIGTERM)),
            ("killed, without pins", lambda: ended_without_pins(lab, signal.SIGKILL))))


if __name__ == "__main__":
    sys.exit(run_test(__doc__, run))
