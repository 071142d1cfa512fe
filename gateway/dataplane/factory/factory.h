#pragma once

// Opens the dataplanes that the configuration asks for: one for each worker. The one place that
// knows all kinds. System calls; allocates.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"
#include "gateway/dataplane/kind.h"
#include "gateway/dataplane/nfqueue_settings.h"
#include "gateway/dataplane/xdp_settings.h"

namespace sluice::io {

struct DataplaneSettings {
  Kind kind = Kind::pcap;
  std::string inside, outside;          // interface names
  int buffer_bytes = 16 * 1024 * 1024;  // pcap
  XdpSettings xdp;
  NfqueueSettings nfqueue;
};

// `interest`: what must come up until it is told otherwise (Dataplane::watch).
// Error: lines for the operator. What this kind cannot do is refused before an interface is
// touched. REQUIRES: workers > 0.
[[nodiscard]] Result<std::vector<std::unique_ptr<Dataplane>>, std::string> open_dataplanes(
    const DataplaneSettings& settings, const Interest& interest, std::size_t workers);

// Removes what a dataplane of these settings left in the kernel when its process ended. Lines that
// say what; none: there was nothing. Error: one line.
[[nodiscard]] Result<std::vector<std::string>, std::string> detach_dataplane(
    const DataplaneSettings& settings);

}  // namespace sluice::io
