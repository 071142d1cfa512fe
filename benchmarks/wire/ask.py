#!/usr/bin/env python3
"""Asks a DNS server for the A records of names, over UDP, from one address; prints a line for each: NAME RCODE, or NAME silent.

usage: ask.py SOURCE SERVER NAME…
"""

import socket
import sys

from frames import question

PATIENCE_SECONDS = 0.5
TRIES = 3


def ask(source, server, name, number):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((source, 0))
        asking.connect((server, 53))
        asking.settimeout(PATIENCE_SECONDS)
        for _ in range(TRIES):
            asked = question(name, number)
            asking.send(asked)
            try:
                answer = asking.recv(4096)
            except OSError:
                continue
            if answer[:2] == asked[:2] and answer[2] & 0x80:
                return str(answer[3] & 0x0F)
    return "silent"


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    source, server, *names = arguments
    for number, name in enumerate(names, 1):
        print(name, ask(source, server, name, number))


if __name__ == "__main__":
    main(sys.argv[1:])
