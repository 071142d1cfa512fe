# Real clients for the lab: a browser, other TLS and QUIC stacks, and clients of encrypted DNS. `deploy/quickstart --clients`
# sources this file instead of probes.sh. REQUIRES: network.sh, $lab_dir.
#
# A row is "passed" if the client shows the page that the server serves. It is "blocked" only if the audit trail has the name
# that the client asked for. A client that is slow or broken is "silent". Each client asks for its own names, so that an
# audit record belongs to one row.

readonly probes_at_once=3  # a browser keeps a core busy
readonly longest_wait=90   # seconds for one row
readonly grace=2           # seconds that a client may still run after the audit trail has its name
clients="curl gnutls chromium ngtcp2 kdig"
banned_names=$(for client in $clients; do printf '%s.%s ' "$client" wechat.com "$client" tiktok.com "$client" kaspersky.com; done)
ordinary_names="example.com www.wikipedia.org"

resolver_up() {
  resolver_configuration >"$lab_dir/unbound.conf"
  in_server unbound -c "$lab_dir/unbound.conf" >>"$lab_dir/servers.log" 2>&1
  trusting_home
}

# A resolver that answers every name with the server's address, over TLS (port 853) and HTTPS (port 8443).
resolver_configuration() {
  cat <<END
server:
  directory: "$lab_dir"
  chroot: ""
  username: ""
  pidfile: "$lab_dir/unbound.pid"
  logfile: "$lab_dir/unbound.log"
  use-syslog: no
  interface: $server_v4@853
  interface: $server_v6@853
  interface: $server_v4@8443
  interface: $server_v6@8443
  tls-port: 853
  https-port: 8443
  tls-service-key: "$lab_dir/server.key"
  tls-service-pem: "$lab_dir/server.pem"
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  module-config: "iterator"
  local-zone: "." redirect
  local-data: ". 60 IN A $server_v4"
  local-data: ". 60 IN AAAA $server_v6"
remote-control:
  control-enable: no
END
}

# A home directory whose certificate store trusts the lab's authority. Chromium's QUIC ignores the flags that skip the check.
trusting_home() {
  local store=$lab_dir/home/.pki/nssdb
  mkdir -p "$store"
  certutil -d "sql:$store" -N --empty-password
  certutil -d "sql:$store" -A -n 'Sluice lab' -t C,, -i "$lab_dir/ca.pem"
}

# client_command CLIENT PROTOCOL NAME SERVER FOLDER: sets $command to what the client runs.
client_command() {
  local client=$1 protocol=$2 name=$3 server=$4 folder=$5 bracketed=$4 ca=$lab_dir/ca.pem
  [[ $server == *:* ]] && bracketed="[$server]"
  # For kdig, NAME is the name of the resolver.
  local kdig=(kdig "@$server" example.org A "+tls-ca=$ca" "+tls-hostname=$name" "+tls-sni=$name" +retry=0)
  # `ip netns exec` gives the command a mount namespace of its own, so this replaces resolv.conf for the browser only.
  local browser=(sh -c 'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$folder/resolv.conf"
    env "HOME=$lab_dir/home" chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run
    --disable-background-networking --disable-component-update --disable-extensions --disable-sync
    "--user-data-dir=$folder/profile" --dump-dom "https://$name/")
  case "$client $protocol" in
    'curl TLS') command=(curl -s --noproxy '*' --cacert "$ca" --resolve "$name:443:$bracketed" "https://$name/") ;;
    'gnutls TLS') command=(gnutls-cli "--x509cafile=$ca" "--sni-hostname=$name" "--verify-hostname=$name" -p 443 "$server") ;;
    'ngtcp2 QUIC') quic_command "$name" "$server" "$folder" ;;
    'kdig DoT') command=("${kdig[@]}" +tls) ;;
    'kdig DoH') command=("${kdig[@]}" "+https=https://$name/dns-query" -p 8443) ;;
    'chromium TLS') command=("${browser[@]}" --disable-quic "--host-resolver-rules=MAP $name $bracketed") ;;
    'chromium QUIC') command=("${browser[@]}" --enable-quic "--origin-to-force-quic-on=$name:443"
      "--host-resolver-rules=MAP $name $bracketed") ;;
    'chromium DNS') command=("${browser[@]}" --disable-quic) ;;
  esac
}

# is_on_record NAME PROTOCOL FAMILY: succeeds if the audit trail has this name.
is_on_record() {
  local name=$1 protocol=$2 family=$3 client='10\.77'
  [ "$family" = IPv6 ] && client='\[fd77'
  case "$protocol" in
    DNS) protocol=dns ;;
    QUIC) protocol=quic ;;
    *) protocol=tls ;;
  esac
  grep -q "\"name\":\"$name\",\"protocol\":\"$protocol\".*\"client\":\"$client" "$lab_dir/audit.jsonl"
}

# has_got PROTOCOL FOLDER: succeeds if the client shows the page, or the address, that the lab serves.
has_got() {
  case "$1" in
    QUIC) grep -qs 'served over QUIC' "$2"/{said,index.html} ;;
    DoT | DoH) grep -q "IN.*A.*$server_v4" "$2/said" ;;
    *) grep -qx -e served -e '.*>served' "$2/said" ;;
  esac
}

# probe NAME CLIENT PROTOCOL FAMILY EXPECTED: runs one client and prints one row of the table.
probe() {
  local name=$1 client=$2 protocol=$3 family=$4 expected=$5
  local server=$server_v4 folder command pid until got=silent
  [ "$family" = IPv6 ] && server=$server_v6
  [ "$expected" = refused ] && server=$told_so_v4
  folder=$(mktemp -d "$lab_dir/row.XXXXXX")
  echo "nameserver $server" >"$folder/resolv.conf"
  client_command "$client" "$protocol" "$name" "$server" "$folder"
  printf 'GET / HTTP/1.0\r\nHost: %s\r\n\r\n' "$name" >"$folder/request"
  (exec ip netns exec "$lab_client" timeout -k 2 $longest_wait "${command[@]}") <"$folder/request" >"$folder/said" 2>&1 &
  pid=$!
  until=$((SECONDS + longest_wait))
  while kill -0 $pid 2>/dev/null && [ $SECONDS -lt $until ]; do
    is_on_record "$name" "$protocol" "$family" && until=$((until < SECONDS + grace ? until : SECONDS + grace))
    sleep 0.2
  done
  kill $pid 2>/dev/null
  wait $pid 2>/dev/null
  if has_got "$protocol" "$folder"; then
    got=passed
  elif is_on_record "$name" "$protocol" "$family"; then
    got=blocked
    grep -q -e ERR_CONNECTION_RESET -e ERR_NAME_NOT_RESOLVED "$folder/said" && got=refused
  fi
  printf '%s %s %s %s %s %s\n' "$name" "$client" "$protocol" "$family" "$expected" "$got"
}

# Prints the arguments of probe, one row a line.
rows() {
  local kind client
  for kind in 'chromium TLS' 'chromium QUIC' 'chromium DNS' 'curl TLS' 'gnutls TLS' 'ngtcp2 QUIC' 'kdig DoT' 'kdig DoH'; do
    client=${kind% *}
    echo "$client.wechat.com $kind IPv4 blocked"
    echo "$client.tiktok.com $kind IPv6 blocked"
    echo "example.com $kind IPv4 passed"
    echo "www.wikipedia.org $kind IPv6 passed"
  done
  echo "chromium.kaspersky.com chromium TLS IPv4 refused"
  echo "chromium.kaspersky.com chromium DNS IPv4 refused"
}
