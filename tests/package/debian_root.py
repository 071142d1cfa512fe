"""A Debian 12 of its own, in a folder: what a package does to a clean system. Needs root.

mmdebstrap makes it once and keeps it as an archive. Commands run in namespaces of mounts and processes that end with them.
"""

import shutil
import subprocess
from pathlib import Path

SUITE = "bookworm"
# What a server has: the service manager, so that users and units are made, and manual pages.
INCLUDED = ("systemd", "man-db", "logrotate")
SECONDS = 600
INSIDE = """
mount -t proc proc "$1/proc"
mount -t sysfs -o ro sys "$1/sys"
mount --rbind /dev "$1/dev"
root=$1
shift
exec chroot "$root" "$@"
"""


class Unavailable(Exception):
    """Why there can be no such root here."""


def make_archive(archive):
    """Writes it, unless it is there."""
    if archive.exists():
        return
    partial = archive.with_suffix(".partial.tar")
    words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(INCLUDED)}", SUITE, str(partial)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        partial.unlink(missing_ok=True)
        raise Unavailable(f"mmdebstrap cannot make a Debian root: {done.stderr.strip()[-300:]}")
    partial.rename(archive)


class DebianRoot:
    def __init__(self, archive, folder):
        self.folder = Path(folder)
        subprocess.run(["tar", "-xf", str(archive), "-C", str(self.folder)], timeout=SECONDS, check=True)
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        updated = self.run("apt-get", "update", "--quiet")
        if updated.returncode != 0:
            raise Unavailable(f"Debian's archive cannot be reached: {updated.stderr.strip()[-300:]}")

    def path(self, name):
        return self.folder / name.lstrip("/")

    def run(self, *words):
        """What it printed and its exit status, by its own paths."""
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", INSIDE, "sh", str(self.folder), *words]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "HOME": "/root"}
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment)
