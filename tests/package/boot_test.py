#!/usr/bin/env python3
"""The service as an administrator runs it: Debian 12 with the package, booted by qemu with its own kernel, systemd and network cards.

    client ── inside │ sluice.service │ outside ── server      the ends are in namespaces of the machine; a line is a hub with two cards

guest.py beside it says what is tried. In software emulation, so no row is about speed. Exits 77 (skipped) where it cannot run.

usage: boot_test.py BUILD      BUILD is a folder that the `release` preset has built
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "appliance"))

from debian_root import DebianRoot, Unavailable, make_archive  # noqa: E402
import kernels  # noqa: E402

SKIPPED = 77
QEMU = "qemu-system-x86_64"
NEEDED = (QEMU, "busybox", "cpio", "dpkg-buildpackage", "dh", "mmdebstrap", "unshare", "chroot", "setpriv", "timeout")
SECONDS = 480  # of the machine, at most
INSTALLED = ("python3", "iproute2", "ethtool", "procps")
NEWER = "+newer"
# By their addresses the guest knows them.
CARDS = (("client", 0), ("inside", 0), ("outside", 1), ("server", 1))
# What the machine does without, so that less has to be in its memory.
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache")
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
exec </dev/console >/dev/console 2>&1
while read -r module; do
  /bin/busybox insmod "/trial/modules/$module"
done </trial/modules/order
exec /lib/systemd/systemd
"""
TRIAL = """[Unit]
Description=The trial
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -B /trial/guest.py
TimeoutStartSec=infinity
"""


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


def packages(build):
    """Two versions of it."""
    out = build / "package"
    version = re.search(r"^CMAKE_PROJECT_VERSION:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
    for options in ((), ("--version", version + NEWER)):
        made = run(ROOT / "deploy/package", "--build", build, "--out", out, *options)
        yield Path(made.strip().split("\n")[-1])


def make_image(folder, archive, build, kernel):
    """Writes FOLDER/initrd, and returns it."""
    old, new = packages(build)
    root = folder / "root"
    root.mkdir(mode=0o755)
    system = DebianRoot(archive, root)
    trial = root / "trial"
    shutil.copytree(kernel, trial / "modules", ignore=shutil.ignore_patterns("vmlinuz"))
    shutil.copy(old, root / "tmp")
    done = system.run("apt-get", "install", "--yes", "--quiet", "--no-install-recommends", f"/tmp/{old.name}", *INSTALLED)
    if done.returncode != 0:
        raise Unavailable(f"apt cannot install what the machine needs: {done.stderr[-300:]}")
    shutil.copy(new, trial / "newer.deb")
    for file in (HERE / "guest.py", HERE.parent / "netns/xdp_lab.py"):
        shutil.copy(file, trial)
    (root / "etc/systemd/system/trial.service").write_text(TRIAL)
    (root / "etc/machine-id").write_text("0" * 31 + "1\n")  # not a first boot, which would enable every service
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    for name in LEFT_OUT:
        shutil.rmtree(root / name)
    (root / "var/cache").mkdir()
    initrd = folder / "initrd"
    run("sh", "-c", f"cd '{root}' && find . -xdev | cpio --quiet -o -H newc >'{initrd}'")
    return initrd


def machine(kernel, initrd, console, results):
    cards = []
    for number, (name, hub) in enumerate(CARDS, start=1):
        cards += ["-netdev", f"hubport,id={name},hubid={hub}", "-device", f"virtio-net-pci,netdev={name},mac=52:54:00:00:00:0{number},romfile="]
    return ["setpriv", "--pdeathsig", "TERM", "timeout", "--kill-after=5", str(SECONDS), QEMU, "-machine", "q35", "-accel", "tcg,thread=multi",
            "-cpu", "max", "-smp", "2", "-m", "2048", "-nodefaults", "-display", "none", "-no-reboot", "-serial", f"file:{console}",
            "-serial", f"file:{results}", "-kernel", str(kernel / "vmlinuz"), "-initrd", str(initrd), "-append",
            "console=ttyS0 loglevel=4 panic=-1 mitigations=off nowatchdog net.ifnames=0 rdinit=/init systemd.wants=trial.service", *cards]


def boot(folder, kernel, initrd):
    """True: all rows are as expected."""
    console, results = folder / "console", folder / "results"
    begin = time.monotonic()
    done = subprocess.run(machine(kernel, initrd, console, results), capture_output=True, text=True, check=False)
    rows = results.read_text(errors="replace").splitlines() if results.exists() else []
    print("\n".join(rows))
    print(f"the machine ran for {time.monotonic() - begin:.0f} s", flush=True)
    good = "done" in rows and not any(row.startswith("FAILED") for row in rows)
    if not good:
        print(done.stderr + (console.read_text(errors="replace")[-6000:] if console.exists() else ""))
    return good


def test(build):
    kernel = kernels.obtain("6.1")
    archive = build / "package" / "debian.tar"
    archive.parent.mkdir(exist_ok=True)
    begin = time.monotonic()
    make_archive(archive)
    with tempfile.TemporaryDirectory(prefix="sluice-boot-") as folder:
        initrd = make_image(Path(folder), archive, build, kernel)
        print(f"{kernel.name}: image of {initrd.stat().st_size >> 20} MiB ({time.monotonic() - begin:.0f} s)", flush=True)
        return boot(Path(folder), kernel, initrd)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        print(f"SKIPPED: not installed: {' '.join(missing)} (deploy/dependencies appliance package-test)" if missing else
              "SKIPPED: a Debian root needs root")
        return SKIPPED
    try:
        return 0 if test(Path(sys.argv[1]).resolve()) else 1
    except (Unavailable, kernels.Unavailable) as why:
        print(f"SKIPPED: {why}")
        return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
