"""Runs in the machine of boot_test.py, as a service of its own: installs, upgrades and breaks sluice.service, with traffic through it.

Prints a row for each thing that was tried to the second serial line, and `done` at the end.
"""

import os
import re
import subprocess
import time
from pathlib import Path

import xdp_lab

RESULTS = "/dev/ttyS1"
CONFIGURATION = Path("/etc/sluice/sluice.toml")
PINS = Path("/sys/fs/bpf/sluice")
BANNED, ORDINARY = "www.tiktok.com", "www.example.com"
SECONDS = 60
ENDS = {"client": xdp_lab.CLIENT, "server": xdp_lab.SERVER}
CARDS = {"52:54:00:00:00:01": "client", "52:54:00:00:00:02": "inside", "52:54:00:00:00:03": "outside", "52:54:00:00:00:04": "server"}


class Failure(Exception):
    pass


def say(line):
    with open(RESULTS, "w", encoding="utf-8") as out:
        out.write(line + "\n")


def expect(holds, what, said=""):
    if not holds:
        raise Failure(f"{what} {said}")
    say(f"  ok: {what}")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


def becomes(condition, what, said=lambda: ""):
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what} {said()}")
        time.sleep(0.2)
    say(f"  ok: {what}")


def shown(name):
    return run("systemctl", "show", "--property", name, "--value", "sluice").stdout.strip()


def log():
    return run("journalctl", "--unit", "sluice", "--no-pager", "--output", "cat").stdout


def itself(*words):
    return ("python3", "-B", xdp_lab.__file__, *map(str, words))


def answers(name):
    return run("ip", "netns", "exec", "client", *itself("--ask", name)).returncode == 0


def judges(when):
    expect(answers(ORDINARY), f"{when}: an ordinary name is answered")
    expect(not answers(BANNED), f"{when}: a banned name is not")


class Stream:
    """A connection that was decided."""

    def __init__(self):
        self.progress = Path("/run/stream")
        self.process = subprocess.Popen(("ip", "netns", "exec", "client", *itself("--stream", self.progress)))
        becomes(lambda: self.total() > 200000, "a connection goes through")

    def total(self):
        text = self.progress.read_text() if self.progress.exists() else ""
        return int(text.split()[0]) if " " in text else 0

    def goes_on(self, when):
        before = self.total()
        becomes(lambda: self.total() > before + 50000, f"{when}: a connection that was decided goes on")


def make_network():
    for link in Path("/sys/class/net").iterdir():
        name = CARDS.get((link / "address").read_text().strip())
        if name is None:
            continue
        run("ip", "link", "set", link.name, "down")
        run("ip", "link", "set", link.name, "name", name)
        if name not in ENDS:
            run("ip", "link", "set", name, "up")
            continue
        run("ip", "netns", "add", name)
        run("ip", "link", "set", name, "netns", name)
        run("ip", "netns", "exec", name, "ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off")
        run("ip", "-n", name, "addr", "add", f"{ENDS[name]}/24", "dev", name)
        run("ip", "-n", name, "link", "set", name, "up")
    subprocess.Popen(("ip", "netns", "exec", "server", *itself("--serve")))
    time.sleep(1)


def configure():
    text = CONFIGURATION.read_text()
    for key, value in (("inside", "inside"), ("outside", "outside"), ("pins", str(PINS)), ("type", "xdp")):
        text = re.sub(rf'(?m)^{key} = "[a-z]*"', f'{key} = "{value}"', text, count=1)
    CONFIGURATION.write_text(text)


def status(field):
    return re.search(rf"^{field}:\s*(.*)$", Path(f"/proc/{shown('MainPID')}/status").read_text(), re.MULTILINE)[1]


def starts():
    expect(shown("ActiveState") == "inactive", "as installed, it does not run")
    run("systemctl", "start", "sluice", "--no-block")
    becomes(lambda: "no interface is configured" in log(), "without interfaces it does not start, and the log says why", log)
    run("systemctl", "stop", "sluice")
    make_network()
    configure()
    mended = run("sluice", "doctor", "--config", str(CONFIGURATION), "--fix")
    expect(mended.returncode in (0, 1), "sluice doctor --fix", mended.stderr)
    started = run("systemctl", "enable", "--now", "sluice")
    expect(started.returncode == 0, "systemctl enable --now sluice", started.stderr + log())
    expect("bridging inside and outside" in shown("StatusText"), "systemctl status says what it does", shown("StatusText"))
    expect(status("Uid").split()[0] == str(os.stat(PINS).st_uid) != "0", "it runs as its user, whose pins they are")
    expect(set(status("CapPrm") + status("CapEff")) == {"0"}, "it has no capabilities")
    expect(status("Seccomp") == "2", "it has a filter of system calls")
    expect(any(PINS.iterdir()), "its pins are there")
    judges("at work")


def is_reloaded(stream):
    good = CONFIGURATION.read_text()
    before = shown("StatusText")
    CONFIGURATION.write_text(good + "nonsense = 1\n")
    refused = run("systemctl", "reload", "sluice")
    expect(refused.returncode != 0 and shown("ActiveState") == "active" and shown("StatusText") == before,
           "a reload with an error fails, and nothing changes", shown("StatusText"))
    CONFIGURATION.write_text(good)
    reloaded = run("systemctl", "reload", "sluice")
    becomes(lambda: "generation 2" in shown("StatusText"), "a good one brings the next generation", lambda: shown("StatusText") + reloaded.stderr)
    stream.goes_on("reloaded")


def is_started_again(stream, how, when, result):
    before = shown("MainPID")
    run("systemctl", "kill", f"--signal={how}", "--kill-whom=main", "sluice")
    becomes(lambda: shown("MainPID") not in (before, "0") and shown("SubState") == "running", f"{when}: it is started again", log)
    expect(result in log(), f"{when}: the log says so", log()[-1500:])
    stream.goes_on(when)
    judges(when)


def is_upgraded(stream):
    before = shown("MainPID")
    installed = run("dpkg", "--install", "/trial/newer.deb")
    expect(installed.returncode == 0, "an upgrade by dpkg", installed.stderr)
    becomes(lambda: shown("MainPID") not in (before, "0") and shown("SubState") == "running", "it is restarted", log)
    expect("took over the flows of the gateway before" in log(), "it takes over")
    stream.goes_on("upgraded")
    judges("upgraded")


def is_removed():
    removed = run("dpkg", "--remove", "sluice")
    expect(removed.returncode == 0, "a removal", removed.stderr)
    expect(not answers(ORDINARY), "nothing is forwarded any more")
    expect("xdp" not in run("ip", "link", "show", "inside").stdout, "no program is left on an interface")
    expect(not PINS.exists() or not any(PINS.iterdir()), "no pin is left")
    purged = run("dpkg", "--purge", "sluice")
    expect(purged.returncode == 0 and not CONFIGURATION.parent.exists() and not Path("/var/lib/sluice").exists(), "a purge takes all",
           purged.stderr)


def main():
    say(f"Linux {os.uname().release}, {run('systemctl', '--version').stdout.splitlines()[0]}")
    try:
        starts()
        stream = Stream()
        is_reloaded(stream)
        is_started_again(stream, "KILL", "killed", "took over the flows of the gateway before")
        is_started_again(stream, "STOP", "stuck", "Watchdog timeout")
        is_upgraded(stream)
        is_removed()
        say("done")
    except (Failure, OSError, subprocess.SubprocessError, AttributeError) as failure:
        say(f"FAILED: {failure}".replace("\n", "\n    "))


if __name__ == "__main__":
    main()
