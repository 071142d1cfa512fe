#!/usr/bin/env python3
"""Checks who includes whom, that a source includes its own header first, and that filters/ is pure.

usage: check_includes.py ROOT MODULES

MODULES is written by CMake: `build/PRESET/modules.txt`, one module a line, `name|path|DEPS`. A module may include what it
links: DEPS, and their DEPS. It has to include each of its DEPS somewhere. tests/ and benchmarks/ may include everything.

Prints `file:line: reason` for each violation. Exit status: 0 none, 1 some.
"""

import dataclasses
import pathlib
import re
import sys

LAYERS = ("filters", "lists", "gateway", "tests", "benchmarks")  # each may use those before it
FREE = ("tests", "benchmarks")  # they may include all layers before them


@dataclasses.dataclass(frozen=True)
class Module:
    name: str
    path: str  # a folder, or a file that stands alone
    deps: tuple[str, ...]  # names of modules


def read_modules(text):
    """path -> Module"""
    modules = {}
    for line in text.splitlines():
        name, path, deps = line.split("|")
        modules[path] = Module(name, path, tuple(deps.split()))
    return modules

# The only headers of others that filters/ may include: values, and algorithms over them.
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

COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])*\'',
    re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\b\s*(?:"(?P<ours>[^"]*)"|<(?P<theirs>[^>]*)>)?')


def without(code, text_too):
    """The code without comments (and without string literals), on the same lines."""
    def blank(found):
        word = found.group()
        return word if word[0] != "/" and not text_too else re.sub(r"[^\n]", " ", word)
    return COMMENT_OR_TEXT.sub(blank, code)


def layer_of(path):
    return LAYERS.index(path.split("/")[0])


def module_of(path, modules):
    """The module with the longest path that leads to this file, or None."""
    found = [module for where, module in modules.items() if path == where or path.startswith(where + "/")]
    return max(found, key=lambda module: len(module.path), default=None)


class Reach:
    """What each module may include. Raises ValueError where the modules contradict themselves."""

    def __init__(self, modules):
        self.modules = modules
        self.by_name = {module.name: module for module in modules.values()}
        self.found = {}
        for module in modules.values():
            self.of(module)

    def of(self, module, on_the_way=()):
        """The names of the modules."""
        if module.name in on_the_way:
            raise ValueError("the modules link in a circle: " + " -> ".join([*on_the_way, module.name]))
        if module.name not in self.found:
            names = {module.name}
            for name in module.deps:
                if name not in self.by_name:
                    raise ValueError(f"{module.path} links {name}, which is no module")
                if layer_of(self.by_name[name].path) > layer_of(module.path):
                    raise ValueError(f"{module.path} links {self.by_name[name].path}, which is above it")
                names |= self.of(self.by_name[name], (*on_the_way, module.name))
            self.found[module.name] = names
        return self.found[module.name]

    def allows(self, path, header):
        """Whether the source at path may include this header of ours."""
        top, target_top = path.split("/")[0], header.split("/")[0]
        if top in FREE:
            return layer_of(target_top) <= layer_of(top)
        module, target = module_of(path, self.modules), module_of(header, self.modules)
        return target is not None and target.name in self.found[module.name]


def check_file(root, path, reach, includes):
    """Yields (line, reason), and adds the headers of ours that it includes to `includes`."""
    code = (root / path).read_text(encoding="utf-8", errors="replace")
    pure = path.startswith("filters/")
    if module_of(path, reach.modules) is None and not path.startswith(FREE):
        yield 1, "its folder is no sluice_library in CMake"
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
            yield number, f'"{own}" comes first'
        own = None
        if ours is None and theirs is None:
            yield number, "an include that names no file"
        elif ours is None and theirs.startswith(tuple(top + "/" for top in LAYERS)):
            yield number, f'<{theirs}> is ours: "{theirs}"'
        elif ours is None:
            if pure and theirs not in PURE_HEADERS:
                yield number, f"filters/ is pure: <{theirs}> is not among the headers it may include"
        elif ".." in ours or not (root / ours).is_file():
            yield number, f'"{ours}" is no path from the root'
        else:
            includes.add(ours)
            if not reach.allows(path, ours):
                yield number, f"may not include {ours}: CMake links no such module"
    if pure:
        for number, line in enumerate(without(code, text_too=True).split("\n"), 1):
            for pattern, what in IMPURE_CODE.items():
                if not INCLUDE.match(line) and re.search(pattern, line):
                    yield number, f"filters/ is pure: this {what}"


def unused(module, includes, reach):
    """DEPS of a module that none of its files includes, as reasons."""
    found = {target.name for target in (module_of(header, reach.modules) for header in includes) if target}
    for name in module.deps:
        if name not in found:
            yield f"DEPS names {name}, and nothing includes it"


def check(root, modules):
    """All violations below the root, as lines to print."""
    root = pathlib.Path(root)
    try:
        reach = Reach(modules)
    except ValueError as error:
        return [f"CMakeLists.txt:1: {error}"]
    files = sorted(path.relative_to(root).as_posix() for top in LAYERS
                   for path in (root / top).rglob("*") if path.suffix in (".h", ".cpp"))
    violations = [] if files else [f"{root}:1: no sources here"]
    included = {path: set() for path in modules}
    for path in files:
        module = module_of(path, modules)
        includes = included[module.path] if module else set()
        violations += [f"{path}:{line}: {reason}" for line, reason in check_file(root, path, reach, includes)]
    for path, includes in included.items():
        if not path.startswith(FREE):
            violations += [f"{path}/CMakeLists.txt:1: {reason}" for reason in unused(modules[path], includes, reach)]
    return violations


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    modules = read_modules(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
    violations = check(sys.argv[1], modules)
    print("\n".join(violations) or f"{len(modules)} modules include what they link, and filters/ is pure")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
