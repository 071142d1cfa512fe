#include "gateway/telemetry/activity.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::telemetry {

Activity::Activity(AuditOptions options, Limits limits)
    : options_(std::move(options)), limits_(limits) {
  records_.reserve(limits_.flows);
}

void Activity::take(const AuditRecord& record) {
  if (record.is_shadow) return;
  const std::lock_guard lock(mutex_);
  if (records_.size() < limits_.flows) {
    records_.push_back(record);
  } else {
    records_[next_] = record;
    next_ = (next_ + 1) % records_.size();
  }
  if (!record.unjudged.empty()) return;
  note_client(record);
  count_policy(record);
}

void Activity::note_client(const AuditRecord& record) {
  std::pair key(client_text(record.client.address, record.time, options_),
                std::string(record.app.view()));
  auto found = row_of_.find(key);
  if (found == row_of_.end()) {
    if (rows_.size() == limits_.clients) {
      const ClientApp& oldest = rows_.back();
      row_of_.erase({oldest.client, oldest.app});
      rows_.pop_back();
      ++forgotten_;
    }
    rows_.push_front({.client = key.first, .app = key.second, .first = record.time});
    found = row_of_.emplace(std::move(key), rows_.begin()).first;
  } else {
    rows_.splice(rows_.begin(), rows_, found->second);
  }
  ClientApp& row = *found->second;
  row.last = record.time;
  ++row.count;
  row.name = record.name.view();
  row.policy = record.policy.view();
  row.action = record.action.view();
}

void Activity::count_policy(const AuditRecord& record) {
  std::pair key(std::string(record.policy.view()), std::string(record.action.view()));
  const auto found = policies_.find(key);
  if (found != policies_.end()) {
    ++found->second;
  } else if (policies_.size() < limits_.policies) {
    policies_.emplace(std::move(key), 1);
  }
}

std::vector<Activity::PolicyCount> Activity::policies() const {
  const std::lock_guard lock(mutex_);
  std::vector<PolicyCount> counts;
  counts.reserve(policies_.size());
  for (const auto& [key, count] : policies_) counts.push_back({key.first, key.second, count});
  return counts;
}

std::vector<AuditRecord> Activity::flows(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const std::size_t size = records_.size();
  std::vector<AuditRecord> flows;
  flows.reserve(std::min(most, size));
  for (std::size_t i = 1; i <= std::min(most, size); ++i) {
    flows.push_back(records_[(next_ + size - i) % size]);
  }
  return flows;
}

Activity::Clients Activity::clients(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  Clients clients{.all = rows_.size(), .forgotten = forgotten_};
  clients.rows.reserve(std::min(most, rows_.size()));
  for (const ClientApp& row : rows_) {
    if (clients.rows.size() == most) break;
    clients.rows.push_back(row);
  }
  return clients;
}

nlohmann::ordered_json to_array(const Activity::Clients& clients) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Activity::ClientApp& row : clients.rows) {
    rows.push_back({{"client", row.client},
                    {"app", row.app},
                    {"first_seen", time_text(row.first)},
                    {"last_seen", time_text(row.last)},
                    {"count", row.count},
                    {"name", row.name},
                    {"policy", row.policy},
                    {"action", row.action}});
  }
  return rows;
}

}  // namespace sluice::telemetry
