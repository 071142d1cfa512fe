"""Kernels of Debian: what a virtual machine needs of a package, without installing it.

They stay in `$XDG_CACHE_HOME/sluice/kernels` (else `~/.cache/…`), one folder a package, version and choice of modules: `vmlinuz`, the modules, and
`order`, which names the modules as they have to be loaded. About 15 MiB each.
"""

import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# By the name that --kernel takes. The full flavour: the cloud flavour has no e1000e.
PACKAGES = {"6.1": r"^linux-image-6\.1\.[0-9]+-[0-9]+-amd64$", "6.12": r"^linux-image-6\.12\.[0-9]+\+deb12-amd64$"}
# Of nftables what the rules of the router need (crc32c: libcrc32c asks for it by name).
MODULES = ("virtio_pci", "virtio_net", "e1000e", "veth", "crc32c_generic", "nf_tables", "nft_ct", "nft_limit", "nft_queue", "nfnetlink_queue", "nf_conntrack_netlink",
           "nft_flow_offload", "nf_flow_table_inet")
KIND = hashlib.sha256(" ".join(MODULES).encode()).hexdigest()[:8]  # of what is kept of a package
SECONDS = 300


class Unavailable(Exception):
    """Why there is no such kernel here."""


def run(*words, **options):
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(words)}: took over {SECONDS} s") from None
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(words)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def cache():
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "sluice" / "kernels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def numbers(name):
    return [int(number) for number in re.findall(r"\d+", name)]


def newest(kernel):
    """PACKAGE and VERSION of the newest one that apt knows; None: none."""
    found = [line.split()[0] for line in run("apt-cache", "search", "--names-only", PACKAGES[kernel]).splitlines()]
    if not found:
        return None
    package = max(found, key=numbers)
    version = re.search(r"^Version: (\S+)", run("apt-cache", "show", "--no-all-versions", package), re.MULTILINE)
    return package, version[1]


def kept(kernel):
    """The newest one of the cache, or None."""
    return max((folder for folder in cache().glob(f"*_{KIND}") if re.match(PACKAGES[kernel], folder.name.partition("_")[0])),
               key=lambda folder: numbers(folder.name), default=None)


def obtain(kernel):
    """The folder of this kernel. Raises Unavailable."""
    missing = [tool for tool in ("apt-cache", "apt-get", "dpkg-deb") if not shutil.which(tool)]
    wanted = None if missing else newest(kernel)
    if wanted is None:
        if kept(kernel):
            return kept(kernel)
        raise Unavailable(f"not installed: {' '.join(missing)}" if missing else
                          f"apt knows no package {PACKAGES[kernel]} (apt-get update?)")
    folder = cache() / "_".join((*wanted, KIND))
    if folder.is_dir():
        return folder
    try:
        fetch(*wanted, folder)
    except Unavailable:
        if not kept(kernel):  # an index that is older than the archive names files that have gone
            raise Unavailable(f"{wanted[0]} cannot be downloaded (apt-get update?)") from None
        print(f"{wanted[0]} cannot be downloaded: an older one is taken", flush=True)
        return kept(kernel)
    return folder


def fetch(package, version, folder):
    print(f"downloading {package} {version}", flush=True)
    with tempfile.TemporaryDirectory(dir=cache()) as work:
        run("apt-get", "download", "-q", f"{package}={version}", cwd=work)
        run("dpkg-deb", "-x", str(next(Path(work).glob("*.deb"))), f"{work}/root")
        made = Path(work) / "made"
        made.mkdir()
        shutil.copy(next(Path(work).glob("root/boot/vmlinuz-*")), made / "vmlinuz")
        copy_modules(Path(work) / "root/lib/modules", made)
        made.rename(folder)


def copy_modules(tree, to):
    """MODULES and what they depend on, unpacked. A module that this kernel has built in has no file."""
    files = {path.name.partition(".")[0].replace("-", "_"): path for path in tree.rglob("*.ko*")}
    order = []

    def copy(name):
        if name not in files or name in order:
            return
        data = files[name].read_bytes()
        if files[name].suffix == ".xz":
            data = lzma.decompress(data)
        for other in re.search(rb"\0depends=([^\0]*)\0", data)[1].decode().split(","):
            copy(other.replace("-", "_"))
        (to / f"{name}.ko").write_bytes(data)
        order.append(name)

    for name in MODULES:
        copy(name)
    (to / "order").write_text("".join(f"{name}.ko\n" for name in order), encoding="ascii")
