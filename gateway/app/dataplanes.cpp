#include "gateway/app/dataplanes.h"

#include "gateway/dataplane/factory/factory.h"
#include "gateway/dataplane/nfqueue/nfqueue.h"

namespace sluice::app {

Result<std::vector<std::string>, std::string> remove_dataplane(
    const config::StartSettings& settings) {
  return io::detach_dataplane({.kind = settings.dataplane,
                               .inside = settings.inside,
                               .outside = settings.outside,
                               .xdp = settings.xdp,
                               .nfqueue = settings.nfqueue});
}

Result<std::string, std::string> firewall_rules(const config::StartSettings& settings,
                                                cli::RulesCommand::Tool tool) {
  using Tool = cli::RulesCommand::Tool;
  return io::nfqueue_rules(settings.inside, settings.outside, settings.nfqueue, settings.workers,
                           tool == Tool::nft ? io::RuleTool::nftables : io::RuleTool::iptables,
                           tool == Tool::ip6tables);
}

DataplaneSource dataplane_source(const config::StartSettings& settings) {
  constexpr int kMebibyte = 1024 * 1024;
  io::DataplaneSettings options{.kind = settings.dataplane,
                                .inside = settings.inside,
                                .outside = settings.outside,
                                .buffer_bytes = static_cast<int>(settings.buffer_mib) * kMebibyte,
                                .xdp = settings.xdp,
                                .nfqueue = settings.nfqueue};
  options.xdp.flows = settings.flows;
  const std::size_t workers = settings.workers;
  return {.workers = workers,
          .open = [options = std::move(options), workers](const io::Interest& interest) {
            return io::open_dataplanes(options, interest, workers);
          }};
}

}  // namespace sluice::app
