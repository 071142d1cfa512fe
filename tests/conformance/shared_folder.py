"""Where the data is that is no part of the project."""

import argparse
import os
import pathlib
import sys

SKIPPED = 77


def read_arguments(description, below, marker):
    """PROGRAM, and --shared FOLDER: else $SLUICE_SHARED, else `../shared` beside the checkout. `folder` is what is `below` it;
    ends the program as skipped where there is no file `marker` in that."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("program")
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared"
    arguments.add_argument("--shared", default=os.environ.get("SLUICE_SHARED", beside), type=pathlib.Path)
    options = arguments.parse_args()
    options.folder = options.shared / below
    if not (options.folder / marker).exists():
        print(f"SKIPPED: no {marker} in {options.folder}")
        sys.exit(SKIPPED)
    return options
