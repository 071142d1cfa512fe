#!/usr/bin/env bash
# clang-tidy with .clang-tidy over the sources of some folders. Exits 77 (skipped) without clang-tidy-19.
#
# usage: tidy.sh BUILD ROOT FOLDER…      BUILD has compile_commands.json
set -euo pipefail

[ $# -ge 3 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$1 root=$(realpath "$2")
shift 2
command -v run-clang-tidy-19 >/dev/null || { echo "SKIPPED: clang-tidy-19 is not installed"; exit 77; }

# Of a wrong build or a wrong folder nothing would match, and nothing would fail.
folders=$(IFS='|'; echo "$*")
sources="^$(sed 's/[][().*+?^${}|\\]/\\&/g' <<<"$root")/($folders)/"
grep -qE "\"file\": \"${sources#^}" "$build/compile_commands.json" ||
  { echo "no source of ($folders) in $build/compile_commands.json" >&2; exit 1; }

# The flags are those of GCC: clang does not know all of its warnings.
run-clang-tidy-19 -clang-tidy-binary clang-tidy-19 -p "$build" -quiet -j 2 \
  -extra-arg=-Wno-unknown-warning-option "$sources"
