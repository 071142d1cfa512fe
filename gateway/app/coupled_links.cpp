#include "gateway/app/coupled_links.h"

#include <spdlog/spdlog.h>

#include <cstddef>
#include <optional>

#include "gateway/service/privileges.h"

namespace sluice::app {
namespace {

// None: they are not coupled, or are no two ports, which the dataplane refuses.
std::optional<io::PortNames> coupled_ports(const config::StartSettings& start) {
  if (start.link_state == io::LinkState::keep) return std::nullopt;
  if (start.inside.empty() || start.outside.empty() || start.inside == start.outside) {
    return std::nullopt;
  }
  return io::PortNames{start.inside, start.outside};
}

}  // namespace

Result<std::unique_ptr<io::LinkKeeper>, std::string> couple_links(
    const config::StartSettings& start) {
  const auto ports = coupled_ports(start);
  if (!ports) return nullptr;
  if (start.dataplane == io::Kind::nfqueue) {  // said on the command line
    return fail(std::string("[dataplane] link_state \"propagate\" needs type \"xdp\" or \"pcap\""));
  }
  return io::LinkKeeper::start({.interfaces = *ports,
                                .enter = service::keep_net_admin_only,
                                .log = [](const std::string& line) { spdlog::warn("{}", line); }});
}

Result<std::vector<std::string>, std::string> release_links(const config::StartSettings& start) {
  const auto ports = coupled_ports(start);
  if (!ports) return std::vector<std::string>();
  const auto locks = io::lock_ports(*ports);
  if (!locks) return fail(locks.error() + "; stop it first");
  return io::put_up(*ports);
}

std::function<std::vector<telemetry::LinkStatus>()> link_statuses(
    const config::StartSettings& start, const io::LinkKeeper* keeper) {
  if (keeper == nullptr) return {};
  return [keeper, inside = start.inside, outside = start.outside] {
    const io::PortStatuses statuses = keeper->status();
    std::vector<telemetry::LinkStatus> links = {{.port = "inside", .interface = inside},
                                                {.port = "outside", .interface = outside}};
    for (std::size_t i = 0; i < links.size(); ++i) {
      const io::PortStatus& status = statuses.at(i);
      links[i].is_up = status.state.is_up;
      links[i].has_carrier = status.state.has_carrier;
      links[i].is_held = status.is_held;
      links[i].downs = status.downs;
      links[i].ups = status.ups;
    }
    return links;
  };
}

}  // namespace sluice::app
