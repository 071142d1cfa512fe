# The lab's servers: a DNS server that answers every name with the server's address, a web server over TCP and, if installed,
# one over QUIC. Their certificate comes from the lab's own authority. deploy/quickstart sources this file.
# REQUIRES: network.sh, $lab_dir, $banned_names, $ordinary_names.

certificates() {
  local names name
  names=$(for name in $banned_names $ordinary_names; do printf 'DNS:%s,' "$name"; done)
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Sluice lab CA' \
    -keyout "$lab_dir/ca.key" -out "$lab_dir/ca.pem" 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj '/CN=Sluice lab' -keyout "$lab_dir/server.key" -out "$lab_dir/server.csr" 2>/dev/null
  printf 'subjectAltName=%s\n' "${names%,}" >"$lab_dir/san"
  openssl x509 -req -in "$lab_dir/server.csr" -CA "$lab_dir/ca.pem" -CAkey "$lab_dir/ca.key" -CAcreateserial -days 2 \
    -extfile "$lab_dir/san" -out "$lab_dir/server.pem" 2>/dev/null
}

web_configuration() {
  cat <<EOF
pid $lab_dir/nginx.pid;
error_log $lab_dir/nginx.log;
events {}
http {
  access_log off;
  client_body_temp_path $lab_dir; proxy_temp_path $lab_dir; fastcgi_temp_path $lab_dir;
  uwsgi_temp_path $lab_dir; scgi_temp_path $lab_dir;
  server {
    listen 80; listen [::]:80; listen 8080; listen [::]:8080;
    listen 8082 http2; listen [::]:8082 http2;
    listen 443 ssl http2; listen [::]:443 ssl http2; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate $lab_dir/server.pem; ssl_certificate_key $lab_dir/server.key;
    location / { return 200 "served\n"; }
  }
}
EOF
}

has_quic() { command -v gtlsserver >/dev/null && command -v gtlsclient >/dev/null; }

quic_server_up() {
  local address
  mkdir "$lab_dir/www"
  echo "served over QUIC" >"$lab_dir/www/index.html"
  for address in "$server_v4" "$server_v6"; do
    (exec ip netns exec "$lab_server" gtlsserver -q --htdocs="$lab_dir/www" "$address" 443 "$lab_dir/server.key" \
      "$lab_dir/server.pem") >>"$lab_dir/servers.log" 2>&1 &
    echo $! >"$lab_dir/quic.$address.pid"
    disown  # the shell need not report when it ends
  done
}

servers_up() {
  certificates
  web_configuration >"$lab_dir/nginx.conf"
  in_server nginx -p "$lab_dir" -c "$lab_dir/nginx.conf" >>"$lab_dir/servers.log" 2>&1
  # A connection whose question was dropped stays open for minutes, and by default there may be twenty.
  in_server dnsmasq --conf-file=/dev/null --user=root --no-resolv --no-hosts --bind-interfaces --max-tcp-connections=200 \
    --listen-address="$server_v4,$told_so_v4,$server_v6" --address="/#/$server_v4" --address="/#/$server_v6" \
    --pid-file="$lab_dir/dnsmasq.pid" >>"$lab_dir/servers.log" 2>&1
  if has_quic; then quic_server_up; fi
}

gateway_configuration() {
  local lists=$1 app
  cat <<EOF
[dataplane]
type = "$dataplane"
workers = ${workers:-1}
pins = ""
inside = "inside"
outside = "outside"
[metrics]
listen = "127.0.0.1:9464"
[audit]
file = "$lab_dir/audit.jsonl"
EOF
  for app in wechat kaspersky tiktok; do
    printf '[[list]]\napp = "%s"\nfile = "%s/%s.list"\n' "$app" "$lists" "$app"
  done
  cat <<EOF
[[policy]]
name = "everyone"
apps = ["wechat", "kaspersky", "tiktok"]
[[policy]]
name = "told-so"
clients = ["$reject_v4", "$reject_v6"]
apps = ["wechat", "kaspersky", "tiktok"]
action = "reject"
EOF
}

metrics() { in_gateway curl -s --max-time 2 http://127.0.0.1:9464/metrics; }

# Starts `sluice run` and waits until it serves metrics: it does once it is at work.
gateway_up() {
  local program=$1 lists=$2 tries
  gateway_configuration "$lists" >"$lab_dir/sluice.toml"
  # exec, so that the process ID is the gateway's own.
  (exec ip netns exec "$lab_gateway" "$program" run --config "$lab_dir/sluice.toml") >"$lab_dir/sluice.log" 2>&1 &
  echo $! >"$lab_dir/sluice.pid"
  for tries in $(seq 50); do
    metrics | grep -q '^sluice_rules ' && return 0
    kill -0 "$(cat "$lab_dir/sluice.pid")" 2>/dev/null || break
    sleep 0.1
  done
  echo "the gateway did not start (tried $tries times):" >&2
  cat "$lab_dir/sluice.log" >&2
  return 1
}

# is_running PID: fails for a zombie, too (a child that has ended but was not waited for).
is_running() { kill -0 "$1" 2>/dev/null && [ "$(ps -o stat= -p "$1" | cut -c1)" != Z ]; }

stop_process() {
  local pid tries
  pid=$(cat "$1" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || return 0
  for tries in $(seq 50); do
    is_running "$pid" || return 0
    sleep 0.1
  done
  echo "process $pid did not end after $tries tries, killing it" >&2
  kill -9 "$pid" 2>/dev/null || true
}

servers_down() {
  local file
  for file in "$lab_dir"/*.pid; do stop_process "$file"; done
}
