"""Where the data is that is no part of the project."""

import argparse
import os
import pathlib


def read_arguments(description):
    """PROGRAM, and --shared FOLDER: else $SLUICE_SHARED, else `../shared` beside the checkout."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("program")
    beside = pathlib.Path(__file__).resolve().parents[3] / "shared"
    arguments.add_argument("--shared", default=os.environ.get("SLUICE_SHARED", beside), type=pathlib.Path)
    return arguments.parse_args()
