// `sluice run`: reads the configuration, opens the gateway, and runs it.

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <iostream>
#include <optional>

#include "gateway/app/commands.h"
#include "gateway/app/console_desk.h"
#include "gateway/app/control_desk.h"
#include "gateway/app/coupled_links.h"
#include "gateway/app/gateway.h"
#include "gateway/app/gateway_log.h"
#include "gateway/app/sources.h"
#include "gateway/dataplane/interfaces/interface_checks.h"
#include "gateway/service/privileged_thread.h"
#include "gateway/service/privileges.h"
#include "gateway/service/service_manager.h"

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

// `--check`. What sources and zones have not brought yet is no fault: a start would ask for it.
int check_configuration(const std::string& file, const config::LiveSettings& live) {
  const bool may_come = !live.zones.empty() || !live.sources.empty();
  const auto ban = may_come ? build_ban(live) : build_first_ban(live);
  if (!ban) return refuse_start(ban.error());
  for (const std::string& line : ban->refused) std::cerr << "sluice: refused: " << line << '\n';
  if (const std::string warning = ban_warning(ban->status); !warning.empty()) {
    std::cerr << "sluice: " << warning << '\n';
  }
  std::cout << file << ": no errors, " << ban->status.rules << " rules in "
            << ban->status.lists.size() << " lists\n";
  return all_written() ? kOk : kUnusable;
}

// In force at the start: of sources, what is on disk or comes in time.
Result<Ban, std::string> build_first(BanBuilder& builder, Sources* sources) {
  if (sources != nullptr) {
    for (const std::string& line : sources->first(kFirstTransfer, builder)) {
      spdlog::error("{}", line);
    }
  }
  auto ban = builder.build_first();
  if (!ban) return ban;
  for (const auto& [source, file] : ban->trials) {
    for (const std::string& line : sources->decided(source, file, Sources::Decision::published)) {
      spdlog::info("{}", line);
    }
  }
  log_ban(ban->status);  // first, whatever else is wrong
  return ban;
}

// The interfaces and what they need are for the opener; everybody else has no privileges.
DataplaneSource opened_by(service::PrivilegedThread& opener, DataplaneSource source) {
  auto open = [&opener, open = std::move(source.open)](const io::Interest& interest) {
    Result<Dataplanes, std::string> opened;
    opener.run([&] { opened = open(interest); });
    return opened;
  };
  return {.workers = source.workers, .open = std::move(open)};
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
  if (command.check) return check_configuration(command.config, config->live);
  const auto log = spdlog::stderr_color_mt("sluice");
  log->set_level(spdlog::level::from_str(start.log_level));
  spdlog::set_default_logger(log);

  std::optional<service::PrivilegedThread> opener(std::in_place);
  const bool queues = start.dataplane == io::Kind::nfqueue;
  if (const auto dropped =
          service::drop_capabilities(queues ? service::NetAdmin::keep : service::NetAdmin::drop);
      !dropped) {
    return refuse_start(dropped.error());
  }
  // They are there from now on, and answer once the gateway is open; they go last. The groups of
  // the control socket may be others than ours.
  Result<std::unique_ptr<ControlDesk>, std::string> desk;
  opener->run([&] { desk = ControlDesk::open(start); });
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
  auto ban = build_first(*builder, sources->get());
  if (!ban) return refuse_start(ban.error());
  // It outlives the gateway, which asks it.
  Result<std::unique_ptr<io::LinkKeeper>, std::string> links;
  opener->run([&] { links = couple_links(start); });
  if (!links) return refuse_start(links.error());
  // Before the dataplane changes what they look at.
  std::vector<io::CheckResult> checks;
  opener->run([&] { checks = io::check_interfaces(start.inside, start.outside, start.dataplane); });
  auto gateway = Gateway::open({.start = start,
                                .dataplanes = opened_by(*opener, dataplane_source(start)),
                                .ban = std::move(*ban),
                                .rebuild = [builder] { return builder->build(); },
                                .builder = builder,
                                .sources = *sources,
                                .service = service::ServiceManager::of_environment(),
                                .links = link_statuses(start, links->get())});
  if (!gateway) return refuse_start(gateway.error());
  opener.reset();
  if (*links) (*links)->begin();
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
  if (const auto denied = service::deny_system_calls(); !denied) {
    spdlog::warn("{}", denied.error());
  }
  log_checks(checks, start.dataplane);
  spdlog::info("{} {} (inside) and {} (outside)", queues ? "between" : "bridging",
               start.inside.empty() ? "all others" : start.inside, start.outside);
  if (const auto ended = (*gateway)->run(); !ended) {
    spdlog::error("the dataplane failed: {}", ended.error());
    return kFailed;
  }
  spdlog::info("stopped after {} packets", (*gateway)->statistics().packets);
  return kOk;
}

}  // namespace sluice::app
