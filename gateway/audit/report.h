#pragma once

// What compliance asks of an audit trail: attempts by app and day, by client, by version of the
// lists; what could not be judged; updates of the lists; whether the trail is whole.
//
// Bounded: of days, apps, versions, reasons and updates so many as kMost… say, of clients and names
// a million each; what comes beyond is counted together. Pure; allocates.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/audit/chain.h"
#include "gateway/audit/trail.h"

namespace sluice::audit {

inline constexpr std::size_t kMostGroups = 4096;
inline constexpr std::size_t kMostPeers = 1'000'000;
inline constexpr std::size_t kMostUpdates = 1000;

// Attempts: names that a rule covers.
struct Attempts {
  std::uint64_t blocked = 0;   // dropped or rejected
  std::uint64_t logged = 0;    // let through, and noted
  std::uint64_t on_trial = 0;  // what shadows would have done
  [[nodiscard]] std::uint64_t total() const noexcept { return blocked + logged + on_trial; }
};

struct ClientAttempts {
  Attempts attempts;
  std::string first, last;  // times
  std::map<std::string, std::uint64_t> apps;
};

struct UpdateNote {
  std::string time, result;
  std::uint64_t generation = 0;
  std::vector<std::string> lists;
};

struct Report {
  std::string first, last;  // times of records; empty: there are none
  std::uint64_t records = 0;
  std::uint64_t unreadable = 0;  // lines
  std::uint64_t lost = 0;        // records, as the trail itself says
  std::uint64_t starts = 0;
  Attempts attempts;
  std::map<std::string, Attempts> by_app;
  std::map<std::string, std::map<std::string, std::uint64_t>> by_day;  // day, app: blocked
  std::map<std::string, Attempts> by_protocol;
  std::map<std::string, Attempts> by_list_version;  // `list version`
  std::map<std::string, std::uint64_t> by_name;     // blocked and logged
  std::map<std::string, std::uint64_t> unjudged;    // packets, by reason
  std::map<std::string, ClientAttempts> by_client;
  std::uint64_t of_other_clients = 0, of_other_names = 0;  // beyond the bounds
  std::vector<UpdateNote> updates;
  std::uint64_t other_updates = 0;
  // Of lines that have a value of a chain.
  std::uint64_t chained = 0, not_chained = 0, broken = 0, begun = 0;
};

class ReportBuilder {
 public:
  // `key`: of the chain; empty: none.
  explicit ReportBuilder(std::string key = {}) : chain_(std::move(key)) {}
  // Days as they begin in UTC; only records of [from, to) count, both `YYYY-MM-DD` or empty. The
  // chain is looked at in all.
  void between(std::string from, std::string to);
  void take(const std::string& line);
  [[nodiscard]] const Report& report() const noexcept { return report_; }

 private:
  void count(const Line& line);
  void count_attempt(const Line& line);
  void look_at_chain(const std::string& line);

  ChainCheck chain_;
  std::string from_, to_;
  Report report_;
};

// So many of the largest, largest first.
[[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> largest(
    const std::map<std::string, std::uint64_t>& counts, std::size_t most);
[[nodiscard]] std::vector<std::pair<std::string, ClientAttempts>> largest_clients(
    const Report& report, std::size_t most);

// For a terminal, for machines, and a page of its own that prints well and loads nothing.
[[nodiscard]] std::string to_text(const Report& report, std::size_t most);
[[nodiscard]] std::string to_json(const Report& report, std::size_t most);
[[nodiscard]] std::string to_html(const Report& report, std::size_t most);
// 1234567: `1,234,567`
[[nodiscard]] std::string grouped(std::uint64_t value);
// Of all apps.
[[nodiscard]] std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& counts);
// One sentence about the chain.
[[nodiscard]] std::string chain_text(const Report& report);

}  // namespace sluice::audit
