#pragma once

// Deleter of a libpcap handle, for std::unique_ptr.

#include <pcap/pcap.h>

namespace sluice::io {

struct ClosePcap {
  void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};

}  // namespace sluice::io
