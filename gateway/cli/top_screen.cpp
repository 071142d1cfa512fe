#include "gateway/cli/top_screen.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "gateway/cli/reply_text.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using Lines = std::vector<ScreenLine>;

constexpr std::size_t kMostRows = 8;  // of a section

// One column a byte, whatever a list or a policy is called.
std::string ascii(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

// `12,345`, `3.2`, `0`
std::string rate_text(double rate) {
  if (rate >= 100) return grouped(static_cast<std::uint64_t>(std::llround(rate)));
  char text[32];
  std::snprintf(text, sizeof text, rate == 0 ? "%.0f" : "%.1f", rate);
  return text;
}

// `240.1 Mbit/s`
std::string bit_rate(double bytes) {
  double bits = bytes * 8;
  std::size_t unit = 0;
  constexpr const char* kUnits[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  for (; bits >= 1000 && unit + 1 < std::size(kUnits); ++unit) bits /= 1000;
  return rate_text(bits) + ' ' + kUnits[unit];
}

struct Counted {
  std::vector<std::string> key;
  std::uint64_t total = 0;
  double rate = 0;
};

class Screen {
 public:
  explicit Screen(const TopReplies& replies) : it_(replies) {}

  [[nodiscard]] Lines head() const;
  [[nodiscard]] Lines workers() const;
  [[nodiscard]] Lines decisions() const;
  [[nodiscard]] Lines policies() const;
  [[nodiscard]] Lines names() const;
  [[nodiscard]] Lines clients() const;
  [[nodiscard]] Lines lists() const;

 private:
  // A counter that went back is that of another process.
  [[nodiscard]] double rate(std::uint64_t before, std::uint64_t now) const {
    if (it_.before.is_null() || now < before || it_.seconds <= 0) return 0;
    return static_cast<double>(now - before) / it_.seconds;
  }
  [[nodiscard]] double total_rate(const char* key) const {
    return rate(number_in(part_of(it_.before, "totals"), key),
                number_in(part_of(it_.now, "totals"), key));
  }
  [[nodiscard]] double blocked_rate() const;
  [[nodiscard]] std::vector<Counted> counts(const char* list,
                                            std::initializer_list<const char*> keys) const;
  [[nodiscard]] Lines counts_section(const char* list, std::initializer_list<const char*> keys,
                                     std::vector<std::string> heading) const;

  const TopReplies& it_;
};

Lines section(const Table& table) {
  Lines lines;
  for (std::string& line : table.lines()) lines.push_back({std::move(line)});
  if (!lines.empty()) lines.front().style = ScreenStyle::heading;
  return lines;
}

double Screen::blocked_rate() const {
  const auto dropped = [](const Json& status) {
    const Json& verdicts = part_of(status, "verdicts");
    return number_in(verdicts, "drop") + number_in(verdicts, "drop_flow");
  };
  return rate(dropped(it_.before), dropped(it_.now));
}

Lines Screen::head() const {
  const Json& dataplane = part_of(it_.now, "dataplane");
  const std::string health = text_in(it_.now, "health");
  Lines lines = {
      {"sluice " + text_in(it_.now, "version") + "   " + text_in(dataplane, "type") + ' ' +
           text_in(dataplane, "inside") + " (inside) " + text_in(dataplane, "outside") +
           " (outside)   up " + duration(number_in(it_.now, "uptime_seconds")) + "   generation " +
           grouped(number_in(it_.now, "generation")),
       ScreenStyle::heading},
      {health, health == "healthy" ? ScreenStyle::good : ScreenStyle::bad}};
  for (const Json& reason : part_of(it_.now, "reasons")) {
    lines.push_back({"  " + text_in(reason, "text"), ScreenStyle::bad});
  }
  const double lost = total_rate("dataplane_lost");
  lines.push_back({"packets " + rate_text(total_rate("packets")) + "/s   " +
                   bit_rate(total_rate("bytes")) + "   names " + rate_text(total_rate("findings")) +
                   "/s   dropped " + rate_text(blocked_rate()) + "/s   kernel " +
                   rate_text(total_rate("kernel_passed")) + "/s"});
  lines.push_back({"lost " + rate_text(lost) + "/s   flows " +
                       grouped(number_in(part_of(it_.now, "totals"), "flows")) + " of " +
                       grouped(number_in(part_of(it_.now, "totals"), "flows_capacity")) +
                       "   rules " + grouped(number_in(it_.now, "rules")),
                   lost > 0 ? ScreenStyle::bad : ScreenStyle::plain});
  return lines;
}

Lines Screen::workers() const {
  const Json& now = part_of(it_.now, "workers");
  const Json& before = part_of(it_.before, "workers");
  Table table;
  table.add({"WORKER", "PACKETS/S", "RATE", "BUSY", "LOST/S"});
  for (std::size_t i = 0; i < now.size() && now.is_array(); ++i) {
    static const Json none;
    const Json& then = before.is_array() && i < before.size() ? before[i] : none;
    const auto rise = [&](const char* key) {
      return rate(number_in(then, key), number_in(now[i], key));
    };
    const double packets = rise("packets");
    const double sampled = rise("sampled");
    // What is timed is a sample of the packets.
    const double busy = sampled > 0 ? packets * (rise("sampled_nanos") / sampled) / 1e7 : 0;
    table.add({std::to_string(i), rate_text(packets), bit_rate(rise("bytes")),
               rate_text(std::min(busy, 100.0)) + " %", rate_text(rise("lost"))});
  }
  return section(table);
}

std::vector<Counted> Screen::counts(const char* list,
                                    std::initializer_list<const char*> keys) const {
  const auto key_of = [&](const Json& row) {
    std::vector<std::string> key;
    for (const char* name : keys) key.push_back(text_in(row, name));
    return key;
  };
  std::map<std::vector<std::string>, std::uint64_t> earlier;
  for (const Json& row : part_of(it_.before, list)) earlier[key_of(row)] = number_in(row, "count");
  std::vector<Counted> counts;
  for (const Json& row : part_of(it_.now, list)) {
    Counted one{key_of(row), number_in(row, "count")};
    const auto found = earlier.find(one.key);
    one.rate = rate(found == earlier.end() ? 0 : found->second, one.total);
    counts.push_back(std::move(one));
  }
  std::ranges::stable_sort(counts, [](const Counted& a, const Counted& b) {
    return a.rate != b.rate ? a.rate > b.rate : a.total > b.total;
  });
  if (counts.size() > kMostRows) counts.resize(kMostRows);
  return counts;
}

Lines Screen::counts_section(const char* list, std::initializer_list<const char*> keys,
                             std::vector<std::string> heading) const {
  Table table;
  table.add(std::move(heading));
  for (const Counted& it : counts(list, keys)) {
    std::vector<std::string> row = it.key;
    row.push_back(rate_text(it.rate));
    row.push_back(grouped(it.total));
    table.add(std::move(row));
  }
  return section(table);
}

Lines Screen::decisions() const {
  return counts_section("decisions", {"app", "protocol", "action"},
                        {"APP", "PROTOCOL", "ACTION", "/S", "TOTAL"});
}

Lines Screen::policies() const {
  return counts_section("policies", {"policy", "action"}, {"POLICY", "ACTION", "/S", "TOTAL"});
}

Lines Screen::names() const {
  std::map<std::pair<std::string, std::string>, std::uint64_t> counts;
  for (const Json& flow : part_of(it_.flows, "flows")) {
    const std::string name = text_in(flow, "name");
    if (!name.empty()) ++counts[{name, text_in(flow, "app")}];
  }
  std::vector<std::pair<std::pair<std::string, std::string>, std::uint64_t>> rows(counts.begin(),
                                                                                  counts.end());
  std::ranges::stable_sort(rows, std::ranges::greater(),
                           [](const auto& row) { return row.second; });
  Table table;
  table.add({"NAME BLOCKED OF LATE", "APP", "TIMES"});
  for (std::size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
    table.add({rows[i].first.first, rows[i].first.second, grouped(rows[i].second)});
  }
  return section(table);
}

Lines Screen::clients() const {
  Table table;
  table.add({"CLIENT OF LATE", "APP", "TIMES", "LAST"});
  std::size_t count = 0;
  for (const Json& row : part_of(it_.clients, "clients")) {
    if (count++ == kMostRows) break;
    table.add({text_in(row, "client"), text_in(row, "app"), grouped(number_in(row, "count")),
               text_in(row, "last_seen")});
  }
  return section(table);
}

Lines Screen::lists() const {
  Table table;
  table.add({"LIST", "APP", "ENTRIES", "VERSION", "AGE"});
  for (const Json& list : part_of(it_.now, "lists")) {
    table.add({text_in(list, "list"), text_in(list, "app"), grouped(number_in(list, "entries")),
               text_in(list, "version"), age_in(list, "age_seconds", "")});
  }
  for (const Json& source : part_of(it_.now, "sources")) {
    table.add({text_in(source, "source"), flag_in(source, "rolled_back") ? "rolled back" : "source",
               "", text_in(source, "version"), age_in(source, "seen_seconds", "")});
  }
  return section(table);
}

}  // namespace

std::vector<ScreenLine> top_screen(const TopReplies& replies, std::size_t width,
                                   std::size_t height) {
  const Screen screen(replies);
  Lines lines = screen.head();
  for (const Lines& part : {screen.workers(), screen.decisions(), screen.names(), screen.clients(),
                            screen.policies(), screen.lists()}) {
    lines.push_back({});
    lines.insert(lines.end(), part.begin(), part.end());
  }
  if (lines.size() > height) lines.resize(height);
  for (ScreenLine& line : lines) {
    line.text = ascii(std::move(line.text));
    if (line.text.size() > width) line.text.resize(width);
  }
  return lines;
}

}  // namespace sluice::cli
