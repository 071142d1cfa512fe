#!/usr/bin/env python3
"""The Debian package as an administrator meets it: built from the release build, looked at by lintian, installed into a clean Debian 12,
upgraded, removed and purged. Exits 77 (skipped) where it cannot run.

usage: package_test.py BUILD      BUILD is a folder that the `release` preset has built
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from debian_root import DebianRoot, Unavailable, make_archive

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77
NEEDED = ("dpkg-buildpackage", "dh", "lintian", "mmdebstrap", "unshare", "chroot", "systemd-analyze")
UNIT = "/lib/systemd/system/sluice.service"
CONFIGURATION = "/etc/sluice/sluice.toml"
BANNED = ("web.wechat.com", "www.kaspersky.com", "www.tiktok.com")
MOST_EXPOSED = 2.5  # of 10, as systemd-analyze says it; a lower one is better
NEWER = "+newer"


class Failure(Exception):
    pass


def expect(holds, what, said=""):
    if not holds:
        raise Failure(f"{what}\n{said}")
    print(f"  ok: {what}", flush=True)


def succeed(done, what):
    expect(done.returncode == 0, what, done.stdout + done.stderr)
    return done.stdout


def host(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, **options)


# ── what is built ──


def build(build_folder, out, *options):
    made = host(ROOT / "deploy/package", "--build", build_folder, "--out", out, *options)
    return Path(succeed(made, f"deploy/package {' '.join(options)}").strip().split("\n")[-1])


def look_at(package, program):
    clean = host("git", "-C", ROOT, "status", "--porcelain", "--ignored")
    expect(not re.search(r"^!! (?!build/|.*__pycache__)", clean.stdout, re.MULTILINE), "the clone stays as it is", clean.stdout)
    found = host("lintian", "--fail-on", "error,warning", "--allow-root", "--tag-display-limit", "0", package)
    expect(found.returncode == 0 and "Overridden" not in found.stdout, "lintian has no errors and no warnings, and nothing overridden",
           found.stdout + found.stderr)
    fields = host("dpkg-deb", "--field", package).stdout
    expect(re.search(r"^Depends: .*libc6.*systemd", fields, re.MULTILINE), "it depends on libraries and a maker of users", fields)
    with tempfile.TemporaryDirectory() as folder:
        host("dpkg-deb", "--extract", package, folder)
        host("strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note", "-o", f"{folder}/tested", program)
        same = host("cmp", f"{folder}/tested", f"{folder}/usr/bin/sluice")
        expect(same.returncode == 0, "its program is the one that was tested", same.stdout)
        unit = host("systemd-analyze", "security", "--offline=true", folder + UNIT)
        exposed = re.search(r"Overall exposure level for \S+: ([\d.]+)", unit.stdout)
        expect(exposed and float(exposed[1]) <= MOST_EXPOSED, f"systemd-analyze security says {exposed and exposed[1]} of 10",
               unit.stdout + unit.stderr)


# ── what it does to a system ──


def install(system, package, what):
    shutil.copy(package, system.path("/tmp"))
    succeed(system.run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", f"/tmp/{package.name}"), what)


def is_installed_well(system, version):
    expect(system.run("sluice", "--version").stdout == f"sluice {version}\n", f"it is sluice {version}")
    for page in (("8", "sluice"), ("5", "sluice.toml"), ("1", "sluice-lists")):
        shown = system.run("man", *page)
        expect("NAME" in shown.stdout and not shown.stderr, f"man {' '.join(page)}", shown.stderr)
    judged = system.run("sluice", "check", *BANNED, "example.com").stdout
    expect([line.split()[0] for line in judged.splitlines()] == ["drop"] * 3 + ["pass"], "it finds the shipped lists", judged)
    user = system.run("getent", "passwd", "sluice").stdout
    expect(user.endswith(":/nonexistent:/usr/sbin/nologin\n"), "the user sluice can log in nowhere", user)
    expect(CONFIGURATION in system.run("dpkg-query", "--show", "--showformat", "${Conffiles}", "sluice").stdout,
           "the configuration is a conffile")
    checked = system.run("runuser", "-u", "sluice", "--", "sluice", "run", "--check", "--config", CONFIGURATION)
    expect(checked.returncode == 0 and not checked.stderr, "the user can read it, and it has no errors", checked.stderr)
    started = system.run("sluice", "run", "--config", CONFIGURATION)
    expect(started.returncode == 2 and "inside: no interface is configured" in started.stderr,
           "as shipped it names no interface, and the gateway does not start", started.stderr)
    enabled = system.run("systemctl", "is-enabled", "sluice")
    expect(enabled.stdout == "disabled\n", "the service waits for somebody to enable it", enabled.stdout + enabled.stderr)
    verified = system.run("systemd-analyze", "verify", UNIT)
    expect(verified.returncode == 0 and "sluice" not in verified.stderr, "systemd reads the unit", verified.stderr)
    rotated = system.run("logrotate", "--debug", "/etc/logrotate.d/sluice")
    expect(rotated.returncode == 0 and "error" not in rotated.stderr, "logrotate reads its file", rotated.stderr)


def use(system):
    """What an administrator and the gateway leave behind."""
    with system.path(CONFIGURATION).open("a", encoding="utf-8") as file:
        file.write("# a change of ours\n")
    for folder in ("/var/lib/sluice/department", "/var/log/sluice"):
        system.path(folder).mkdir(parents=True)
        (system.path(folder) / "file").write_text("x\n")


def has_our_change(system):
    return system.path(CONFIGURATION).read_text(encoding="utf-8").endswith("# a change of ours\n")


def left_of_it(system):
    """Files of its name. Those that `man` kept are not its own."""
    found = system.run("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", "/dev", "-o", "-path", "/tmp", "-o",
                       "-path", "/var/cache/man", ")",
                       "-prune", "-o", "-iname", "*sluice*", "-print").stdout
    return found.split()


def live_with_it(system, package, newer, version):
    before = left_of_it(system)
    install(system, package, "apt install ./sluice_*.deb in a clean Debian 12")
    is_installed_well(system, version)
    use(system)
    install(system, newer, "an upgrade")
    state = system.run("dpkg-query", "--show", "--showformat", "${Version} ${db:Status-Status}", "sluice").stdout
    expect(state == f"{version}{NEWER} installed", "the newer version is there", state)
    expect(has_our_change(system), "an upgrade keeps the configuration")
    succeed(system.run("apt-get", "remove", "--yes", "sluice"), "a removal")
    expect(not system.path("/usr/bin/sluice").exists() and not system.path(UNIT).exists(), "it takes program and unit")
    expect(has_our_change(system) and system.path("/var/log/sluice/file").exists(), "it keeps configuration and audit trail")
    succeed(system.run("apt-get", "purge", "--yes", "sluice"), "a purge")
    expect(left_of_it(system) == before, "it takes all", "\n".join(left_of_it(system)))


def test(build_folder):
    version = re.search(r"^CMAKE_PROJECT_VERSION:\w+=(.*)$", (build_folder / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
    archive = build_folder / "package" / "debian.tar"
    archive.parent.mkdir(exist_ok=True)
    begin = time.monotonic()
    make_archive(archive)
    print(f"a Debian root ({time.monotonic() - begin:.0f} s)", flush=True)
    package = build(build_folder, archive.parent)
    newer = build(build_folder, archive.parent, "--version", version + NEWER)
    look_at(package, build_folder / "sluice")
    with tempfile.TemporaryDirectory(prefix="sluice-package-") as folder:
        os.chmod(folder, 0o755)
        live_with_it(DebianRoot(archive, folder), package, newer, version)
    print(f"{time.monotonic() - begin:.0f} s", flush=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        print(f"SKIPPED: not installed: {' '.join(missing)} (deploy/dependencies package-test)" if missing else
              "SKIPPED: a Debian root needs root")
        return SKIPPED
    try:
        test(Path(sys.argv[1]).resolve())
    except Unavailable as why:
        print(f"SKIPPED: {why}")
        return SKIPPED
    except Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
