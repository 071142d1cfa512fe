#!/usr/bin/env bash
# The lab of deploy/quickstart as a test. Exits 77 (skipped) where it cannot be set up.
#
# usage: lab_test.sh PROGRAM [--clients] [--dataplane TYPE] [--workers N]      PROGRAM is an existing `sluice`; the rest as for quickstart
set -euo pipefail

program=${1:?usage: lab_test.sh PROGRAM [--clients]}
shift
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

skip() { echo "SKIPPED: $*"; exit 77; }

[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
missing=()
for tool in ip ethtool sysctl dnsmasq nginx curl dig openssl; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] || skip "not installed: ${missing[*]} (deploy/dependencies lab)"
probe=sluice-test-$$
ip netns add "$probe" 2>/dev/null || skip "no network namespaces can be made here"
# What a bump in the wire needs in its namespace: a pair of virtual interfaces.
pair=yes
ip -n "$probe" link add inside type veth peer name outside 2>/dev/null || pair=no
ip netns del "$probe"
[ "$pair" = yes ] || skip "no virtual interfaces can be made here"

case "$*" in
  *--dataplane*) ;;
  *) set -- "$@" --dataplane pcap ;;
esac
exec "$root/deploy/quickstart" --program "$program" "$@"
