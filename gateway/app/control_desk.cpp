#include "gateway/app/control_desk.h"

#include <spdlog/spdlog.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/explain_report.h"
#include "gateway/app/rollback.h"
#include "gateway/app/status_report.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;
using control::Command;
using control::ErrorCode;

constexpr auto kExpireEvery = std::chrono::seconds(1);
constexpr std::uint32_t kUsualLimit = 100;
constexpr std::uint32_t kUsualFrames = 1000, kUsualSeconds = 60;

std::chrono::steady_clock::time_point now() {
  return std::chrono::steady_clock::now();
}

Result<control::Access, std::string> access_of(const config::StartSettings& start) {
  control::Access access{.owner = ::geteuid()};
  const auto resolve = [](const char* key, const std::string& name,
                          std::optional<gid_t>& group) -> Result<void, std::string> {
    if (name.empty()) return {};
    const auto found = control::group_of(name);
    if (!found) return fail(std::string("[control] ") + key + ": " + found.error());
    group = *found;
    return {};
  };
  if (auto read = resolve("read_group", start.control_read_group, access.read_group); !read) {
    return fail(std::move(read.error()));
  }
  if (auto admin = resolve("admin_group", start.control_admin_group, access.admin_group); !admin) {
    return fail(std::move(admin.error()));
  }
  return access;
}

std::string failed(std::string why) {
  return control::error_line({ErrorCode::failed, std::move(why)});
}

// In the words of [log] level.
std::string_view level_word() {
  switch (spdlog::get_level()) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

std::string log_level(const control::Request& request) {
  if (!request.level.empty()) {
    const auto level = spdlog::level::from_str(request.level);
    spdlog::default_logger()->set_level(level);
    spdlog::set_level(level);
  }
  return control::reply_line({{"level", level_word()}});
}

}  // namespace

Result<std::unique_ptr<ControlDesk>, std::string> ControlDesk::open(
    const config::StartSettings& start) {
  if (start.control_socket.empty()) return nullptr;
  const auto access = access_of(start);
  if (!access) return fail(access.error());
  std::unique_ptr<ControlDesk> desk(new ControlDesk());
  auto server = control::Server::open({.path = start.control_socket, .access = *access},
                                      [self = desk.get()](const auto& request, const auto& asker) {
                                        return self->handle(request, asker);
                                      });
  if (!server) return fail(server.error());
  desk->server_ = std::move(*server);
  return desk;
}

Result<void, std::string> ControlDesk::attach(Gateway& gateway) {
  gateway_ = &gateway;
  capture_ = std::make_unique<FrameCapture>(gateway.workers().taps());
  gateway.on_reload([this](const ReloadReport& report) { finish_reload(report); });
  const auto added = gateway.loop().add(server_->descriptor(), EPOLLIN,
                                        [this](std::uint32_t) { server_->serve(now()); });
  if (!added) return fail(added.error());
  const auto timer = gateway.loop().add_timer(kExpireEvery, [this] {
    server_->expire(now());
    capture_->expire(now());
  });
  if (!timer) return fail(timer.error());
  return {};
}

ControlDesk::Reply ControlDesk::handle(const control::Request& request,
                                       const control::Server::Asker& asker) {
  if (control::needed_for(request) == control::Rights::admin && !request.next) {
    spdlog::info("control: `{}` by user {}, process {}", to_string(request.command), asker.who.user,
                 asker.who.process);
  }
  switch (request.command) {
    case Command::status:
      return control::reply_line(status_of(*gateway_));
    case Command::explain:
      return explain(request);
    case Command::flows:
      return flows(request);
    case Command::clients:
      return clients(request);
    case Command::log_level:
      return log_level(request);
    case Command::capture:
      return capture(request, asker.id);
    case Command::reload:
      reload(request.accept, {asker.id, {}});
      return std::nullopt;
    case Command::rollback:
      return roll_back(request, asker.id);
  }
  return control::error_line({ErrorCode::internal, "a command without an answer"});
}

std::string ControlDesk::explain(const control::Request& request) const {
  const telemetry::Activity& activity = *gateway_->activity();
  const auto records = activity.flows(control::kMostFlows);
  const auto report =
      explain_report({.snapshot = *gateway_->snapshot(),
                      .settings = gateway_->settings().get(),
                      .now = std::chrono::floor<std::chrono::seconds>(gateway_->now()),
                      .records = records,
                      .audit = activity.options()},
                     request.client, request.name);
  if (!report) return control::error_line({ErrorCode::bad_argument, report.error()});
  return control::reply_line(*report);
}

std::string ControlDesk::flows(const control::Request& request) const {
  const telemetry::Activity& activity = *gateway_->activity();
  Json flows = Json::array();
  for (const auto& record : activity.flows(request.limit.value_or(kUsualLimit))) {
    flows.push_back(to_object(record, activity.options()));
  }
  return control::reply_line({{"flows", std::move(flows)}});
}

std::string ControlDesk::clients(const control::Request& request) const {
  const auto clients = gateway_->activity()->clients(request.limit.value_or(kUsualLimit));
  return control::reply_line(
      {{"clients", to_array(clients)}, {"all", clients.all}, {"forgotten", clients.forgotten}});
}

std::string ControlDesk::capture(const control::Request& request, control::PeerId peer) {
  if (request.next) {
    auto part = capture_->next(peer, now());
    return part ? control::reply_line(*part) : failed("this connection began no capture");
  }
  if (gateway_->start().audit_pseudonymise) {
    return failed("frames show the addresses of clients, which [audit] pseudonymise_clients hides");
  }
  const std::uint32_t frames = request.limit.value_or(kUsualFrames);
  const std::uint32_t seconds = request.seconds.value_or(kUsualSeconds);
  if (!capture_->begin(peer, frames, std::chrono::seconds(seconds), now())) {
    return failed("another capture is under way");
  }
  return control::reply_line(
      {{"limit", frames}, {"seconds", seconds}, {"bytes", engine::FrameTap::kBytes}});
}

ControlDesk::Reply ControlDesk::roll_back(const control::Request& request, control::PeerId peer) {
  const auto settings = gateway_->settings();
  if (!settings) return failed("the gateway runs without a configuration");
  auto done = app::roll_back(*settings, {request.source, request.to, request.resume});
  if (!done) return failed(std::move(done.error()));
  spdlog::info("control: {}", *done);
  reload(false, {peer, std::move(*done)});
  return std::nullopt;
}

void ControlDesk::reload(bool accepted, Waiting waiting) {
  // The one under way may have read the files already.
  (gateway_->is_reloading() ? later_ : waiting_).push_back(std::move(waiting));
  gateway_->reload(accepted);
}

void ControlDesk::finish_reload(const ReloadReport& report) {
  const std::vector<Waiting> answered = std::exchange(waiting_, std::exchange(later_, {}));
  for (const Waiting& waiting : answered) {
    const std::string prefix = waiting.done.empty() ? "" : waiting.done + ", but ";
    Json body{{"result", to_string(report.result)},
              {"generation", gateway_->generation()},
              {"rules", gateway_->lists().rules}};
    if (!waiting.done.empty()) body["rolled_back"] = waiting.done;
    server_->answer(waiting.peer,
                    report.is_ok()
                        ? control::reply_line(body)
                        : failed(prefix + "the reload " +
                                 (report.result == ReloadReport::Result::refused ? "was refused: "
                                                                                 : "failed: ") +
                                 report.text),
                    now());
  }
}

}  // namespace sluice::app
