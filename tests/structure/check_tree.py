#!/usr/bin/env python3
"""Checks sizes, headers, text and documents of the tree.

usage: check_tree.py [ROOT]

  sizes      a header has at most 300 lines, a source 800, and a line of either 100 columns
  headers    each begins with `#pragma once` and a comment that is its contract
  text       no tabs, no control or invisible characters in sources and scripts
  documents  in each .md, links to files and paths in backticks (from the root or from the document's
             folder) exist
  folders    filters/README.md, lists/README.md and gateway/README.md name each folder below them that
             has files: in backticks, in a heading or in a link

Prints `file:line: reason` for each violation. Exit status: 0 none, 1 some.
"""

import pathlib
import re
import sys
import unicodedata

MOST_LINES = {".h": 300, ".cpp": 800}
MOST_COLUMNS = 100
TOPS = ("filters", "lists", "gateway", "tests", "benchmarks", "deploy")
TOPS_WITH_README = ("filters", "lists", "gateway")
DATA = ("tests/data", "tests/fuzz/corpus")
SCRIPTS = (".py", ".sh", ".cmake", ".txt")
NOT_OURS = ("build",)  # made by the build; hidden folders are skipped as well
FILE_SUFFIXES = (".h", ".cpp", ".py", ".sh", ".md", ".toml", ".list", ".endpoints", ".txt")

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)[^)\n]*\)")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")


def files_below(root, folder="."):
    for path in sorted((root / folder).iterdir()) if (root / folder).is_dir() else []:
        if path.name.startswith(".") or path.name in NOT_OURS or path.name == "__pycache__":
            continue
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            yield from files_below(root, name)
        else:
            yield name


def is_script(root, name):
    if name.startswith(tuple(folder + "/" for folder in DATA)):
        return False
    with (root / name).open("rb") as file:
        return name.endswith(SCRIPTS) or file.read(2) == b"#!"


def check_text(lines):
    for number, line in enumerate(lines, 1):
        for sign in line:
            if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") or sign == "\ufffd":
                yield number, f"a tab, control or invisible character, U+{ord(sign):04X}"
                break


def check_size(name, lines):
    most = MOST_LINES[pathlib.PurePath(name).suffix]
    if len(lines) > most:
        yield most + 1, f"{len(lines)} lines, at most {most}"
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_COLUMNS:
            yield number, f"{len(line)} columns, at most {MOST_COLUMNS}"


def check_header(lines):
    written = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not written or written[0][1] != "#pragma once":
        yield 1, "a header begins with #pragma once"
    elif len(written) < 2 or not re.match(r"//\s*\S|/\*", written[1][1]):
        yield written[0][0] + 1, "a header opens with its contract, a comment after #pragma once"


def prose(lines):
    """(number, line) of all lines outside code fences."""
    fenced = False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


def path_in(word, root, folder):
    """The path that a word in backticks means, or None. A path has a slash. It is ours if its first
    part exists, or if it ends like a source or a document."""
    word = word.removeprefix("./")
    if "/" not in word or not PATH.fullmatch(word):
        return None
    first = word.split("/")[0]
    if first in NOT_OURS or first == "..":
        return None
    begins_here = (root / first).exists() or (folder / first).exists()
    return word if begins_here or word.endswith(FILE_SUFFIXES) else None


def check_document(root, name, lines):
    folder = (root / name).parent
    for number, line in prose(lines):
        for text in CODE.findall(line):
            for word in text.split():
                path = path_in(word, root, folder)
                if path and not (root / path).exists() and not (folder / path).exists():
                    yield number, f"`{word}` does not exist"
        for target in LINK.findall(CODE.sub("", line)):
            path = target.split("#")[0]
            if SCHEME.match(target) or not path:
                continue
            start = root if path.startswith("/") else folder
            if not (start / path.lstrip("/")).exists():
                yield number, f"the link to {target} leads nowhere"


def names_in(lines):
    """The names in a README: words in backticks and headings, targets of links."""
    names = set()
    for _, line in prose(lines):
        words = LINK.findall(line) + [w for text in CODE.findall(line) for w in text.split()]
        if line.startswith("#"):
            words += line.replace("`", " ").split()
        names |= {word.removesuffix("README.md").strip("/,:;.") for word in words}
    return names


def check_folders(root, top):
    readme = root / top / "README.md"
    if not readme.is_file():
        yield 1, "does not exist"
        return
    names = names_in(readme.read_text(encoding="utf-8").split("\n"))
    folders = {pathlib.PurePath(name).parent for name in files_below(root, top)}
    for folder in sorted(folders - {pathlib.PurePath(top)}):
        below = folder.relative_to(top)
        if names.isdisjoint({folder.as_posix(), below.as_posix(), below.name}):
            yield 1, f"does not name {below.as_posix()}"


def lines_of(root, name):
    text = (root / name).read_bytes().decode("utf-8", errors="replace")
    return text.removesuffix("\n").split("\n")


def check_file(root, name):
    suffix = pathlib.PurePath(name).suffix
    source = name.startswith(tuple(top + "/" for top in TOPS))
    if suffix == ".md":
        yield from check_document(root, name, lines_of(root, name))
    elif source and suffix in MOST_LINES:
        lines = lines_of(root, name)
        yield from check_text(lines)
        yield from check_size(name, lines)
        if suffix == ".h":
            yield from check_header(lines)
    elif source and is_script(root, name):
        yield from check_text(lines_of(root, name))


def check(root):
    """All violations below the root, as lines to print."""
    root = pathlib.Path(root).resolve()
    violations = [f"{name}:{line}: {reason}" for name in files_below(root)
                  for line, reason in check_file(root, name)]
    for top in TOPS_WITH_README:
        violations += [f"{top}/README.md:{line}: {reason}"
                       for line, reason in check_folders(root, top)]
    return violations


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        sys.exit(__doc__)
    root = sys.argv[1] if len(sys.argv) == 2 else pathlib.Path(__file__).parents[2]
    violations = check(root)
    print("\n".join(violations) or "sizes, headers, text and documents are as they should be")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
