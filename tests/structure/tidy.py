#!/usr/bin/env python3
"""clang-tidy with .clang-tidy over the sources of some folders. Exits 77 (skipped) without clang-tidy-19.

usage: tidy.py BUILD ROOT FOLDER…      BUILD has compile_commands.json

  default               every source, without the clang static analyzer, which takes two thirds of the time
  SLUICE_SINCE=REF      with the analyzer, the sources that changed since the branch left REF, or include what changed
  SLUICE_TIDY_ALL=yes   with the analyzer, every source

A source in which nothing was found is not read again while it, what it includes of ours, its command and the checks stay as
they were: `sluice-tidy` in $XDG_CACHE_HOME or ~/.cache holds an empty file for each, by hash. Other people's headers do not count.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

TIDY = "clang-tidy-19"
SKIPPED = 77
WITHOUT_ANALYZER = "--checks=-clang-analyzer-*"
FLAGS = [
    "-extra-arg=-Wno-unknown-warning-option",  # the build's flags are those of GCC: clang does not know all of its warnings
    "-extra-arg=-Wno-deprecated-declarations",  # libstdc++'s std::stable_sort calls what it deprecates itself
]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
CONCERNS_ALL = (".clang-tidy", "tests/structure/tidy.py")
FORGOTTEN_AFTER = 30 * 24 * 3600  # seconds


def sources_in(database, root, tops):
    """The sources of the build below these folders, as paths from the root."""
    paths = {pathlib.Path(entry["file"]) for entry in database}
    paths = {path.relative_to(root) for path in paths if path.suffix == ".cpp" and path.is_relative_to(root)}
    return sorted(path.as_posix() for path in paths if path.parts[0] in tops)


def git(root, *words):
    return subprocess.run(["git", "-C", root, *words], check=True, capture_output=True, text=True).stdout.split()


def changed_since(ref, root):
    """What is committed since the branch left ref, and what is not committed yet."""
    base = git(root, "merge-base", ref, "HEAD")[0]
    return {*git(root, "diff", "--name-only", base), *git(root, "ls-files", "--others", "--exclude-standard")}


def closure(source, root, seen):
    """Adds the source and what it includes of ours, at whatever depth, to seen: contents by path; empty: it is not there."""
    if source in seen:  # headers that include each other end here
        return
    file = root / source
    seen[source] = file.read_text() if file.is_file() else ""
    for header in INCLUDE.findall(seen[source]):
        closure(header, root, seen)


def touched_by(changed, sources, root):
    """Those of the sources that changed, or that include what changed, at whatever depth."""
    if changed & set(CONCERNS_ALL):
        return sources

    def is_touched(source):
        files = {}
        closure(source, root, files)
        return bool(changed & files.keys())
    return [source for source in sources if is_touched(source)]


class Clean:
    """Remembers what was found clean, between runs and checkouts. For several threads."""

    def __init__(self, root, database, options):
        home = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        self.folder = pathlib.Path(home) / "sluice-tidy"
        self.root = root
        self.commands = {entry["file"]: entry["command"].replace(str(root), "") for entry in database}
        version = subprocess.run([TIDY, "--version"], check=True, capture_output=True, text=True).stdout
        self.common = "\0".join([version, *FLAGS, *options, (root / ".clang-tidy").read_text()])
        self.folder.mkdir(parents=True, exist_ok=True)
        for entry in self.folder.iterdir():
            if entry.stat().st_mtime < time.time() - FORGOTTEN_AFTER:
                entry.unlink(missing_ok=True)

    def entry(self, source):
        files = {}
        closure(source, self.root, files)
        parts = [self.common, self.commands[str(self.root / source)]]
        parts += (part for path in sorted(files) for part in (path, files[path]))
        return self.folder / hashlib.sha256("\0".join(parts).encode()).hexdigest()


def check(build, root, source, options, clean):
    """What clang-tidy says about it; empty: nothing."""
    entry = clean.entry(source)
    if not entry.exists():
        done = subprocess.run([TIDY, "-p", build, "--quiet", *FLAGS, *options, root / source],
                              capture_output=True, text=True)
        if done.returncode != 0:
            return done.stdout + done.stderr
    entry.touch()
    return ""


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which(TIDY) is None:
        print(f"SKIPPED: {TIDY} is not installed")
        return SKIPPED
    build, root, tops = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
    database = json.loads((build / "compile_commands.json").read_text())
    sources = sources_in(database, root, tops)
    # With a wrong build or a wrong folder nothing would match, and nothing would fail.
    for top in tops:
        if not any(source.startswith(top + "/") for source in sources):
            print(f"no source of {top} in {build}/compile_commands.json", file=sys.stderr)
            return 1
    options = []
    if os.environ.get("SLUICE_SINCE"):
        sources = touched_by(changed_since(os.environ["SLUICE_SINCE"], root), sources, root)
    elif not os.environ.get("SLUICE_TIDY_ALL"):
        options = [WITHOUT_ANALYZER]
    clean = Clean(root, database, options)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(pool.map(lambda source: check(build, root, source, options, clean), sources))
    print("".join(findings) or f"{len(sources)} sources: nothing to fix")
    return 1 if any(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
