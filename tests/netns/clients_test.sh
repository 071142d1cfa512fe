#!/usr/bin/env bash
# Real clients in the lab: Chromium, other TLS and QUIC stacks, clients of encrypted DNS. Exits 77 (skipped) where it cannot
# be set up.
#
# usage: clients_test.sh PROGRAM [OPTION …]      PROGRAM is an existing `sluice`; options as for lab_test.sh
set -euo pipefail

program=${1:?usage: clients_test.sh PROGRAM}
shift
missing=()
for tool in chromium certutil gnutls-cli gtlsclient gtlsserver kdig unbound; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "SKIPPED: not installed: ${missing[*]} (deploy/dependencies clients)"
  exit 77
fi
exec "$(dirname "${BASH_SOURCE[0]}")/lab_test.sh" "$program" --clients "$@"
