#!/usr/bin/env python3
"""clang-tidy with .clang-tidy over the sources of some folders. Exits 77 (skipped) without clang-tidy-19.

usage: tidy.py BUILD ROOT FOLDER…      BUILD has compile_commands.json

The sources of one folder are written into one and read as that: most of the time goes into the headers of libraries, and these
are then read once a folder. So what a folder keeps to its files (anonymous namespaces) has to have different names in them.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

TIDY = "clang-tidy-19"
SKIPPED = 77


def folders_of(database, root, tops):
    """folder -> its entries in compile_commands.json."""
    folders = {}
    for entry in database:
        path = pathlib.Path(entry["file"])
        if path.suffix == ".cpp" and path.is_relative_to(root) and path.relative_to(root).parts[0] in tops:
            folders.setdefault(path.parent.relative_to(root), {})[path.name] = entry
    return folders


class Joined:
    """The sources of a folder in one file, with the flags of the first of them."""

    def __init__(self, out, folder, entries):
        self.file = out / (str(folder).replace("/", "_") + ".cpp")
        self.starts = []  # (line in it, source), in order
        lines = []
        for name in sorted(entries):
            self.starts.append((len(lines), folder / name))
            lines += pathlib.Path(entries[name]["file"]).read_text().splitlines()
        self.file.write_text("\n".join(lines) + "\n")
        first = next(iter(entries.values()))
        command = first["command"].replace(first["file"], str(self.file)).removeprefix("ccache ")
        self.entry = {"directory": first["directory"], "file": str(self.file), "command": command}

    def place_of(self, line):
        start, source = max((place for place in self.starts if place[0] < line), key=lambda place: place[0])
        return f"{source}:{line - start}"

    def with_places(self, text):
        """What names lines of it, with the lines of the sources."""
        return re.sub(re.escape(str(self.file)) + r":(\d+)", lambda found: self.place_of(int(found[1])), text)


def check(out, joined):
    """What clang-tidy says of it; empty: nothing."""
    # The flags are those of GCC: clang does not know all of its warnings.
    done = subprocess.run([TIDY, "-p", out, "--quiet", "-extra-arg=-Wno-unknown-warning-option", joined.file],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else joined.with_places(done.stdout + done.stderr)


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which(TIDY) is None:
        print(f"SKIPPED: {TIDY} is not installed")
        return SKIPPED
    build, root, tops = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
    folders = folders_of(json.loads((build / "compile_commands.json").read_text()), root, tops)
    # Of a wrong build or a wrong folder nothing would match, and nothing would fail.
    for top in tops:
        if not any(folder.parts[0] == top for folder in folders):
            print(f"no source of {top} in {build}/compile_commands.json", file=sys.stderr)
            return 1
    out = build / "tidy"
    out.mkdir(exist_ok=True)
    shutil.copy(root / ".clang-tidy", out)
    sources = [Joined(out, folder, entries) for folder, entries in folders.items()]
    (out / "compile_commands.json").write_text(json.dumps([joined.entry for joined in sources]))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(pool.map(lambda joined: check(out, joined), sources))
    print("".join(findings) or f"{sum(map(len, folders.values()))} sources of {len(folders)} folders: nothing to mend")
    return 1 if any(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
