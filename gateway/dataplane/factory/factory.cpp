#include "gateway/dataplane/factory/factory.h"

#include "gateway/dataplane/nfqueue/nfqueue.h"
#include "gateway/dataplane/nfqueue/rule_keeper.h"
#include "gateway/dataplane/pcap/live_bridge.h"
#include "gateway/dataplane/xdp/xdp_bridge.h"

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
                                                const Interest& interest, std::size_t workers) {
  switch (settings.kind) {
    case Kind::pcap:
      return open_pcap(settings, workers);
    case Kind::xdp:
      return XdpBridge::open({settings.inside, settings.outside}, settings.xdp, interest, workers);
    case Kind::nfqueue:
      return Nfqueue::open(settings.inside, settings.outside, settings.nfqueue, interest, workers);
  }
  return fail(std::string("unknown kind of dataplane"));
}

Result<std::vector<std::string>, std::string> detach_dataplane(const DataplaneSettings& settings) {
  switch (settings.kind) {
    case Kind::pcap:
      break;
    case Kind::xdp:
      return XdpProgram::detach({settings.inside, settings.outside}, settings.xdp);
    case Kind::nfqueue:
      return RuleKeeper::remove();
  }
  return std::vector<std::string>();
}

}  // namespace sluice::io
