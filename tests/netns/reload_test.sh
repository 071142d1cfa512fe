#!/usr/bin/env bash
# Signals of `sluice run`: SIGHUP with broken and with good lists, SIGUSR1 after rotation, SIGTERM.
# Exits 77 (skipped) if namespaces cannot be set up here.
#
#   client ── inside │ gateway │ outside ── server      all four interfaces in one namespace
#
# usage: reload_test.sh PROGRAM      PROGRAM is an existing `sluice`
set -euo pipefail

program=${1:?usage: reload_test.sh PROGRAM}
listen=127.0.0.1:9464

skip() { echo "SKIPPED: $*"; exit 77; }

[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
missing=()
for tool in ip ethtool curl; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
[ ${#missing[@]} -eq 0 ] || skip "not installed: ${missing[*]} (deploy/dependencies lab)"

namespace=sluice-reload-$$
folder=$(mktemp -d)
gateway=
cleanup() {
  if [ -n "$gateway" ]; then kill -9 "$gateway" 2>/dev/null || true; fi
  ip netns del "$namespace" 2>/dev/null || true
  rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

ip netns add "$namespace" 2>/dev/null || skip "no network namespaces can be made here"
for pair in "client inside" "outside server"; do
  read -r one other <<<"$pair"
  ip -n "$namespace" link add "$one" type veth peer name "$other" 2>/dev/null ||
    skip "no virtual interfaces can be made here"
done
inside_it() { ip netns exec "$namespace" "$@"; }
ip -n "$namespace" link set lo up
for interface in client inside outside server; do
  inside_it ethtool -K "$interface" tx off rx off tso off gso off gro off >/dev/null 2>&1 || true
  ip -n "$namespace" link set "$interface" up
done

fail() {
  echo "FAILED: $*" >&2
  sed 's/^/  log: /' "$folder/log" >&2
  exit 1
}

metric() { inside_it curl -s --max-time 2 "http://$listen/metrics" | sed -n "s/^$1 //p"; }

# Waits until a command succeeds, ten seconds at most.
soon() {
  local tries
  for tries in $(seq 100); do
    "$@" && return 0
    kill -0 "$gateway" 2>/dev/null || fail "the gateway ended while waiting for: $*"
    sleep 0.1
  done
  fail "not within $tries tries: $*"
}
metric_is() { [ "$(metric "$1")" = "$2" ]; }
logged() { grep -qF -- "$1" "$folder/log"; }
expect_metric() { metric_is "$1" "$2" || fail "$1 is $(metric "$1"), not $2"; }

configuration() {
  cat <<END
[dataplane]
inside = "inside"
outside = "outside"
[limits]
flows = 1024
streams = 64
[metrics]
listen = "$listen"
[audit]
file = "audit.jsonl"
[[list]]
app = "chat"
file = "chat.list"
[[policy]]
name = "everyone"
apps = ["chat"]
END
}
configuration >"$folder/sluice.toml"
echo 'chat.example' >"$folder/chat.list"

# The gateway is a child of this shell, so that `wait` gives its exit status.
ip netns exec "$namespace" "$program" run --config "$folder/sluice.toml" 2>"$folder/log" &
gateway=$!
soon metric_is sluice_rules 1
expect_metric sluice_reload_last_ok 1

echo "its threads have names"
cat /proc/"$gateway"/task/*/comm >"$folder/threads"
for thread in worker-0 audit; do
  grep -qx "$thread" "$folder/threads" || fail "no thread $thread among: $(tr '\n' ' ' <"$folder/threads")"
done

echo "a missing list leaves the old one in force"
mv "$folder/chat.list" "$folder/away"
kill -HUP "$gateway"
soon metric_is sluice_reload_last_ok 0
expect_metric sluice_rules 1
expect_metric 'sluice_reloads_total{result="failed"}' 1
soon logged "reload failed; the old lists and policies stay in force: $folder/chat.list: "
mv "$folder/away" "$folder/chat.list"

echo "so does a broken configuration"
{ configuration; echo 'clients = ["10.0.0.1/8"]'; } >"$folder/sluice.toml"
kill -HUP "$gateway"
soon metric_is 'sluice_reloads_total{result="failed"}' 2
expect_metric sluice_reload_last_ok 0
expect_metric sluice_rules 1
soon logged "$folder/sluice.toml:17: policy[0].clients[0]: "

echo "a good list is published, and its bad lines are reported"
configuration >"$folder/sluice.toml"
printf 'chat.example\nchat.test\nco.uk\n' >"$folder/chat.list"
kill -HUP "$gateway"
soon metric_is sluice_reload_last_ok 1
expect_metric sluice_rules 2
expect_metric 'sluice_list_refused_lines{list="chat"}' 1
expect_metric 'sluice_reloads_total{result="ok"}' 1
soon logged "refused: $folder/chat.list:3: "
soon logged "reloaded: generation 2, 2 rules"

echo "an error page in place of a list changes nothing"
printf '<!DOCTYPE html>\n<html>\n<body>Sign in</body>\n</html>\n' >"$folder/chat.list"
kill -HUP "$gateway"
soon metric_is 'sluice_reloads_total{result="refused"}' 1
expect_metric sluice_reload_last_ok 0
expect_metric 'sluice_reload_refused{list="chat",reason="empty"}' 1
expect_metric sluice_rules 2
soon logged "reload refused: list chat has no entry"

echo "neither does an emptied configuration"
: >"$folder/sluice.toml"
kill -HUP "$gateway"
soon metric_is 'sluice_reloads_total{result="refused"}' 2
expect_metric sluice_ban_in_force 1

echo "nor does a key that would overflow a stack, or a configuration that is a pipe"
{ printf 'a.%.0s' $(seq 100000); echo 'b = 1'; } >"$folder/sluice.toml"
kill -HUP "$gateway"
soon logged "a key of more than 16 parts"
rm "$folder/sluice.toml"
mkfifo "$folder/sluice.toml"
kill -HUP "$gateway"
soon logged "$folder/sluice.toml: not a regular file"
rm "$folder/sluice.toml"
expect_metric sluice_rules 2

echo "an operator's word accepts a list that lost its entries, once"
configuration >"$folder/sluice.toml"
: >"$folder/chat.list"
kill -USR2 "$gateway"
soon metric_is sluice_rules 0
expect_metric sluice_reload_last_ok 1
expect_metric sluice_ban_in_force 0
soon logged "warning: nothing is banned"
echo 'chat.example' >"$folder/chat.list"
kill -HUP "$gateway"
soon metric_is sluice_rules 1

echo "the audit file is opened again after rotation"
mv "$folder/audit.jsonl" "$folder/audit.jsonl.1"
kill -USR1 "$gateway"
soon test -e "$folder/audit.jsonl"

echo "a signal to stop ends it with status 0, even during a reload"
kill -HUP "$gateway"
kill -TERM "$gateway"
for _ in $(seq 100); do
  kill -0 "$gateway" 2>/dev/null || break
  sleep 0.1
done
if kill -0 "$gateway" 2>/dev/null; then fail "it did not end within ten seconds of SIGTERM"; fi
status=0
wait "$gateway" || status=$?
gateway=
[ "$status" -eq 0 ] || fail "exit status $status after SIGTERM"
logged "stopped after" || fail "it did not say that it stopped"
echo "all good"
