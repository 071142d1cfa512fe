#!/usr/bin/env python3
"""Compares `sluice inspect` with an independent reader, over captures from elsewhere.

usage: corpus.py PROGRAM [--shared FOLDER]

`inspect` has to find every name of a client (DNS question, TLS or QUIC server name, HTTP host) that the reader saw in a capture,
and no other. If the two differ for a good reason, exceptions.tsv has a line: capture, `missing` or `extra`, protocol, name,
reason. A difference without a line fails the test, and so does a line without a difference.

The corpus is not part of the project: FOLDER/corpus is looked for in --shared, $SLUICE_SHARED, or `../shared` beside
the checkout; without it the exit status is 77 (skipped). Exits 1 where anything differs.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import shared_folder

KINDS = {"dns_query": "dns", "tls_sni": "tls", "http_host": "http", "quic_sni": "quic"}
TIMEOUT_SECONDS = 30
# No capture here needs more, and allocating memory takes longer than reading a capture.
CONFIGURATION = """[limits]
flows = 4096
streams = 256
fragmented_datagrams = 64
quic_flows = 1024
quic_streams = 64
leases = 1024
innocent_addresses = 1024
"""


class Program:
    def __init__(self, path, configuration):
        self.path = path
        self.configuration = configuration

    def inspect(self, capture):
        """Exit status (negative: killed by that signal; None: hung), and what was printed."""
        words = [self.path, "inspect", "--config", self.configuration, "--read", capture]
        try:
            done = subprocess.run(words, capture_output=True, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return None, b""
        return done.returncode, done.stdout


def names_found(output):
    """Names that clients sent. The reader lists neither names in answers nor signatures."""
    found = collections.defaultdict(set)
    for line in output.decode("ascii").splitlines():
        finding = json.loads(line)
        is_signature = finding["name"].endswith("._signature")
        if finding["proto"] in KINDS.values() and finding.get("from") != "answer" and not is_signature:
            found[finding["proto"]].add(finding["name"])
    return found


def other_names(capture):
    """Names that the independent reader saw somewhere in the capture, in whatever list."""
    names = {triple[0] for triple in capture.get("triples", [])}
    for key, value in capture.items():
        if isinstance(value, list):
            for item in value:
                if isinstance(item, str):
                    names.add(item)
                elif isinstance(item, list):
                    names.update(text for text in item if isinstance(text, str))
    return names


def compare(program, folder, capture):
    """Exit status, then by protocol: the number of names, in all and of `plain`, and the differences."""
    status, output = program.inspect(folder / capture["file"])
    found = names_found(output) if status in (0, 2) else {}
    counts, differences = {}, set()
    for kind, proto in KINDS.items():
        wanted, plain = set(capture.get(kind, [])), set(capture["plain"].get(kind, []))
        here = found.get(proto, set())
        counts[proto] = (len(wanted), len(wanted & here), len(plain), len(plain & here))
        differences |= {("missing", proto, name) for name in wanted - here}
        differences |= {("extra", proto, name) for name in here - other_names(capture)}
    return status, counts, differences


def read_exceptions():
    """(capture, missing or extra, protocol, name), each with a reason behind."""
    lines = pathlib.Path(__file__).with_name("exceptions.tsv").read_text().splitlines()
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 5 and row[4] for row in rows), "exceptions.tsv: five columns a line, the last one the reason"
    return {row[:4] for row in rows}


def check_names(program, folder):
    captures = [json.loads(line) for line in (folder / "expected.jsonl").open()]
    totals = {proto: [0] * 4 for proto in KINDS.values()}
    differences, good = set(), True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda capture: compare(program, folder, capture), captures)
        for capture, (status, counts, here) in zip(captures, results):
            if status not in (0, 2):
                print(f"BROKEN  {capture['file']}: exit status {status}")
                good = False
            for proto, numbers in counts.items():
                totals[proto] = [total + number for total, number in zip(totals[proto], numbers)]
            differences |= {(capture["file"], *difference) for difference in here}
    explained = read_exceptions()
    for what, rows in (("UNEXPLAINED", differences - explained), ("NO LONGER SO", explained - differences)):
        for file, kind, proto, name in sorted(rows):
            print(f"{what}: {kind} {proto} {name!r} in {file}")
            good = False
    print(f"\n{'protocol':10}{'names':>8}{'found':>8}{'plain':>8}{'found':>8}{'of plain':>10}")
    for proto, (wanted, found, plain, plain_found) in totals.items():
        print(f"{proto:10}{wanted:8}{found:8}{plain:8}{plain_found:8}{100.0 * plain_found / max(plain, 1):9.2f}%")
    print(f"differences that exceptions.tsv explains: {len(differences & explained)}")
    return good


def main():
    options = shared_folder.read_arguments(__doc__, "corpus", "expected.jsonl")
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as configuration:
        configuration.write(CONFIGURATION)
        configuration.flush()
        good = check_names(Program(options.program, configuration.name), options.folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
