#include "gateway/app/limits.h"

#include <algorithm>

namespace sluice::app {
namespace {

// The smallest useful sizes. The reassembler needs four datagrams.
constexpr std::size_t kLeastEntries = 64;
constexpr std::size_t kLeastStreams = 4;
constexpr std::size_t kLeastDatagrams = 4;

}  // namespace

engine::JudgeLimits limits_of(const config::StartSettings& settings) {
  return {.flows = settings.flows,
          .streams = settings.streams,
          .idle_timeout = settings.idle_timeout,
          .leases = {.leases = settings.leases, .innocents = settings.innocents},
          .fragments = {settings.fragmented_datagrams, settings.fragment_timeout},
          .hellos = {.flows = settings.quic_flows,
                     .streams = settings.quic_streams,
                     .initials_per_second = settings.quic_initials_per_second}};
}

flow::Routes routes_of(const config::StartSettings& settings) noexcept {
  return settings.asymmetric ? flow::Routes::asymmetric : flow::Routes::symmetric;
}

std::size_t share_of(std::size_t total, std::size_t workers, std::size_t least) noexcept {
  const std::size_t share = (total + workers - 1) / workers;
  return std::min(total, std::max(share, least));
}

engine::JudgeLimits share_of(const engine::JudgeLimits& total, std::size_t workers) noexcept {
  engine::JudgeLimits share = total;
  for (std::size_t* entries : {&share.flows, &share.questions, &share.named_datagrams,
                               &share.hellos.flows, &share.hellos.clients}) {
    *entries = share_of(*entries, workers, kLeastEntries);
  }
  for (std::size_t* streams : {&share.streams, &share.hellos.streams}) {
    *streams = share_of(*streams, workers, kLeastStreams);
  }
  share.fragments.datagrams = share_of(share.fragments.datagrams, workers, kLeastDatagrams);
  return share;
}

}  // namespace sluice::app
