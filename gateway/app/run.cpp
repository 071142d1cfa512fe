// `sluice run`: reads the configuration, opens the gateway, and runs it.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/gateway.h"
#include "gateway/app/gateway_log.h"
#include "gateway/app/zones.h"
#include "gateway/dataplane/interfaces/interface_checks.h"

namespace sluice::app {
namespace {

// Of each zone that is not on disk: a start does not wait longer.
constexpr std::chrono::seconds kFirstTransfer{60};

void override_settings(config::StartSettings& start, const cli::RunCommand& command) {
  if (command.dataplane) start.dataplane = *command.dataplane;
  if (command.inside) start.inside = *command.inside;
  if (command.outside) start.outside = *command.outside;
  if (command.metrics_listen) start.metrics_listen = *command.metrics_listen;
  if (command.audit_file) start.audit_file = *command.audit_file;
}

int refuse_start(const std::string& why) {
  std::cerr << "sluice: " << why << '\n';
  return kUnusable;
}

// Null: no list is a zone. Transfers what is not on disk yet.
Result<std::shared_ptr<Zones>, std::string> open_zones(const config::LiveSettings& live) {
  if (live.zones.empty()) return nullptr;
  auto zones = Zones::open(live.zones);
  if (!zones) return fail(zones.error());
  for (const std::string& line : (*zones)->first(kFirstTransfer)) spdlog::error("{}", line);
  return std::shared_ptr<Zones>(std::move(*zones));
}

Result<config::LiveSettings, std::string> read_live(const std::string& file,
                                                    const std::vector<config::ZoneSpec>& zones) {
  auto newest = load_config(file);
  if (!newest) return fail(newest.error());
  if (newest->live.zones != zones) {
    return fail(std::string("lists with `zone` are fixed at start: restart to change them"));
  }
  return std::move(newest->live);
}

}  // namespace

int run(const cli::RunCommand& command) {
  auto config = load_config(command.config);
  if (!config) {
    std::cerr << config.error() << '\n';
    return kUnusable;
  }
  override_settings(config->start, command);
  const config::StartSettings start = config->start;
  const auto log = spdlog::stderr_color_mt("sluice");
  log->set_level(spdlog::level::from_str(start.log_level));
  spdlog::set_default_logger(log);

  auto zones = open_zones(config->live);
  if (!zones) return refuse_start(zones.error());
  // Lists and policies are read again at each reload; all other settings stay.
  const auto read_settings = [file = command.config, zones = config->live.zones]() {
    return read_live(file, zones);
  };
  const auto builder = std::make_shared<BanBuilder>(config->live, read_settings);
  auto ban = builder->build_first();
  if (!ban) return refuse_start(ban.error());
  log_ban(ban->status);  // first, whatever else is wrong
  // Before the dataplane changes what they look at.
  const auto checks = io::check_interfaces(start.inside, start.outside, start.dataplane);
  auto gateway = Gateway::open({start, dataplane_source(start), std::move(*ban),
                                [builder] { return builder->build(); }, builder, *zones});
  if (!gateway) return refuse_start(gateway.error());
  log_checks(checks, start.dataplane);
  spdlog::info("bridging {} (inside) and {} (outside)", start.inside, start.outside);
  if (const auto ended = (*gateway)->run(); !ended) {
    spdlog::error("the dataplane failed: {}", ended.error());
    return kFailed;
  }
  spdlog::info("stopped after {} packets", (*gateway)->statistics().packets);
  return kOk;
}

}  // namespace sluice::app
