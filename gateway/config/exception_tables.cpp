// [[exception]]: which clients are exempt from which apps, who answers for it, and until when.

#include <algorithm>
#include <optional>
#include <set>

#include "gateway/config/read_prefixes.h"
#include "gateway/config/tables.h"
#include "gateway/config/timetable.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostExceptions =
    256;  // each may divide policies, whose prefixes a new flow looks at
constexpr std::size_t kMostText =
    200;  // bytes of `owner` and `reason`, which go to logs and metrics

void read_words(TableReader& table, std::string_view key, std::string& text) {
  table.require(key, text);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  if (text.size() > kMostText || std::ranges::any_of(text, is_control)) {
    table.error(key, "must be one line of at most 200 bytes");
  }
}

}  // namespace

void read_exceptions(TableReader& root, LiveSettings& live) {
  std::vector<TableReader> tables = root.tables("exception");
  if (tables.size() > kMostExceptions) {
    root.error("exception", "more than " + std::to_string(kMostExceptions) + " exceptions");
    return;
  }
  std::set<std::string> names;
  for (TableReader& table : tables) {
    ExceptionSpec spec;
    read_prefixes(table, "clients",
                  [&](const IpPrefix& prefix, std::size_t) { spec.clients.push_back(prefix); });
    // Every client would be no exception.
    if (!table.has("clients")) table.error("clients", "is missing");
    table.require("apps", spec.apps);
    check_apps(table, live, "apps", spec.apps);
    read_words(table, "owner", spec.owner);
    read_words(table, "reason", spec.reason);
    if (!names.insert(name_of(spec)).second) {
      table.error("reason", "an earlier exception has the same owner and reason");
    }
    std::optional<schedule::Time> expires;
    table.read("expires", expires);
    if (!table.has("expires")) table.error("expires", "is missing: an exception has an end");
    spec.expires = expires.value_or(schedule::Time{});
    table.refuse_others();
    live.exceptions.push_back(std::move(spec));
  }
}

}  // namespace sluice::config
