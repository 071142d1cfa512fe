// Reads captures to their end in one process, with the apps that we ship banned, once as `inspect`
// does and once as `replay` does. Meant for captures made to break readers.
//
// usage: read_captures FILE…
//
// Prints each file's name before it reads it, so the last name is the file that broke it. A file
// that is no capture is fine as long as it is refused. Exits 1 if a file takes too long.

#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include "gateway/app/setup.h"
#include "gateway/cli/finding_line.h"
#include "gateway/dataplane/pcap/capture_file.h"
#include "gateway/engine/worker.h"
#include "gateway/os/random_key.h"

namespace sluice {
namespace {

constexpr unsigned kMostSeconds = 60;  // for one file, under sanitizers and beside other tests

// Small tables: no capture here needs more, and allocating more takes longer than reading.
constexpr engine::JudgeLimits kSmall = {.flows = 1024,
                                        .streams = 64,
                                        .leases = {.leases = 256, .innocents = 256},
                                        .questions = 256,
                                        .named_datagrams = 256,
                                        .fragments = {.datagrams = 8},
                                        .hellos = {.flows = 256, .streams = 16}};

class Formatter final : public engine::FindingObserver {
 public:
  void observe(const io::Frame&, const packet::Packet& packet, const inspect::Finding& finding,
               const policy::Decision& decision,
               const engine::Snapshot& snapshot) noexcept override {
    bytes_ += cli::finding_fields(packet, finding, decision, snapshot.domains).size();
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

// Packets read.
std::uint64_t read(const std::string& file, const engine::SnapshotCell& snapshots, bool enforce) {
  auto capture = io::CaptureFile::open(file, "");
  if (!capture) return 0;
  telemetry::WorkerCounters counters;
  Formatter formatter;
  engine::Worker worker({.dataplane = **capture,
                         .snapshots = snapshots,
                         .counters = counters,
                         .observer = &formatter},
                        kSmall, os::random_key(), enforce);
  static_cast<void>(worker.run());
  return counters.packets.value();
}

extern "C" void took_too_long(int) {
  static constexpr std::string_view kWhat = "took too long\n";
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, kWhat.data(), kWhat.size());
  _exit(EXIT_FAILURE);
}

int run(std::span<char*> files) {
  const auto config = config::defaults(SLUICE_SHIPPED_LISTS);
  if (!config) {
    std::cerr << SLUICE_SHIPPED_LISTS << ": " << config.error().front().reason << '\n';
    return EXIT_FAILURE;
  }
  const auto ban = app::build_ban(config->live);
  if (!ban) {
    std::cerr << ban.error() << '\n';
    return EXIT_FAILURE;
  }
  const engine::SnapshotCell snapshots(ban->snapshot);
  std::signal(SIGALRM, took_too_long);
  std::uint64_t packets = 0;
  for (const std::string file : files) {
    std::cout << file << std::endl;
    alarm(kMostSeconds);
    for (const bool enforce : {false, true}) packets += read(file, snapshots, enforce);
  }
  std::cout << files.size() << " captures, " << packets << " packets\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  return sluice::run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
}
