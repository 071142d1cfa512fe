#include "gateway/dataplane/factory/factory.h"

#include "gateway/dataplane/pcap/live_bridge.h"

namespace sluice::io {
namespace {

using Dataplanes = std::vector<std::unique_ptr<Dataplane>>;

Result<Dataplanes, std::string> open_pcap(const DataplaneSettings& settings, std::size_t workers) {
  if (workers > 1) {
    return fail("[dataplane] type \"pcap\" supports one worker, but " + std::to_string(workers) +
                " are configured");
  }
  auto bridge = LiveBridge::open({settings.inside, settings.outside, settings.buffer_bytes});
  if (!bridge) return fail(std::move(bridge.error()));
  Dataplanes dataplanes;
  dataplanes.push_back(std::move(*bridge));
  return dataplanes;
}

}  // namespace

Result<Dataplanes, std::string> open_dataplanes(const DataplaneSettings& settings,
                                                std::size_t workers) {
  switch (settings.kind) {
    case Kind::pcap:
      return open_pcap(settings, workers);
    case Kind::xdp:
      break;  // not in this build
  }
  return fail(std::string("unknown kind of dataplane"));
}

}  // namespace sluice::io
