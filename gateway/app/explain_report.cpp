#include "gateway/app/explain_report.h"

#include <nlohmann/json.hpp>
#include <set>

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

// What the last records say of a name, or of a server's address.
Json seen_of(const ExplainFacts& facts, std::string_view name) {
  std::uint64_t count = 0;
  Json last = nullptr;
  std::set<std::string> clients;
  for (const auto& record : facts.records) {
    if (record.name.view() != name) continue;
    if (count++ == 0) last = telemetry::time_text(record.time);
    clients.insert(telemetry::client_text(record.client.address, record.time, facts.audit));
  }
  return {{"count", count}, {"clients", clients.size()}, {"last_seen", std::move(last)}};
}

}  // namespace

Result<Json, std::string> explain_report(const ExplainFacts& facts,
                                         const std::optional<IpAddress>& client,
                                         std::string_view name) {
  auto explanation = explain(facts.snapshot, client, name);
  if (!explanation) return fail(explanation.error());
  if (facts.settings != nullptr) {
    explanation->time = time_notes(*facts.settings, client, facts.now);
  }
  return Json{{"explanation", to_object(*explanation)},
              {"notes", cli::to_lines(explanation->time)},
              {"seen", seen_of(facts, explanation->understood)}};
}

}  // namespace sluice::app
