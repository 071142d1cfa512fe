#!/usr/bin/env python3
"""Reads captures made to break readers: none may crash or hang the program, or trigger a sanitizer.

usage: robustness.py PROGRAM [--shared FOLDER]      PROGRAM is read_captures

FOLDER/corpus/robustness is looked for in --shared, $SLUICE_SHARED, or `../shared` beside the checkout; without it the exit
status is 77 (skipped).
"""

import concurrent.futures
import json
import os
import subprocess
import sys

import shared_folder

A_RUN = 100  # captures that one process reads


def fault(program, files):
    """What went wrong while reading these files; empty: nothing."""
    done = subprocess.run([program, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode == 0:
        return ""
    return f"BROKEN, exit status {done.returncode}, at the last file here:\n{done.stdout[-20000:]}\n"


def main():
    options = shared_folder.read_arguments(__doc__, "corpus/robustness", "index.jsonl")
    folder = options.folder
    files = [str(folder / json.loads(line)["file"]) for line in (folder / "index.jsonl").open()]
    absent = [file for file in files if not os.path.exists(file)]
    runs = [files[first:first + A_RUN] for first in range(0, len(files), A_RUN)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [text for text in pool.map(lambda run: fault(options.program, run), runs) if text]
    print("".join(faults) + "".join(f"ABSENT {file}\n" for file in absent), end="")
    print(f"{len(files)} captures in {len(runs)} runs, {len(faults)} of them broken")
    return 1 if faults or absent else 0


if __name__ == "__main__":
    sys.exit(main())
