#pragma once

// What ends a handle of libpcap; for std::unique_ptr.

#include <pcap/pcap.h>

namespace sluice::io {

struct ClosePcap {
  void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};

}  // namespace sluice::io
