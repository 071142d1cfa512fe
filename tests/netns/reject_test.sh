#!/usr/bin/env bash
# A rejected connection ends at both ends at once: a real server reports its reset. The banned hello takes two segments, as those
# of browsers do. Exits 77 (skipped) if namespaces cannot be set up here.
#
# usage: reject_test.sh PROGRAM      PROGRAM is an existing `sluice`
set -euo pipefail

program=${1:?usage: reject_test.sh PROGRAM}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

skip() { echo "SKIPPED: $*"; exit 77; }

[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
missing=()
for tool in ip ethtool sysctl python3; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] || skip "not installed: ${missing[*]} (deploy/dependencies lab)"

lab_id=reject-$$
# shellcheck source=deploy/lab/network.sh
. "$root/deploy/lab/network.sh"
folder=$(mktemp -d)
started=()
cleanup() {
  for pid in "${started[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
  network_down
  rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 1' INT TERM
ip netns add "sluice-probe-$$" 2>/dev/null || skip "no network namespaces can be made here"
ip netns del "sluice-probe-$$"
network_up

fail() {
  echo "FAILED: $*" >&2
  sed 's/^/  gateway: /' "$folder/log" >&2
  exit 1
}

echo wechat.com >"$folder/banned.list"
cat >"$folder/sluice.toml" <<END
[dataplane]
inside = "inside"
outside = "outside"
[[list]]
app = "wechat"
file = "banned.list"
[[policy]]
name = "all"
apps = ["wechat"]
action = "reject"
END

ip netns exec "$lab_gateway" "$program" run --config "$folder/sluice.toml" >"$folder/log" 2>&1 &
started+=($!)
ip netns exec "$lab_server" python3 "$here/reject_ends.py" serve 0.0.0.0 443 >"$folder/server" &
started+=($!)
for _ in $(seq 100); do
  grep -qs ready "$folder/server" && in_client ping -c 1 -W 1 "$server_v4" >/dev/null 2>&1 && break
  sleep 0.1
done

# expect CUT: the hello in one write or in two.
asked=0
expect() {
  local got
  got=$(in_client python3 "$here/reject_ends.py" ask "$server_v4" 443 "$1")
  asked=$((asked + 1))
  [ "$got" = reset ] || fail "hello cut at $1: the client's connection is $got"
  for _ in $(seq 20); do
    [ "$(grep -c reset "$folder/server")" = $asked ] && return
    sleep 0.1
  done
  fail "hello cut at $1: the server says $(tail -n +2 "$folder/server" | tr '\n' ' ')"
}
for cut in 0 0 0 0 0 1 1400; do expect $cut; done

echo "rejected at both ends: $asked of $asked"
