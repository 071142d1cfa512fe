"""The machine's root, all of it in memory: an initial RAM disk of busybox, `sluice`, ip, ethtool and Python, with the libraries
that they load, and guest.py.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = ("ip", "ethtool", "nft")
NEEDED = ("busybox", "cpio", "ldd", "openssl", *TOOLS)
APPLETS = ("sh", "mount", "insmod", "sysctl", "dmesg", "poweroff")
# What guest.py imports, and what Python imports once it runs.
ASK_PYTHON = """
import sys
sys.path.insert(0, sys.argv[1])
import guest, encodings.idna, encodings.ascii, encodings.latin_1
for module in list(sys.modules.values()):
    for file in (getattr(module, "__file__", None), getattr(module, "__cached__", None)):
        if file: print(file)
"""


class Root:
    """A tree that has the host's files at the host's places."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for name in ("bin", "dev", "proc", "sys", "tmp", "run", "bpf", "modules"):
            (self.folder / name).mkdir(parents=True)

    def take(self, file, to=None):
        place = self.folder / str(to or file).lstrip("/")
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, place)

    def take_binary(self, file, to=None):
        """With the libraries that it loads."""
        self.take(file, to)
        for library in re.findall(r"(/\S+) \(0x", output("ldd", str(file))):
            self.take(library)

    def take_python(self):
        self.take_binary(Path(sys.executable).resolve(), "bin/python3")
        for name in output(sys.executable, "-IBS", "-c", ASK_PYTHON, str(HERE)).split("\n"):
            file = Path(name)
            if not file.is_file() or file.is_relative_to(HERE):
                continue
            if file.suffix == ".so":
                self.take_binary(file)
            else:
                self.take(file)


def output(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0 and "not a dynamic executable" not in done.stderr:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def build(work, kernel, program, plan):
    """Writes WORK/initrd, and returns it. KERNEL: a folder of kernels.py; PROGRAM: `sluice`; PLAN: for guest.py."""
    root = Root(Path(work) / "root")
    root.take(shutil.which("busybox"), "bin/busybox")
    for applet in APPLETS:
        (root.folder / "bin" / applet).symlink_to("busybox")
    root.take_binary(program, "bin/sluice")
    for tool in TOOLS:
        root.take_binary(Path(shutil.which(tool)).resolve(), f"bin/{tool}")
    root.take_python()
    for module in [*kernel.glob("*.ko"), kernel / "order"]:
        root.take(module, f"modules/{module.name}")
    root.take(HERE / "init", "init")
    root.take(HERE / "guest.py", "guest.py")
    (root.folder / "plan.json").write_text(json.dumps(plan), encoding="ascii")
    output("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-subj",
           "/CN=server.test", "-keyout", str(root.folder / "key.pem"), "-out", str(root.folder / "certificate.pem"))
    initrd = Path(work) / "initrd"
    output("sh", "-c", f"cd '{root.folder}' && find . | cpio --quiet -o -H newc >'{initrd}'")  # not packed: quicker in emulation
    return initrd
