#include "gateway/app/console_desk.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "gateway/app/audit_trail.h"
#include "gateway/app/blocked_report.h"
#include "gateway/app/explain_report.h"
#include "gateway/app/status_report.h"
#include "gateway/console/site.h"
#include "gateway/dataplane/verdict.h"

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;
using console::Reply;
using console::Request;

constexpr auto kPublishEvery = std::chrono::seconds(1);
constexpr std::size_t kMostRecords = 512;
constexpr std::size_t kMostClients = 50;

// The token is what keeps others out: a short one, or an empty file, is a mistake.
Result<std::string, std::string> token_of(const std::filesystem::path& file) {
  if (file.empty()) return std::string();
  auto token = read_key(file, "the console");
  if (!token) return fail("[console] token_file: " + token.error());
  if (token->ends_with('\r')) token->pop_back();
  if (!std::ranges::all_of(*token, [](char c) { return c > ' ' && c <= '~'; })) {
    return fail("[console] token_file: " + file.string() +
                ": the token has characters that are no printable ASCII, or blanks");
  }
  if (token->size() < console::Gate::kLeastToken) {
    return fail("[console] token_file: " + file.string() + ": the token has " +
                std::to_string(token->size()) + " characters; it needs " +
                std::to_string(console::Gate::kLeastToken));
  }
  return std::move(*token);
}

console::History::Counts counts_of(const Gateway& gateway) {
  const telemetry::Totals totals = gateway.statistics();
  console::History::Counts counts{.passed = totals.kernel_passed + totals.failed_open,
                                  .blocked = totals.kernel_dropped + totals.failed_closed};
  for (const auto* worker : gateway.workers().counters()) {
    for (std::size_t verdict = 0; verdict < io::kVerdicts; ++verdict) {
      const auto which = static_cast<io::Verdict>(verdict);
      const bool drops = which == io::Verdict::drop || which == io::Verdict::drop_flow;
      for (const telemetry::Counter& counter : worker->verdicts.at(verdict)) {
        (drops ? counts.blocked : counts.passed) += counter.value();
      }
    }
  }
  return counts;
}

Reply bad_argument(std::string_view why) {
  return console::error_reply(400, "bad_argument", why);
}

// Null: it is not there.
const std::string* argument(const Request& request, const char* key) {
  const auto found = request.arguments.find(key);
  return found == request.arguments.end() ? nullptr : &found->second;
}

}  // namespace

Result<std::unique_ptr<ConsoleDesk>, std::string> ConsoleDesk::open(
    const config::StartSettings& start) {
  if (!start.console.listen) return nullptr;
  std::unique_ptr<ConsoleDesk> desk(new ConsoleDesk());
  auto token = token_of(start.console.token_file);
  if (!token) return fail(token.error());
  desk->token_ = std::move(*token);
  desk->listen_ = start.console.listen->address;
  auto server =
      console::Server::open({.listen = *start.console.listen, .allow = start.console.allow});
  if (!server) return fail(server.error());
  desk->server_ = std::move(*server);
  return desk;
}

Result<void, std::string> ConsoleDesk::attach(Gateway& gateway) {
  gateway_ = &gateway;
  publish();
  const auto timer = gateway.loop().add_timer(kPublishEvery, [this] { publish(); });
  if (!timer) return fail(timer.error());
  const auto site = std::make_shared<const console::Site>(
      console::Gate(listen_, token_), [this](const Request& request) { return answer(request); });
  server_->start([site](const Request& request) { return site->answer(request); });
  return {};
}

void ConsoleDesk::publish() {
  views_.publish(look());
}

std::shared_ptr<const ConsoleDesk::View> ConsoleDesk::look() {
  const telemetry::Activity& activity = *gateway_->activity();
  const auto at = std::chrono::floor<std::chrono::seconds>(gateway_->now());
  auto view = std::make_shared<View>();
  const bool is_new = history_.look(std::chrono::steady_clock::now(), at, counts_of(*gateway_));
  if (is_new || !history_text_) history_text_ = console::body_of(history_.to_object());
  view->records = activity.flows(kMostRecords);
  view->status = console::body_of(status_of(*gateway_));
  view->blocked = console::body_of(blocked_report(view->records, activity.clients(kMostClients)));
  view->history = history_text_;
  view->at = at;
  view->snapshot = gateway_->snapshot();
  view->settings = gateway_->settings();
  view->audit = activity.options();
  return view;
}

std::optional<Reply> ConsoleDesk::answer(const Request& request) const {
  const std::shared_ptr<const View> view = views_.newest();
  const bool is_explain = request.path == "/api/v1/explain";
  for (const auto& [key, value] : request.arguments) {
    if (is_explain && (key == "name" || key == "client")) continue;
    return bad_argument("an argument that there is not");
  }
  if (request.path == "/api/v1/status") return Reply{.body = view->status};
  if (request.path == "/api/v1/blocked") return Reply{.body = view->blocked};
  if (request.path == "/api/v1/history") return Reply{.body = view->history};
  if (!is_explain) return std::nullopt;

  const std::string* const name = argument(request, "name");
  if (name == nullptr || name->empty()) return bad_argument("name: which one?");
  std::optional<IpAddress> client;
  if (const std::string* const text = argument(request, "client"); text && !text->empty()) {
    client = IpAddress::parse(*text);
    if (!client) return bad_argument("client: it is not an IP address");
  }
  const auto report = explain_report({.snapshot = *view->snapshot,
                                      .settings = view->settings.get(),
                                      .now = view->at,
                                      .records = view->records,
                                      .audit = view->audit},
                                     client, *name);
  if (!report) return bad_argument(report.error());
  return Reply{.body = console::body_of(*report)};
}

}  // namespace sluice::app
