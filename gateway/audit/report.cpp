#include "gateway/audit/report.h"

#include <algorithm>

namespace sluice::audit {
namespace {

constexpr std::size_t kDay = 10;  // YYYY-MM-DD
constexpr const char* kOthers = "(others)";

// The entry of `key`; of a full map that of all others.
template <typename Value>
Value& entry(std::map<std::string, Value>& map, const std::string& key) {
  const auto found = map.find(key);
  if (found != map.end()) return found->second;
  return map[map.size() < kMostGroups ? key : kOthers];
}

// A bounded count of peers; false: it is full, and this one is none of them.
template <typename Value>
Value* peer(std::map<std::string, Value>& map, const std::string& key) {
  const auto found = map.find(key);
  if (found != map.end()) return &found->second;
  return map.size() < kMostPeers ? &map[key] : nullptr;
}

void add(Attempts& to, const Line& line) {
  if (line.action == "shadow") {
    ++to.on_trial;
  } else if (line.action == "log") {
    ++to.logged;
  } else {
    ++to.blocked;
  }
}

}  // namespace

void ReportBuilder::between(std::string from, std::string to) {
  from_ = std::move(from);
  to_ = std::move(to);
}

void ReportBuilder::take(const std::string& text) {
  if (text.empty()) return;
  look_at_chain(text);
  const auto line = parse_line(text);
  if (!line) {
    ++report_.unreadable;
    return;
  }
  const std::string_view day = std::string_view(line->time).substr(0, kDay);
  if ((!from_.empty() && day < from_) || (!to_.empty() && day >= to_)) return;
  count(*line);
}

void ReportBuilder::look_at_chain(const std::string& line) {
  switch (chain_.take(line)) {
    case ChainCheck::Finding::not_chained:
      ++report_.not_chained;
      return;
    case ChainCheck::Finding::broken:
      ++report_.broken;
      break;
    case ChainCheck::Finding::begins:
      ++report_.begun;
      break;
    case ChainCheck::Finding::follows:
    case ChainCheck::Finding::within:
      break;
  }
  ++report_.chained;
}

void ReportBuilder::count(const Line& line) {
  ++report_.records;
  if (report_.first.empty() || line.time < report_.first) report_.first = line.time;
  report_.last = std::max(report_.last, line.time);
  switch (line.kind) {
    case Line::Kind::decision:
      count_attempt(line);
      break;
    case Line::Kind::unjudged:
      entry(report_.unjudged, line.reason) += 1 + line.suppressed;
      break;
    case Line::Kind::start:
      ++report_.starts;
      break;
    case Line::Kind::lost:
      report_.lost += line.lost;
      break;
    case Line::Kind::update:
      if (report_.updates.size() < kMostUpdates) {
        report_.updates.push_back({line.time, line.result, line.generation, line.lists});
      } else {
        ++report_.other_updates;
      }
      break;
  }
}

void ReportBuilder::count_attempt(const Line& line) {
  add(report_.attempts, line);
  add(entry(report_.by_app, line.app), line);
  add(entry(report_.by_protocol, line.protocol), line);
  add(entry(report_.by_list_version, line.list + ' ' + line.list_version), line);
  if (line.action == "shadow") return;
  if (line.action != "log") ++entry(entry(report_.by_day, line.time.substr(0, kDay)), line.app);
  if (std::uint64_t* const name = peer(report_.by_name, line.name)) {
    ++*name;
  } else {
    ++report_.of_other_names;
  }
  ClientAttempts* const client = peer(report_.by_client, std::string(without_port(line.client)));
  if (client == nullptr) {
    ++report_.of_other_clients;
    return;
  }
  add(client->attempts, line);
  if (client->first.empty()) client->first = line.time;
  client->last = line.time;
  ++entry(client->apps, line.app);
}

std::vector<std::pair<std::string, std::uint64_t>> largest(
    const std::map<std::string, std::uint64_t>& counts, std::size_t most) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::ranges::greater{},
                           [](const auto& it) { return it.second; });
  sorted.resize(std::min(sorted.size(), most));
  return sorted;
}

std::vector<std::pair<std::string, ClientAttempts>> largest_clients(const Report& report,
                                                                    std::size_t most) {
  std::vector<std::pair<std::string, ClientAttempts>> sorted(report.by_client.begin(),
                                                             report.by_client.end());
  std::ranges::stable_sort(sorted, std::ranges::greater{},
                           [](const auto& it) { return it.second.attempts.total(); });
  sorted.resize(std::min(sorted.size(), most));
  return sorted;
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t sum = 0;
  for (const auto& [name, count] : counts) sum += count;
  return sum;
}

std::string chain_text(const Report& report) {
  if (report.chained == 0) return "the lines are not chained";
  std::string text = report.broken == 0 ? "the chain is whole" : "THE CHAIN IS BROKEN in ";
  if (report.broken > 0) {
    text += std::to_string(report.broken) + (report.broken == 1 ? " place" : " places");
  }
  if (report.begun == 1) text += "; it begins once";
  if (report.begun > 1) text += "; it begins " + std::to_string(report.begun) + " times";
  if (report.not_chained > 0) {
    text += "; " + std::to_string(report.not_chained) + " lines are not of it";
  }
  return text;
}

}  // namespace sluice::audit
