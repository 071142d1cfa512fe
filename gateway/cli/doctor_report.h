#pragma once

// What `sluice doctor` prints: results of checks by subject, what was done to mend them, a summary.
// Allocates.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/dataplane/interfaces/check.h"

namespace sluice::cli {

// One command of `--fix`.
struct Fix {
  io::Command command;
  std::string error;  // empty: it did what it should
};

struct DoctorReport {
  io::Kind kind = io::Kind::pcap;
  std::vector<io::CheckResult> results;   // after the fixes
  std::optional<std::vector<Fix>> fixes;  // none: --fix was not given
};

//   host
//     ok      kernel: Linux 6.1.0-27-amd64
//   eth1
//     breaks  is down
//             run: ip link set eth1 up
//
//   1 finding for [dataplane] type "pcap": 1 breaking traffic
[[nodiscard]] std::string to_text(const DoctorReport& report);

// One document: {"dataplane":…,"findings":…,"checks":[…],"fixes":[…]}. gateway/README.md has the
// members.
[[nodiscard]] std::string to_json(const DoctorReport& report);

[[nodiscard]] bool has_findings(std::span<const io::CheckResult> results) noexcept;

}  // namespace sluice::cli
