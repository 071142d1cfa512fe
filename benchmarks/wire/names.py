"""The rules that are loaded in the gateway, and the names that clients ask for."""

import lzma
import os
import random
import subprocess
from pathlib import Path

from network import Trouble

BLOCK_LISTS = ("hagezi-2026-08", "hagezi-2022-history")  # in this order, until there are enough rules
POPULAR = "popular-names"
POPULAR_TAKEN = 100_000  # from the head
LONGEST_ASKED = 100      # bytes: such a question fits any frame that the benchmark sends
ASKED = 20_000           # questions in a file for dnsperf, which repeats it
FLOODED = 4096           # questions of the flood
SEED = 1


def shared_folder(root):
    return Path(os.environ.get("SLUICE_SHARED", root.parent / "shared")) / "lists" / "big"


def lines_of(file):
    with lzma.open(file, "rt", encoding="ascii") as lines:
        yield from map(str.strip, lines)


class Names:
    """`image`: the compiled rules. `banned`, `ordinary`: names that it blocks, or passes, as `sluice check` says."""

    def __init__(self, program, root, network, count):
        self._random = random.Random(SEED)
        lists = shared_folder(root)
        files = [lists / f"{name}.txt.xz" for name in (*BLOCK_LISTS, POPULAR)]
        if all(file.is_file() for file in files):
            self.origin = f"{count:,} rules from {', '.join(BLOCK_LISTS)}"
            rules, asked = self._real(files, count)
        else:
            self.origin = f"{count:,} made-up rules ({lists} has no lists)"
            rules, asked = self._made_up(count)
        text = "\n".join(rules) + "\n"
        self.list = network.write("banned.list", text)
        self.image = network.path("banned.image")
        built = subprocess.run([program, "lists", "build", "--out", self.image, f"banned={self.list}"], capture_output=True, text=True)
        if built.returncode not in (0, 1):  # 1: some lines were refused, such as public suffixes
            raise Trouble(f"the lists cannot be built: {built.stderr.strip()[-300:]}")
        sample = self._random.sample([rule for rule in rules if len(rule) <= LONGEST_ASKED], min(ASKED, count // 2))
        self.banned = self._judged(program, "drop", sample)
        self.ordinary = self._judged(program, "pass", asked)
        if len(self.banned) < 100 or len(self.ordinary) < 100:
            raise Trouble(f"too few names to ask for: {len(self.banned)} banned, {len(self.ordinary)} ordinary")

    def _real(self, files, count):
        rules = {}
        for file in files[:-1]:
            for name in lines_of(file):
                rules[name] = True
                if len(rules) == count:
                    break
        asked = [name for name, _ in zip(lines_of(files[-1]), range(POPULAR_TAKEN))]
        return list(rules), [name for name in asked if len(name) <= LONGEST_ASKED]

    def _made_up(self, count):
        rules = [f"{i * 2654435761 % 2**32:08x}.banned-{i % 997}.example" for i in range(count)]
        return rules, [f"www.{i:x}.ordinary-{i % 997}.example" for i in range(POPULAR_TAKEN)]

    def _judged(self, program, verdict, names):
        said = subprocess.run([program, "check", "--image", self.image], input="\n".join(names) + "\n", capture_output=True,
                              text=True).stdout
        words = (line.split() for line in said.splitlines())
        asked = set(names)
        return [line[1] for line in words if len(line) > 1 and line[0] == verdict and line[1] in asked]

    def mixture(self, banned_percent):
        """A file for dnsperf, in random order."""
        chosen = []
        for _ in range(ASKED):
            banned = self._random.random() * 100 < banned_percent
            chosen.append(self._random.choice(self.banned if banned else self.ordinary))
        return "".join(f"{name} A\n" for name in chosen)

    def flood(self):
        return [self._random.choice(self.banned) for _ in range(FLOODED)]
