"""Finds data that is not part of the project."""

import argparse
import os
import pathlib
import sys

SKIPPED = 77


def read_arguments(description, below, marker):
    """Reads PROGRAM and --shared FOLDER (default: $SLUICE_SHARED, then `../shared` beside the checkout). Sets `folder` to the
    part `below` it. Ends the program as skipped if that has no file `marker`."""
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
