# The lab's probes. deploy/quickstart sources this file, and so does the shell of each probe. A probe acts as a client and prints
# "passed", "blocked" (no answer) or "refused" (NXDOMAIN or a reset). REQUIRES: network.sh, servers.sh, $lab_dir.

readonly probe_seconds=2
readonly quic_seconds=8     # the QUIC client needs more CPU time
readonly probes_at_once=12  # a probe mostly waits for an answer
banned_names="web.wechat.com sgshort.wechat.com www.kaspersky.com ds.kaspersky.com www.tiktok.com v16m-default.tiktokcdn.com"
ordinary_names="example.com notwechat.com www.wikipedia.org weather.gc.ca www.qq.com"

# dig gets the server's address (passed), NXDOMAIN with Extended DNS Error 15 or a reset (refused), or nothing (blocked).
probe_dns() {
  local name=$1 server=$2 source=$3 type=$4
  shift 4
  local answer
  answer=$(in_client dig "$@" +tries=1 +time=$probe_seconds -b "$source" "@$server" "$name" "$type" 2>&1) || true
  if grep -q "^$name\..*IN.*$type.*$server" <<<"$answer"; then
    echo passed
  elif grep -q 'status: NXDOMAIN' <<<"$answer" && grep -q 'EDE: 15' <<<"$answer"; then
    echo refused
  elif grep -qi 'connection reset' <<<"$answer"; then
    echo refused
  else
    echo blocked
  fi
}

probe_web() {
  local name=$1 server=$2 source=$3 url=$4 port=$5
  shift 5
  local status=0 body
  body=$(in_client curl "$@" -s --noproxy '*' --max-time $probe_seconds --cacert "$lab_dir/ca.pem" --interface "$source" \
    --resolve "$name:$port:$server" "$url") || status=$?
  case "$status" in
    0) [ "$body" = served ] && echo passed || echo odd ;;
    35 | 55 | 56) echo refused ;;  # reset by peer, while it connects, sends or reads
    28) echo blocked ;;       # timed out
    *) echo "curl-$status" ;;
  esac
}

probe_s_client() {
  local name=$1 server=$2 source=$3 said
  [[ $server == *:* ]] && server="[$server]" && source="[$source]"
  said=$(in_client timeout $probe_seconds openssl s_client -connect "$server:443" -bind "$source:0" -servername "$name" \
    -CAfile "$lab_dir/ca.pem" -verify_return_error -brief </dev/null 2>&1) || true
  if grep -q 'CONNECTION ESTABLISHED' <<<"$said"; then
    echo passed
  elif grep -qi -e 'reset by peer' -e 'errno=104' <<<"$said"; then
    echo refused
  else
    echo blocked
  fi
}

probe_quic() {
  local name=$1 server=$2 folder command
  folder=$(mktemp -d "$lab_dir/page.XXXXXX")
  quic_command "$name" "$server" "$folder"
  in_client timeout $quic_seconds "${command[@]}" >/dev/null 2>&1 || true
  grep -qs 'served over QUIC' "$folder/index.html" && echo passed || echo blocked
}

# probe NAME PROTOCOL FAMILY EXPECTED SOURCE: runs one probe and prints one row of the table.
probe() {
  local name=$1 protocol=$2 family=$3 expected=$4 source=$5
  local server=$server_v4 type=A bracketed client=curl got
  [ "$family" = IPv6 ] && server=$server_v6 type=AAAA
  bracketed=$server
  [ "$family" = IPv6 ] && bracketed="[$server]"
  case "$protocol" in
    DNS/UDP) client=dig got=$(probe_dns "$name" "$server" "$source" "$type") ;;
    DNS/TCP) client=dig got=$(probe_dns "$name" "$server" "$source" "$type" +tcp) ;;
    HTTPS) got=$(probe_web "$name" "$bracketed" "$source" "https://$name/" 443) ;;
    TLS) client=openssl got=$(probe_s_client "$name" "$server" "$source") ;;
    QUIC) client=ngtcp2 got=$(probe_quic "$name" "$server") ;;
    HTTP/80) got=$(probe_web "$name" "$bracketed" "$source" "http://$name/" 80) ;;
    HTTP/8080) got=$(probe_web "$name" "$bracketed" "$source" "http://$name:8080/" 8080) ;;
    HTTP/2) got=$(probe_web "$name" "$bracketed" "$source" "http://$name:8082/" 8082 --http2-prior-knowledge) ;;
  esac
  printf '%s %s %s %s %s %s\n' "$name" "$client" "$protocol" "$family" "$expected" "$got"
}

# rows_of PROTOCOL: rows of the clients whose policy has the action `drop`.
rows_of() {
  local name
  for name in $banned_names; do
    echo "$name $1 IPv4 blocked $client_v4"
    echo "$name $1 IPv6 blocked $client_v6"
  done
  for name in $ordinary_names; do
    echo "$name $1 IPv4 passed $client_v4"
    echo "$name $1 IPv6 passed $client_v6"
  done
}

# Prints the arguments of probe, one row a line.
rows() {
  local protocol
  for protocol in DNS/UDP DNS/TCP HTTPS TLS HTTP/80 HTTP/8080 HTTP/2; do
    rows_of $protocol
    echo "web.wechat.com $protocol IPv4 refused $reject_v4"
    echo "web.wechat.com $protocol IPv6 refused $reject_v6"
    echo "example.com $protocol IPv4 passed $reject_v4"
  done
  # No `reject` rows: the QUIC client cannot choose its source address.
  if has_quic; then rows_of QUIC; fi
}
