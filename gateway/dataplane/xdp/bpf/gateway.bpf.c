// The XDP program on both ports: what is decided, or nobody's business, goes on in the kernel; the
// rest goes up to the AF_XDP socket of its queue.
//
//   frame ─┬─ no IP, or a protocol that shows no names ─────────────► other port
//          ├─ TCP or UDP, its flow is decided ─────────► other port, or dropped
//          ├─ UDP that can hold no name, to no address of interest ─► other port
//          └─ all else: up ─┬─ its worker is at work ─────► AF_XDP socket
//                           └─ it is not ─────► other port, or dropped: on_failure
//
// Which frames of a decided flow come up all the same is said in gateway/dataplane/dataplane.h.
// Whatever it cannot read for certain comes up. It looks at no name, and writes to no frame.
// Linux 6.1 takes it: no kfuncs, no iterators; -mcpu=v3.

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "gateway/dataplane/xdp/bpf/maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, struct sluice_flow_key);
  __type(value, struct sluice_flow);
  __uint(max_entries, 65536);  // set when it is loaded
} flows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, struct sluice_settings);
  __uint(max_entries, 1);
  __uint(map_flags, BPF_F_MMAPABLE);
} settings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, SLUICE_SIDES);
} ports SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, SLUICE_SIDES* SLUICE_QUEUES);
} sockets SEC(".maps");

// Addresses of interest: what shows no name comes up if it goes there. Until when.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __type(key, struct sluice_address);
  __type(value, __u64);
  __uint(max_entries, SLUICE_ADDRESSES);
} addresses SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __type(key, struct sluice_prefix);
  __type(value, __u32);
  __uint(max_entries, SLUICE_PREFIXES);
  __uint(map_flags, BPF_F_NO_PREALLOC);
} prefixes SEC(".maps");

// When a frame of an encapsulation that nobody reads came up last, by its two addresses.
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __type(key, struct sluice_path);
  __type(value, __u64);
  __uint(max_entries, 4096);
} unread_paths SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, struct sluice_traffic);
  __uint(max_entries, SLUICE_OUTCOMES);
} outcomes SEC(".maps");

enum {
  MOST_VLAN_TAGS = 2,
  FIRST_ETHER_TYPE = 0x600,
  VLAN_ID = 0x0fff,
  IPV4_FRAGMENT = 0x3fff,  // more fragments, or an offset
};
static const __u64 UNREAD_EVERY = 60ULL * 1000 * 1000 * 1000;  // worker remembers ten minutes

// What the headers of a frame say.
enum sight {
  NO_NAMES,  // nothing in it can show a name
  UP,        // a worker has to look
  UNREAD,    // an encapsulation that nobody reads: a worker has to know of it now and then
  FLOW,      // TCP or UDP with its whole key
};

struct headers {
  struct sluice_flow_key key;
  struct sluice_address source;
  struct sluice_address destination;
  __u16 source_port;
  __u16 destination_port;
  __u32 transport;  // offset of TCP or UDP in the frame
  __u32 length;     // of TCP or UDP with its payload
};

static __always_inline int count(enum sluice_outcome outcome, struct xdp_md* ctx, int action) {
  __u32 index = outcome;
  struct sluice_traffic* traffic = bpf_map_lookup_elem(&outcomes, &index);
  if (traffic) {
    traffic->packets += 1;
    traffic->bytes += ctx->data_end - ctx->data;
  }
  return action;
}

struct vlan_tag {
  __be16 id, type;
};

static __always_inline __u16 u16_at(const void* bytes) {
  return bpf_ntohs(*(const __be16*)bytes);
}
static __always_inline __u32 u32_at(const void* bytes) {
  return bpf_ntohl(*(const __be32*)bytes);
}

// Types behind which user space looks for IP (filters/packet/link_tags.h, link_layer.h).
static __always_inline int may_lead_to_ip(__u16 type) {
  switch (type) {
    case 0x8100:  // tags beyond the two of a key
    case 0x88a8:
    case 0x9100:
    case 0x9200:
    case 0x9300:
    case 0x8847:  // MPLS
    case 0x8848:
    case 0x8864:  // PPPoE session
    case 0x88e5:  // MACsec
    case 0x88e7:  // service instance
    case 0x8909:  // metadata
    case 0x8926:  // VN-Tag
    case 0x892f:  // HSR
    case 0x893f:  // E-Tag
    case 0x894f:  // NSH
    case 0xf1c1:  // redundancy
      return 1;
    default:
      return 0;
  }
}

static __always_inline int is_vlan(__u16 type) {
  return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 || type == 0x9300;
}

static __always_inline enum sight sight_of_protocol(__u8 protocol) {
  switch (protocol) {
    case 1:    // ICMP
    case 2:    // IGMP
    case 46:   // RSVP
    case 58:   // ICMPv6
    case 88:   // EIGRP
    case 89:   // OSPF
    case 103:  // PIM
    case 112:  // VRRP
    case 132:  // SCTP
      return NO_NAMES;
    case 50:   // ESP
    case 55:   // minimal encapsulation
    case 108:  // IPComp
    case 115:  // L2TPv3
      return UNREAD;
    case IPPROTO_TCP:
    case IPPROTO_UDP:
      return FLOW;
    default:
      return UP;
  }
}

static __always_inline struct sluice_address mapped(__be32 v4) {
  return (struct sluice_address){{0, 0, bpf_htonl(0xffff), v4}};
}

// Fill in the addresses, and where the transport is and how long. Fragments, and lengths that do
// not fit the frame, come up.
static __always_inline enum sight read_ipv4(const void* at, const void* data, const void* end,
                                            struct headers* headers, __u8* protocol) {
  const struct iphdr* ip = at;
  if ((const void*)(ip + 1) > end) return UP;
  __u32 header = ip->ihl * 4;
  __u32 total = bpf_ntohs(ip->tot_len);
  if (ip->version != 4 || header < sizeof *ip || total < header) return UP;
  if ((bpf_ntohs(ip->frag_off) & IPV4_FRAGMENT) != 0) return UP;
  if (total > (__u32)(end - at)) return UP;
  headers->source = mapped(ip->saddr);
  headers->destination = mapped(ip->daddr);
  headers->transport = (__u32)(at - data) + header;
  headers->length = total - header;
  *protocol = ip->protocol;
  return sight_of_protocol(ip->protocol);
}

// Extension headers are none of the protocols that pass here: they come up.
static __always_inline enum sight read_ipv6(const void* at, const void* data, const void* end,
                                            struct headers* headers, __u8* protocol) {
  const struct ipv6hdr* ip = at;
  if ((const void*)(ip + 1) > end) return UP;
  __u32 length = bpf_ntohs(ip->payload_len);
  if (ip->version != 6 || length == 0 || length + sizeof *ip > (__u32)(end - at)) return UP;
  __builtin_memcpy(&headers->source, &ip->saddr, sizeof ip->saddr);
  __builtin_memcpy(&headers->destination, &ip->daddr, sizeof ip->daddr);
  headers->transport = (__u32)(at - data) + sizeof *ip;
  headers->length = length;
  *protocol = ip->nexthdr;
  return sight_of_protocol(ip->nexthdr);
}

static __always_inline int is_below(const struct sluice_address* a,
                                    const struct sluice_address* b) {
  for (int i = 0; i < 4; ++i) {
    if (a->words[i] != b->words[i]) return bpf_ntohl(a->words[i]) < bpf_ntohl(b->words[i]);
  }
  return 0;
}

// io::FlowKey::between()
static __always_inline void fill_key(struct headers* headers, __u8 protocol) {
  struct sluice_flow_key* key = &headers->key;
  int source_is_low = headers->source_port < headers->destination_port;
  if (headers->source_port == headers->destination_port) {
    source_is_low = !is_below(&headers->destination, &headers->source);
  }
  key->low_address = source_is_low ? headers->source : headers->destination;
  key->high_address = source_is_low ? headers->destination : headers->source;
  key->low_port = source_is_low ? headers->source_port : headers->destination_port;
  key->high_port = source_is_low ? headers->destination_port : headers->source_port;
  key->protocol = protocol;
}

static __always_inline enum sight read_headers(const void* data, const void* end,
                                               struct headers* headers) {
  const struct ethhdr* ethernet = data;
  const void* at = ethernet + 1;
  if (at > end) return UP;
  __u16 type = bpf_ntohs(ethernet->h_proto);
  for (int i = 0; i < MOST_VLAN_TAGS && is_vlan(type); ++i) {
    const struct vlan_tag* tag = at;
    at = tag + 1;
    if (at > end) return UP;
    __u16 id = bpf_ntohs(tag->id) & VLAN_ID;
    if (id == 0) return UP;
    headers->key.vlans[i] = id;
    type = bpf_ntohs(tag->type);
  }
  __u8 protocol = 0;
  enum sight sight;
  if (type == ETH_P_IP) {
    sight = read_ipv4(at, data, end, headers, &protocol);
  } else if (type == ETH_P_IPV6) {
    sight = read_ipv6(at, data, end, headers, &protocol);
  } else if (type < FIRST_ETHER_TYPE) {
    // IEEE 802.2: spanning tree, which is most of it, has access points of its own.
    if (at + 2 > end) return UP;
    return u16_at(at) == 0x4242 ? NO_NAMES : UP;
  } else {
    return may_lead_to_ip(type) ? UP : NO_NAMES;
  }
  if (sight != FLOW) return sight;
  // Both begin with the ports.
  const struct udphdr* udp = data + (headers->transport & 0xff);
  __u32 least = protocol == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof *udp;
  if (headers->length < least || (const void*)(udp + 1) > end) return UP;
  headers->source_port = bpf_ntohs(udp->source);
  headers->destination_port = bpf_ntohs(udp->dest);
  fill_key(headers, protocol);
  return FLOW;
}

// RFC 9000 section 17.2, RFC 9147 section 4.1. QUIC long headers, and DTLS records, but not a
// datagram that is one whole record of another type than handshake.
static __always_inline int may_hold_hello(const __u8* payload, const void* end, __u32 length) {
  enum { DTLS_FIRST = 20, DTLS_HANDSHAKE = 22, DTLS_LAST = 26, DTLS_HEADER = 13, DTLS_LENGTH = 11 };
  if (length == 0) return 0;
  if ((const void*)(payload + 1) > end) return 1;
  if (payload[0] & 0x80) return 1;
  if (payload[0] < DTLS_FIRST || payload[0] > DTLS_LAST) return 0;
  if (payload[0] == DTLS_HANDSHAKE || length < DTLS_HEADER) return 1;
  if ((const void*)(payload + DTLS_HEADER) > end) return 1;
  return length != DTLS_HEADER + (__u32)u16_at(payload + DTLS_LENGTH);
}

// Google's QUIC has short headers with a version; Teredo has no port of its own. See
// quic::sight_of and packet::may_be_datagram_tunnel.
static __always_inline int may_be_on_any_port(const __u8* payload, const void* end, __u32 length) {
  enum { TEREDO_PREFIX = 0x20010000 };
  if (length < 13) return 0;
  if ((const void*)(payload + 13) > end) return 1;
  if ((payload[0] & 0x89) == 0x09 && payload[9] == 'Q') return 1;
  if (payload[0] >> 4 != 6 || length < sizeof(struct ipv6hdr)) return 0;
  if ((const void*)(payload + sizeof(struct ipv6hdr)) > end) return 1;
  return u32_at(payload + 8) == TEREDO_PREFIX || u32_at(payload + 24) == TEREDO_PREFIX;
}

static __always_inline int has_port(const struct sluice_settings* now, __u16 port) {
  return (now->udp_ports[port / 64] >> (port % 64) & 1) != 0;
}

static __always_inline int is_address_of_interest(const struct sluice_settings* now,
                                                  const struct headers* headers) {
  if (now->has_addresses) {
    const __u64* until = bpf_map_lookup_elem(&addresses, &headers->destination);
    if (until && bpf_ktime_get_coarse_ns() < *until) return 1;
  }
  if (!now->has_prefixes) return 0;
  struct sluice_prefix prefix = {.bits = 128, .address = headers->destination};
  return bpf_map_lookup_elem(&prefixes, &prefix) != NULL;
}

static __always_inline int is_datagram_of_interest(const struct sluice_settings* now,
                                                   const struct headers* headers,
                                                   const __u8* payload, const void* end,
                                                   __u32 length) {
  return now->all_datagrams || now->too_many_addresses || has_port(now, headers->source_port) ||
         has_port(now, headers->destination_port) || may_hold_hello(payload, end, length) ||
         may_be_on_any_port(payload, end, length) || is_address_of_interest(now, headers);
}

static __always_inline int is_due(const struct headers* headers) {
  struct sluice_path path = {headers->source, headers->destination};
  __u64 now = bpf_ktime_get_coarse_ns();
  __u64* last = bpf_map_lookup_elem(&unread_paths, &path);
  if (last && now - *last < UNREAD_EVERY) return 0;
  bpf_map_update_elem(&unread_paths, &path, &now, BPF_ANY);
  return 1;
}

static __always_inline int pass_on(__u32 side) {
  return (int)bpf_redirect_map(&ports, 1 - side, 0);
}

static __noinline int send_up(struct xdp_md* ctx, const struct sluice_settings* now, __u32 side) {
  __u32 queue = ctx->rx_queue_index;
  if (queue < SLUICE_QUEUES) {
    __u32 index = side * SLUICE_QUEUES + queue;
    if (bpf_ktime_get_coarse_ns() < now->alive_until[queue] &&
        bpf_map_lookup_elem(&sockets, &index)) {
      return count(SLUICE_CAME_UP, ctx, (int)bpf_redirect_map(&sockets, index, XDP_DROP));
    }
  }
  if (now->on_failure == SLUICE_CLOSED) return count(SLUICE_FAILED_CLOSED, ctx, XDP_DROP);
  return count(SLUICE_FAILED_OPEN, ctx, pass_on(side));
}

static __always_inline void note(struct sluice_flow* flow, const struct headers* headers,
                                 struct xdp_md* ctx) {
  struct sluice_traffic* sent = &flow->sent[headers->source_port != headers->key.low_port];
  sent->packets += 1;
  sent->bytes += ctx->data_end - ctx->data;
}

// What the entry says of this frame. ASK: it comes up all the same.
enum decision { ASK, PASS, DROP };

static __always_inline enum decision by_entry(const struct sluice_flow* flow, int is_tcp,
                                              int is_reset, const __u8* payload, const void* end,
                                              __u32 length) {
  if (flow->verdict == SLUICE_PASS_FLOW) {
    return !is_tcp && may_hold_hello(payload, end, length) ? ASK : PASS;
  }
  if (flow->verdict != SLUICE_DROP_FLOW) return ASK;
  return is_tcp && is_reset && length == 0 ? PASS : DROP;
}

SEC("xdp")
int sluice_gateway(struct xdp_md* ctx) {
  const void* data = (const void*)(long)ctx->data;
  const void* end = (const void*)(long)ctx->data_end;
  __u32 zero = 0;
  const struct sluice_settings* now = bpf_map_lookup_elem(&settings, &zero);
  if (!now) return XDP_ABORTED;
  __u32 side = ctx->ingress_ifindex == now->ifindex[1];

  struct headers headers = {};
  enum sight sight = read_headers(data, end, &headers);
  if (sight == NO_NAMES) return count(SLUICE_OF_NO_INTEREST, ctx, pass_on(side));
  if (sight == UP) return send_up(ctx, now, side);
  if (sight == UNREAD) {
    if (is_due(&headers)) return send_up(ctx, now, side);
    return count(SLUICE_OF_NO_INTEREST, ctx, pass_on(side));
  }

  int is_tcp = headers.key.protocol == IPPROTO_TCP;
  const struct tcphdr* tcp = data + (headers.transport & 0xff);
  __u32 header = sizeof(struct udphdr);
  int is_reset = 0;
  if (is_tcp) {
    if ((const void*)(tcp + 1) > end) return send_up(ctx, now, side);
    header = tcp->doff * 4;
    if (tcp->syn || header < sizeof *tcp || header > headers.length) {
      return send_up(ctx, now, side);
    }
    is_reset = tcp->rst;
  }
  const __u8* payload = (const __u8*)tcp + header;
  __u32 length = headers.length - header;

  if (is_tcp || now->has_datagram_flows) {
    struct sluice_flow* flow = bpf_map_lookup_elem(&flows, &headers.key);
    if (flow && flow->generation >= now->generation) {
      enum decision decision = by_entry(flow, is_tcp, is_reset, payload, end, length);
      if (decision == ASK) return send_up(ctx, now, side);
      note(flow, &headers, ctx);
      if (decision == DROP) return count(SLUICE_FLOW_DROPPED, ctx, XDP_DROP);
      return count(SLUICE_FLOW_PASSED, ctx, pass_on(side));
    }
  }
  if (is_tcp || is_datagram_of_interest(now, &headers, payload, end, length)) {
    return send_up(ctx, now, side);
  }
  return count(SLUICE_OF_NO_INTEREST, ctx, pass_on(side));
}
