// `sluice run`: reads the configuration, opens the gateway, and runs it.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>

#include "gateway/app/commands.h"
#include "gateway/app/console_desk.h"
#include "gateway/app/control_desk.h"
#include "gateway/app/gateway.h"
#include "gateway/app/gateway_log.h"
#include "gateway/app/sources.h"
#include "gateway/dataplane/interfaces/interface_checks.h"

namespace sluice::app {
namespace {

// Of each source that has nothing on disk: a start does not wait longer.
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

// Null: all lists are files. Fetches what is not on disk yet.
Result<std::shared_ptr<Sources>, std::string> open_sources(const config::LiveSettings& live) {
  if (live.zones.empty() && live.sources.empty()) return nullptr;
  for (const config::SourceSpec& spec : live.sources) {
    if (!spec.insecure_http) continue;
    spdlog::warn("source {}: INSECURE: http is allowed (insecure_http_for_tests)", spec.name);
  }
  auto sources = Sources::open(live);
  if (!sources) return fail(sources.error());
  return std::shared_ptr<Sources>(std::move(*sources));
}

Result<config::LiveSettings, std::string> read_live(const std::string& file,
                                                    const config::LiveSettings& first) {
  auto newest = load_config(file);
  if (!newest) return fail(newest.error());
  if (newest->live.zones != first.zones) {
    return fail(std::string("lists with `zone` are fixed at start: restart to change them"));
  }
  if (newest->live.sources != first.sources) {
    return fail(std::string("[[source]] is fixed at start: restart to change it"));
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

  // They are there from now on, and answer once the gateway is open; they go last.
  auto desk = ControlDesk::open(start);
  if (!desk) return refuse_start(desk.error());
  auto console = ConsoleDesk::open(start);
  if (!console) return refuse_start(console.error());
  auto sources = open_sources(config->live);
  if (!sources) return refuse_start(sources.error());
  // Lists and policies are read again at each reload; all other settings stay.
  const auto read_settings = [file = command.config, first = config->live]() {
    return read_live(file, first);
  };
  const auto builder = std::make_shared<BanBuilder>(config->live, read_settings);
  if (*sources) {
    for (const std::string& line : (*sources)->first(kFirstTransfer, *builder)) {
      spdlog::error("{}", line);
    }
  }
  auto ban = builder->build_first();
  if (!ban) return refuse_start(ban.error());
  for (const auto& [source, file] : ban->trials) {
    for (const std::string& line :
         (*sources)->decided(source, file, Sources::Decision::published)) {
      spdlog::info("{}", line);
    }
  }
  log_ban(ban->status);  // first, whatever else is wrong
  // Before the dataplane changes what they look at.
  const auto checks = io::check_interfaces(start.inside, start.outside, start.dataplane);
  auto gateway = Gateway::open({start, dataplane_source(start), std::move(*ban),
                                [builder] { return builder->build(); }, builder, *sources});
  if (!gateway) return refuse_start(gateway.error());
  if (*desk) {
    if (const auto joined = (*desk)->attach(**gateway); !joined) {
      return refuse_start(joined.error());
    }
    spdlog::info("control socket: {}", start.control_socket.string());
  }
  if (*console) {
    if (const auto joined = (*console)->attach(**gateway); !joined) {
      return refuse_start(joined.error());
    }
    spdlog::info("console: http://{}/{}", (*console)->address().to_string(),
                 start.console.token_file.empty() ? "" : ", with a token");
  }
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
