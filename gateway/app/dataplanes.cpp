#include "gateway/app/dataplanes.h"

#include "gateway/dataplane/pcap/live_bridge.h"

namespace sluice::app {

DataplaneSource dataplane_source(const config::StartSettings& settings) {
  io::LiveBridgeOptions options{settings.inside, settings.outside,
                                static_cast<int>(settings.buffer_mib) * 1024 * 1024};
  const auto open = [options = std::move(options)]() -> Result<Dataplanes, std::string> {
    auto bridge = io::LiveBridge::open(options);
    if (!bridge) return fail(bridge.error());
    Dataplanes dataplanes;
    dataplanes.push_back(std::move(*bridge));
    return dataplanes;
  };
  return {.workers = 1, .open = open};
}

}  // namespace sluice::app
