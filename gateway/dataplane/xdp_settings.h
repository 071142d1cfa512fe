#pragma once

// What the configuration says of the XDP dataplane. Pure.

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "gateway/dataplane/on_failure.h"

namespace sluice::io {

// How the kernel runs the program.
enum class XdpMode : std::uint8_t {
  automatic,  // native where the driver can, generic elsewhere
  native,     // in the driver
  generic,    // behind it: any driver, slower
};
struct XdpSettings {
  XdpMode mode = XdpMode::automatic;
  OnFailure on_failure = OnFailure::open;
  // Folder on a BPF file system for what outlives the process; empty: nothing does.
  std::filesystem::path pins;
  std::size_t flows = 65536;  // entries of decided flows
  bool zero_copy = true;      // where the driver can
  bool busy_poll = false;     // the kernel polls the NIC while a worker waits
};

}  // namespace sluice::io
