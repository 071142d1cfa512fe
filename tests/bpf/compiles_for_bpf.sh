#!/usr/bin/env bash
# Compiles a C file for the BPF target and looks at what came out.
#
# usage: compiles_for_bpf.sh ROOT FILE
set -euo pipefail

root=${1:?usage: compiles_for_bpf.sh ROOT FILE}
file=${2:?usage: compiles_for_bpf.sh ROOT FILE}

for compiler in clang-19 clang-16 clang; do
  command -v "$compiler" >/dev/null && break
  compiler=
done
[ -n "$compiler" ] || { echo "SKIPPED: no clang (deploy/dependencies test)"; exit 77; }

object=$(mktemp)
trap 'rm -f "$object"' EXIT
"$compiler" -target bpf -mcpu=v3 -std=c11 -O2 -Wall -Wextra -Werror -ffreestanding -I "$root" -c "$root/$file" -o "$object"
# A call that clang could not keep out of the code is an undefined symbol.
undefined=$(readelf --wide --syms "$object" | awk '$7 == "UND" && $8 != "" { print $8 }')
[ -z "$undefined" ] || { echo "calls what BPF does not have:"; echo "$undefined"; exit 1; }
echo "$file compiles for BPF"
