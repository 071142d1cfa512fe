#!/usr/bin/env python3
"""clang-tidy with .clang-tidy over the sources of some folders. Exits 77 (skipped) without clang-tidy-19.

usage: tidy.py BUILD ROOT FOLDER…      BUILD has compile_commands.json

The sources of one folder are read as one: most of the time goes into the headers of libraries, and these are then read once
a folder. So what a folder keeps to its files (anonymous namespaces) has to have different names in them.
"""

import concurrent.futures
import json
import os
import pathlib
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


def write_joined(out, root, folders):
    """A source for each folder that includes all of its sources, with the flags of the first of them."""
    database = []
    for folder, entries in folders.items():
        joined = out / (str(folder).replace("/", "_") + ".cpp")
        joined.write_text("".join(f'#include "{folder / name}"  // NOLINT(bugprone-suspicious-include)\n'
                                  for name in sorted(entries)))
        first = next(iter(entries.values()))
        database.append({"directory": first["directory"], "file": str(joined),
                         "command": first["command"].replace(first["file"], str(joined)).removeprefix("ccache ")})
    (out / "compile_commands.json").write_text(json.dumps(database))
    shutil.copy(root / ".clang-tidy", out)
    return [entry["file"] for entry in database]


def check(out, joined):
    """What clang-tidy says of it; empty: nothing."""
    # The flags are those of GCC: clang does not know all of its warnings. To the analyzer all sources are headers here.
    extra = ["-Wno-unknown-warning-option", "-Xclang", "-analyzer-opt-analyze-headers"]
    done = subprocess.run([TIDY, "-p", out, "--quiet", *(f"-extra-arg={flag}" for flag in extra), joined],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


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
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = list(pool.map(lambda joined: check(out, joined), write_joined(out, root, folders)))
    print("".join(findings) or f"{sum(map(len, folders.values()))} sources of {len(folders)} folders: nothing to mend")
    return 1 if any(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
