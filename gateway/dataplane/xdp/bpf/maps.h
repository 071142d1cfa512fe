#pragma once

// What the XDP program and user space share: keys and values of the BPF maps. C, for both sides.
//
// The key of a flow is that of gateway/dataplane/flow_key.h, byte by byte. Integers are in host
// order, addresses in network order and in their IPv4-mapped form. Times are nanoseconds of
// CLOCK_MONOTONIC.

#include <linux/types.h>

// C names, and widths that both sides agree on.
// NOLINTBEGIN(readability-identifier-naming, performance-enum-size)

#ifdef __cplusplus
namespace sluice::io::bpf {
#endif

enum {
  SLUICE_SIDES = 2,    // 0 inside, 1 outside
  SLUICE_QUEUES = 64,  // of one interface; a socket's index is side * SLUICE_QUEUES + queue
  SLUICE_UDP_PORTS = 65536,
  SLUICE_ADDRESSES = 16384,
  SLUICE_PREFIXES = 65536,
};

struct sluice_address {
  __u32 words[4];
};

struct sluice_flow_key {
  struct sluice_address low_address;
  struct sluice_address high_address;
  __u16 low_port;
  __u16 high_port;
  __u16 vlans[2];
  __u32 protocol;
};

enum sluice_verdict { SLUICE_PASS_FLOW = 1, SLUICE_DROP_FLOW = 2 };

struct sluice_traffic {
  __u64 packets;
  __u64 bytes;
};

struct sluice_flow {
  __u64 generation;  // of the policy that decided it
  __u32 verdict;     // enum sluice_verdict
  __u32 unused;
  struct sluice_traffic sent[2];  // by the low end, by the high end, since the entry was made
};

// What becomes of frames that need a judge when there is none.
enum sluice_on_failure { SLUICE_OPEN = 0, SLUICE_CLOSED = 1 };

struct sluice_settings {
  __u64 generation;  // flows that an older policy decided come up again
  __u64 latest;      // generation of any entry: for the next process
  __u32 ifindex[SLUICE_SIDES];
  __u32 on_failure;                        // enum sluice_on_failure
  __u32 has_datagram_flows;                // entries of UDP were made
  __u32 has_addresses;                     // entries were made in `addresses`
  __u32 has_prefixes;                      // there are entries in `prefixes`
  __u32 all_datagrams;                     // UDP without an entry comes up, whatever it is
  __u32 too_many_addresses;                // `addresses` was full: likewise
  __u64 alive_until[SLUICE_QUEUES];        // so long a worker is taken to be at work on them
  __u64 udp_ports[SLUICE_UDP_PORTS / 64];  // bits: datagrams from and to these ports come up
};

// For the trie of address ranges.
struct sluice_prefix {
  __u32 bits;
  struct sluice_address address;
};

struct sluice_path {
  struct sluice_address from, to;
};

// What the program did with a frame.
enum sluice_outcome {
  SLUICE_OF_NO_INTEREST,  // passed
  SLUICE_FLOW_PASSED,
  SLUICE_FLOW_DROPPED,
  SLUICE_CAME_UP,
  SLUICE_FAILED_OPEN,    // passed: there is no judge at work
  SLUICE_FAILED_CLOSED,  // dropped: likewise
  SLUICE_OUTCOMES,
};

#ifdef __cplusplus
}  // namespace sluice::io::bpf
#endif

// NOLINTEND(readability-identifier-naming, performance-enum-size)
