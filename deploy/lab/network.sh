# The lab's network: three namespaces in a row. deploy/quickstart sources this file.
#
#   client ──eth0──inside── gateway ──outside──eth0── server
#   10.77.0.10, .11                                   10.77.0.2, .3
#   fd77::10, ::11                                    fd77::2
#
# The gateway is a bump in the wire, so its interfaces have no address. With $dataplane nfqueue it is a router between 10.77.1.0/24,
# fd77:0:0:1::/64 and the server's networks, and its client end is there. REQUIRES: $lab_id, $dataplane (may be empty), root.

lab_client="sluice-client-$lab_id"
lab_gateway="sluice-gateway-$lab_id"
lab_server="sluice-server-$lab_id"
server_v4=10.77.0.2
server_v6=fd77::2
client_v4=10.77.0.10
client_v6=fd77::10
reject_v4=10.77.0.11  # the policy for this client has the action `reject`
reject_v6=fd77::11
if [ "${dataplane:-}" = nfqueue ]; then
  client_v4=10.77.1.10 client_v6=fd77:0:0:1::10
  reject_v4=10.77.1.11 reject_v6=fd77:0:0:1::11
fi
told_so_v4=10.77.0.3  # routed from $reject_v4, for clients that cannot choose their source address

in_client() { ip netns exec "$lab_client" "$@"; }
in_gateway() { ip netns exec "$lab_gateway" "$@"; }
in_server() { ip netns exec "$lab_server" "$@"; }

# Without offloads, checksums are complete and segments have their size on the wire, as on a real network.
offloads_off() { ip netns exec "$1" ethtool -K "$2" tx off rx off tso off gso off gro off >/dev/null 2>&1 || true; }
# An XDP program can redirect frames to a virtual interface only if its other end receives as network cards do, as with GRO.
receives_as_a_card() { ip netns exec "$1" ethtool -K "$2" gro on >/dev/null 2>&1 || true; }

network_up() {
  local namespace
  for namespace in "$lab_client" "$lab_gateway" "$lab_server"; do
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    ip netns exec "$namespace" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
  done
  [ "${dataplane:-}" = nfqueue ] || in_gateway sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  # Two queues each way, between which the kernel spreads flows as network cards do.
  local queues=(numtxqueues 2 numrxqueues 2)
  ip -n "$lab_client" link add eth0 "${queues[@]}" type veth peer name inside "${queues[@]}" netns "$lab_gateway"
  ip -n "$lab_server" link add eth0 "${queues[@]}" type veth peer name outside "${queues[@]}" netns "$lab_gateway"
  offloads_off "$lab_client" eth0
  offloads_off "$lab_server" eth0
  offloads_off "$lab_gateway" inside
  offloads_off "$lab_gateway" outside
  receives_as_a_card "$lab_client" eth0
  receives_as_a_card "$lab_server" eth0
  ip -n "$lab_client" addr add "$client_v4/24" dev eth0
  ip -n "$lab_client" addr add "$reject_v4/24" dev eth0
  ip -n "$lab_client" addr add "$reject_v6/64" dev eth0 nodad
  ip -n "$lab_client" addr add "$client_v6/64" dev eth0 nodad
  ip -n "$lab_server" addr add "$server_v4/24" dev eth0
  ip -n "$lab_server" addr add "$server_v6/64" dev eth0 nodad
  ip -n "$lab_server" addr add "$told_so_v4/24" dev eth0
  ip -n "$lab_client" link set eth0 up
  ip -n "$lab_server" link set eth0 up
  ip -n "$lab_gateway" link set inside up
  ip -n "$lab_gateway" link set outside up
  if [ "${dataplane:-}" = nfqueue ]; then
    routes_up
  else
    ip -n "$lab_client" route add "$told_so_v4/32" dev eth0 src "$reject_v4"
  fi
}

# The gateway routes: the last address of each network is its own.
routes_up() {
  in_gateway sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  ip -n "$lab_gateway" addr add 10.77.1.254/24 dev inside
  ip -n "$lab_gateway" addr add fd77:0:0:1::fe/64 dev inside nodad
  ip -n "$lab_gateway" addr add 10.77.0.254/24 dev outside
  ip -n "$lab_gateway" addr add fd77::fe/64 dev outside nodad
  ip -n "$lab_client" route add default via 10.77.1.254 src "$client_v4"
  ip -n "$lab_client" route add "$told_so_v4/32" via 10.77.1.254 src "$reject_v4"
  ip -n "$lab_client" route add default via fd77:0:0:1::fe src "$client_v6"
  ip -n "$lab_server" route add 10.77.1.0/24 via 10.77.0.254
  ip -n "$lab_server" route add fd77:0:0:1::/64 via fd77::fe
}

# Kills what still runs in the namespaces (children can outlive their server), then removes the namespaces.
network_down() {
  local namespace pid
  for namespace in "$lab_client" "$lab_gateway" "$lab_server"; do
    for pid in $(ip netns pids "$namespace" 2>/dev/null); do kill -9 "$pid" 2>/dev/null || true; done
    ip netns del "$namespace" 2>/dev/null || true
  done
}

# quic_command NAME SERVER FOLDER: sets $command to a client that loads a page over QUIC into FOLDER. The client sends no SNI
# to a server that is given by address, so the name goes into /etc/hosts, in the mount namespace that `ip netns exec` makes.
quic_command() {
  echo "$2 $1" >"$3/hosts"
  command=(sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$3/hosts"
    gtlsclient -q --exit-on-all-streams-close "--download=$3" "$1" 443 "https://$1/index.html")
}
