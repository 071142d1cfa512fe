#!/usr/bin/env bash
# Checks that clang-format would change no source. Exits 77 (skipped) without clang-format-19.
#
# usage: format.sh ROOT       To fix a file: clang-format-19 -i FILE
set -euo pipefail

cd "${1:?usage: format.sh ROOT}"
command -v clang-format-19 >/dev/null || { echo "SKIPPED: clang-format-19 is not installed"; exit 77; }

folders=()
for folder in filters lists gateway tests benchmarks; do
  [ ! -d "$folder" ] || folders+=("$folder")
done
mapfile -t files < <(find "${folders[@]}" -name '*.h' -o -name '*.cpp')
[ ${#files[@]} -gt 0 ] || { echo "no sources in $PWD" >&2; exit 1; }
clang-format-19 --dry-run -Werror "${files[@]}"
echo "${#files[@]} files are formatted"
