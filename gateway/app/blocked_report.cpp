#include "gateway/app/blocked_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostNames = 50;

struct Sum {
  std::uint64_t count = 0;
  Nanos last{0};
};

Json names_of(std::span<const telemetry::AuditRecord> records) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  std::map<Key, Sum> sums;  // by name, app and action
  for (const telemetry::AuditRecord& record : records) {
    if (!record.unjudged.empty() || record.name.view().empty()) continue;
    Sum& sum = sums[{record.name.view(), record.app.view(), record.action.view()}];
    if (sum.count++ == 0) sum.last = record.time;
  }
  std::vector<std::pair<Key, Sum>> rows(sums.begin(), sums.end());
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [](const auto& row) { return row.second.count; });
  if (rows.size() > kMostNames) rows.resize(kMostNames);
  Json names = Json::array();
  for (const auto& [key, sum] : rows) {
    names.push_back({{"name", std::get<0>(key)},
                     {"app", std::get<1>(key)},
                     {"action", std::get<2>(key)},
                     {"count", sum.count},
                     {"last_seen", telemetry::time_text(sum.last)}});
  }
  return names;
}

}  // namespace

Json blocked_report(std::span<const telemetry::AuditRecord> records,
                    const telemetry::Activity::Clients& clients) {
  const auto unjudged = std::ranges::count_if(
      records, [](const telemetry::AuditRecord& record) { return !record.unjudged.empty(); });
  return {{"records", records.size()},
          {"unjudged", unjudged},
          {"names", names_of(records)},
          {"clients", to_array(clients)},
          {"clients_all", clients.all}};
}

}  // namespace sluice::app
