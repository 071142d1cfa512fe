// The least that an XDP gateway can do: each frame leaves by the other port, unseen.

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_DEVMAP);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);  // ifindex of the other port
} other_port SEC(".maps");

SEC("xdp")
int redirect(struct xdp_md* context) {
  (void)context;
  return (int)bpf_redirect_map(&other_port, 0, XDP_DROP);
}

char _license[] SEC("license") = "Dual BSD/GPL";
