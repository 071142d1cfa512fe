// The report for a terminal and for machines.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "gateway/audit/report.h"

namespace sluice::audit {
namespace {

using Json = nlohmann::ordered_json;

// What is in a trail may hold any bytes: a terminal gets printable ones.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += c >= ' ' && c <= '~' ? c : '?';
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out = printable(text);
  out.resize(std::max(width, out.size()), ' ');
  return out;
}

std::string number(std::uint64_t value) {
  const std::string digits = grouped(value);
  return std::string(std::max<std::size_t>(14, digits.size() + 1) - digits.size(), ' ') + digits;
}

void add_attempts(std::string& out, const char* title,
                  const std::map<std::string, Attempts>& groups) {
  if (groups.empty()) return;
  constexpr std::size_t kName = 40;
  out += '\n' + padded(title, kName) + "       blocked        logged      on trial\n";
  for (const auto& [name, attempts] : groups) {
    out += "  " + padded(name, kName - 2) + number(attempts.blocked) + number(attempts.logged) +
           number(attempts.on_trial) + '\n';
  }
}

void add_counts(std::string& out, const std::string& title,
                const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  if (counts.empty()) return;
  out += '\n' + title + '\n';
  for (const auto& [name, count] : counts) out += number(count) + "  " + printable(name) + '\n';
}

Json json_of(const Attempts& attempts) {
  return {
      {"blocked", attempts.blocked}, {"logged", attempts.logged}, {"on_trial", attempts.on_trial}};
}
Json json_of(const std::map<std::string, Attempts>& groups) {
  Json out = Json::object();
  for (const auto& [name, attempts] : groups) out[name] = json_of(attempts);
  return out;
}
Json json_of(const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  Json out = Json::array();
  for (const auto& [name, count] : counts) out.push_back({{"name", name}, {"count", count}});
  return out;
}

}  // namespace

std::string to_text(const Report& report, std::size_t most) {
  if (report.records == 0) return "no records\n";
  std::string out = report.first + " to " + report.last + ": " + std::to_string(report.records) +
                    " records; " + chain_text(report) + '\n';
  if (report.lost > 0)
    out += std::to_string(report.lost) + " records were lost when they were to be written\n";
  if (report.unreadable > 0) out += std::to_string(report.unreadable) + " lines are no records\n";
  add_attempts(out, "by app", report.by_app);
  add_attempts(out, "by protocol", report.by_protocol);
  add_attempts(out, "by list and version", report.by_list_version);
  if (!report.by_day.empty()) out += "\nblocked by day (UTC)\n";
  for (const auto& [day, apps] : report.by_day) out += number(sum_of(apps)) + "  " + day + '\n';
  const auto clients = largest_clients(report, most);
  if (!clients.empty()) {
    out += '\n' + std::to_string(report.by_client.size()) + " clients; those with most attempts\n";
  }
  for (const auto& [client, of] : clients) {
    out += number(of.attempts.total()) + "  " + padded(client, 40) + " last " + of.last;
    for (const auto& [app, count] : of.apps)
      out += ' ' + printable(app) + '=' + std::to_string(count);
    out += '\n';
  }
  add_counts(out, "names", largest(report.by_name, most));
  add_counts(out, "dropped because it could not be judged", largest(report.unjudged, most));
  if (!report.updates.empty()) out += "\nupdates\n";
  for (const UpdateNote& update : report.updates) {
    out += "  " + update.time + "  " + padded(update.result, 8) + " generation " +
           std::to_string(update.generation);
    for (const std::string& list : update.lists) out += "  " + printable(list);
    out += '\n';
  }
  return out;
}

std::string to_json(const Report& report, std::size_t most) {
  Json out;
  out["from"] = report.first;
  out["to"] = report.last;
  out["records"] = report.records;
  out["unreadable_lines"] = report.unreadable;
  out["lost_records"] = report.lost;
  out["starts"] = report.starts;
  out["chain"] = {{"lines", report.chained},
                  {"broken", report.broken},
                  {"begun", report.begun},
                  {"not_chained", report.not_chained}};
  out["attempts"] = json_of(report.attempts);
  out["by_app"] = json_of(report.by_app);
  out["by_protocol"] = json_of(report.by_protocol);
  out["by_list_version"] = json_of(report.by_list_version);
  out["blocked_by_day"] = report.by_day;
  out["clients"] = report.by_client.size();
  Json& clients = out["top_clients"] = Json::array();
  for (const auto& [client, of] : largest_clients(report, most)) {
    Json one = json_of(of.attempts);
    one["client"] = client;
    one["first"] = of.first;
    one["last"] = of.last;
    one["apps"] = of.apps;
    clients.push_back(std::move(one));
  }
  out["top_names"] = json_of(largest(report.by_name, most));
  out["unjudged"] = json_of(largest(report.unjudged, most));
  Json& updates = out["updates"] = Json::array();
  for (const UpdateNote& update : report.updates) {
    updates.push_back({{"time", update.time},
                       {"result", update.result},
                       {"generation", update.generation},
                       {"lists", update.lists}});
  }
  return out.dump(2, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace sluice::audit
