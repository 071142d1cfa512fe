#!/usr/bin/env python3
"""Checks who includes whom, that a source includes its own header first, and that filters/ is pure.

usage: check_includes.py [ROOT]

Prints `file:line: reason` for each violation. Exit status: 0 none, 1 some.
"""

import pathlib
import re
import sys

# A module is a folder (or a file that stands alone) and belongs to the longest row that fits. It
# may include what its row names, and what that may include; a file in a row stands for itself only.
ALLOWED = {
    "filters/base": [],
    "filters/name": ["filters/base"],
    "filters/packet": ["filters/base"],
    "filters/tls": ["filters/base"],
    "filters/quic": ["filters/base"],
    "filters/http": ["filters/base"],
    "filters/http2": ["filters/base"],
    "filters/mmtls": ["filters/base"],
    "filters/proxy": ["filters/base"],
    "filters/dns": ["filters/base", "filters/name"],
    "filters/flow": ["filters/base", "filters/packet"],
    "filters/fragment": ["filters/base", "filters/packet", "filters/flow"],
    "filters/match": ["filters/base", "filters/name"],
    "filters/inspect": ["filters/base", "filters/packet", "filters/dns", "filters/tls",
                        "filters/quic", "filters/http", "filters/http2", "filters/mmtls", "filters/proxy",
                        "filters/flow/client_stream.h"],
    "filters/policy": ["filters/base", "filters/name", "filters/match",
                       "filters/inspect/finding.h", "filters/flow/flow_key.h"],
    "filters/craft": ["filters/base", "filters/packet", "filters/dns"],
    "lists/format": ["filters/base", "filters/name", "filters/match/rule.h",
                     "filters/match/pseudo_name.h"],
    "lists/compile": ["lists/format", "filters/match"],
    "gateway/telemetry": ["filters/base"],
    "gateway/dataplane": ["filters/base"],
    "gateway/dataplane/interfaces": ["filters/base"],
    "gateway/dataplane/pcap": ["gateway/dataplane", "gateway/dataplane/interfaces"],
    "gateway/dataplane/factory": ["gateway/dataplane", "gateway/dataplane/pcap"],
    "gateway/engine": ["filters/*", "gateway/dataplane", "gateway/telemetry"],
    "gateway/endpoints": ["filters/*", "gateway/engine"],
    "gateway/config": ["filters/policy", "filters/packet/tunnels.h", "lists/compile",
                       "gateway/dataplane/kind.h"],
    "gateway/cli": ["filters/*", "lists/*"],
    "gateway/app": ["filters/*", "lists/*", "gateway/cli", "gateway/config", "gateway/endpoints",
                    "gateway/engine",
                    "gateway/dataplane/factory", "gateway/dataplane/pcap"],
    "gateway/main.cpp": ["gateway/app"],
    "tests": ["filters/*", "lists/*", "gateway/*"],
    "benchmarks": ["tests"],
}

# All that filters/ may include of others: values, and algorithms over them.
PURE_HEADERS = set("""
algorithm array bit bitset cassert charconv chrono climits cmath compare concepts cstddef cstdint
cstring expected functional initializer_list iterator limits map memory memory_resource new numeric optional ranges
set span string string_view tuple type_traits unordered_map unordered_set utility variant vector
""".split()) | {
    "arpa/inet.h",  # inet_pton, inet_ntop: text to bytes and back
    "emmintrin.h",  # SSE2: 16 bytes at once
    "nghttp2/nghttp2.h",  # Huffman codes of HPACK
    "openssl/evp.h", "openssl/sha.h",  # AES and SHA-256 over bytes: keys of QUIC Initials
    "stddef.h", "stdint.h",  # for the header that C reads too
}

IMPURE_CODE = {
    r"::now\s*\(|::time\s*\(|\b(clock_gettime|gettimeofday)\b": "reads a clock",
    r"\b(secure_)?getenv\b": "reads the environment",
    r"\b(rand|srand|random_device|getrandom|arc4random)\b": "reads randomness",
    r"\b(cin|cout|cerr|clog|f?printf|f?puts|fopen|perror)\b": "reads or writes files",
    r"\bspdlog\b|\bsyslog\b": "logs",
    r"\bstd::(atomic|mutex|j?thread|async)\b": "knows of threads",
    r"\bthread_local\b|^\s*static\s+(?![^=;{(]*\bconst(expr)?\b)[^();]*[=;{]": "keeps global state",
}

TOPS = ("filters", "lists", "gateway", "tests", "benchmarks")
COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])*\'',
    re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\b\s*(?:"(?P<ours>[^"]*)"|<(?P<theirs>[^>]*)>)?')


def without(code, text_too):
    """The code without comments (and without texts), on the same lines."""
    def blank(found):
        word = found.group()
        return word if word[0] != "/" and not text_too else re.sub(r"[^\n]", " ", word)
    return COMMENT_OR_TEXT.sub(blank, code)


def module_of(path, allowed):
    rows = [row for row in allowed if path == row or path.startswith(row + "/")]
    return max(rows, key=len, default=None)


def expand(entry, allowed):
    if not entry.endswith("/*"):
        return [entry]
    return [row for row in allowed if row.startswith(entry[:-1])]


def reach(module, allowed, on_the_way=()):
    """All modules and files that `module` may include. Raises ValueError where rows go in circles."""
    if module in on_the_way:
        raise ValueError("the table goes in circles: " + " -> ".join([*on_the_way, module]))
    found = {module}
    for entry in allowed[module]:
        for name in expand(entry, allowed):
            owner = module_of(name, allowed)
            if owner is None:
                raise ValueError(f"the row of {module} names {name}, which has no row")
            beyond = reach(owner, allowed, (*on_the_way, module))
            found |= beyond if owner == name else {name}
    return found


def check_file(root, path, allowed, may_include):
    """Yields (line, reason)."""
    code = (root / path).read_text(encoding="utf-8", errors="replace")
    module = module_of(path, allowed)
    pure = path.startswith("filters/")
    if module is None:
        yield 1, "its folder has no row in the table of check_includes.py"
        return
    own = re.sub(r"\.cpp$", ".h", path)
    if own == path or not (root / own).is_file():
        own = None
    for number, line in enumerate(without(code, text_too=False).split("\n"), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        ours, theirs = include["ours"], include["theirs"]
        if own not in (None, ours):
            yield number, f'"{own}" comes first: that is how it compiles alone'
        own = None
        if ours is None and theirs is None:
            yield number, "an include that names no file"
        elif ours is None and theirs.startswith(tuple(top + "/" for top in TOPS)):
            yield number, f'<{theirs}> is ours: "{theirs}"'
        elif ours is None:
            if pure and theirs not in PURE_HEADERS:
                yield number, f"filters/ is pure: <{theirs}> is not among the headers it may include"
        elif ".." in ours or not (root / ours).is_file():
            yield number, f'"{ours}" is no path from the root'
        else:
            target = module_of(ours, allowed)
            if target not in may_include[module] and ours not in may_include[module]:
                yield number, f"{module} may not include {ours}"
    if pure:
        for number, line in enumerate(without(code, text_too=True).split("\n"), 1):
            for pattern, what in IMPURE_CODE.items():
                if not INCLUDE.match(line) and re.search(pattern, line):
                    yield number, f"filters/ is pure: this {what}"


def check(root, allowed):
    """All violations below the root, as lines to print."""
    root = pathlib.Path(root)
    try:
        may_include = {module: reach(module, allowed) for module in allowed}
    except ValueError as error:
        return [f"tests/structure/check_includes.py:1: {error}"]
    violations = [f"tests/structure/check_includes.py:1: {name} does not exist"
                  for name in sorted(set().union(*may_include.values()))
                  if not (root / name).exists()]
    files = sorted(path.relative_to(root).as_posix() for top in TOPS
                   for path in (root / top).rglob("*") if path.suffix in (".h", ".cpp"))
    if not files:
        violations.append(f"{root}:1: no sources here")
    for path in files:
        violations += [f"{path}:{line}: {reason}"
                       for line, reason in check_file(root, path, allowed, may_include)]
    return violations


def main():
    if len(sys.argv) > 2 or sys.argv[1:2] == ["--help"]:
        sys.exit(__doc__)
    root = sys.argv[1] if len(sys.argv) == 2 else pathlib.Path(__file__).parents[2]
    violations = check(root, ALLOWED)
    print("\n".join(violations) or "every include is allowed, and filters/ is pure")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
