"""Headless Chromium for tests: what tests/console/install puts there, and the scripts of tests/console."""

import os
import subprocess
from pathlib import Path

from xdp_lab import Failure, Skipped

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests/console"
MODULES = ROOT / "build/console/node_modules"
CHROMIUM = "/usr/bin/chromium"
PATIENCE_SECONDS = 300


def install():
    for tool in (CHROMIUM, "node"):
        if subprocess.run(["sh", "-c", f"command -v {tool}"], capture_output=True).returncode != 0:
            raise Skipped(f"{tool} is missing (deploy/dependencies browser)")
    done = subprocess.run([str(SCRIPTS / "install")], capture_output=True, text=True)
    if done.returncode != 0:
        raise Skipped(f"tests/console/install: {done.stderr.strip().splitlines()[-1:]}")


def run_script(name, *words, home, within=lambda *command: list(command)):
    """Runs a script of tests/console, and prints what it says. `within` says where, as Lab.within does; Chromium writes into `home`."""
    done = subprocess.run(within("node", str(SCRIPTS / name), str(MODULES), CHROMIUM, *map(str, words)), capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS, env={**os.environ, "HOME": str(home)})
    print(done.stdout, end="")
    if done.returncode != 0:
        raise Failure(f"{name}, {words}: {done.stderr}")


def shrink(picture):
    """A page has few colours: with a palette its picture takes half the bytes."""
    try:
        from PIL import Image
    except ImportError:
        print(f"  {picture} stays as large as it is: Pillow is missing (python3-pil)")
        return
    Image.open(picture).convert("RGB").quantize(256).save(picture, optimize=True)
