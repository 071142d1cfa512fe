// `sluice inspect`: prints every name that a capture reveals, whatever the policy.

#include <functional>
#include <iostream>
#include <string>
#include <unordered_set>

#include "gateway/app/capture_run.h"
#include "gateway/app/commands.h"
#include "gateway/cli/finding_line.h"

namespace sluice::app {
namespace {

// Bound on the hashes of printed findings. Once it is reached, new findings may be printed twice.
constexpr std::size_t kMaxRemembered = 4'000'000;

class Printer final : public engine::FindingObserver {
 public:
  void observe(const io::Frame& frame, const packet::Packet& packet,
               const inspect::Finding& finding, const policy::Decision& decision,
               const engine::Snapshot& snapshot) noexcept override {
    const std::string fields = cli::finding_fields(packet, finding, decision, snapshot.domains);
    if (printed_.size() < kMaxRemembered &&
        !printed_.insert(std::hash<std::string>{}(fields)).second) {
      return;
    }
    std::cout << "{\"packet\":" << frame.number << ',' << std::string_view(fields).substr(1)
              << '\n';
  }

 private:
  std::unordered_set<std::size_t> printed_;
};

}  // namespace

int inspect(const cli::InspectCommand& command) {
  Printer printer;
  const auto outcome = run_capture({.read = command.read,
                                    .config = command.config,
                                    .verify_checksums = command.verify_checksums,
                                    .enforce = false,
                                    .observer = &printer,
                                    .after_batch = [] { return std::cout.good(); }});
  if (!outcome) {
    std::cerr << outcome.error() << '\n';
    return kUnusable;
  }
  if (!outcome->error.empty()) std::cerr << "sluice: " << outcome->error << '\n';
  return all_written() && outcome->error.empty() ? kOk : kUnusable;
}

}  // namespace sluice::app
