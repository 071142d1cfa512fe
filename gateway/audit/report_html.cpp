// The report as a page of its own: no script, no font, nothing from elsewhere. Charts are SVG; each
// has its figures in a table, for readers of screens and for printing.

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "gateway/audit/report.h"

namespace sluice::audit {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5b6b7b; --line: #d5dde5;
  --page: #fff; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9aa7b4; --line: #33404d; --page: #10171e; --bad: #ff8a80 }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem; margin-bottom: .2rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .3rem 0 }
.soft { color: var(--soft) }
.bad { color: var(--bad); font-weight: 600 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere }
th { font-weight: 600 }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0 }
.figures div { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem;
  min-width: 8rem }
.figures b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto }
svg text { fill: var(--soft); font-size: 11px }
@media print {
  body { margin: 0; max-width: none; font-size: 11px }
  h2 { break-after: avoid }
  tr, svg { break-inside: avoid }
}
)";
// Distinct for eyes that confuse red and green (Okabe and Ito).
constexpr std::array kColours = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                 "#56b4e9", "#d55e00", "#f0e442", "#888888"};

// Of anything that a trail may hold.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c >= ' ' && c <= '~' ? c : '?';
    }
  }
  return out;
}

// `2026-11-01T05:00:00.000000Z`: `2026-11-01 05:00:00`
std::string to_the_second(std::string time) {
  constexpr std::size_t kDay = 10, kLength = 19;
  if (time.size() < kLength) return time;
  time.resize(kLength);
  time[kDay] = ' ';
  return time;
}

class Table {
 public:
  Table(std::string& out, std::initializer_list<const char*> words,
        std::initializer_list<const char*> numbers)
      : out_(out) {
    out_ += "<table><thead><tr>";
    for (const char* word : words) out_ += std::string("<th scope=col>") + word + "</th>";
    for (const char* number : numbers)
      out_ += std::string("<th scope=col class=n>") + number + "</th>";
    out_ += "</tr></thead><tbody>\n";
  }
  ~Table() { out_ += "</tbody></table>\n"; }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void row(const std::vector<std::string>& words, const std::vector<std::uint64_t>& numbers) {
    out_ += "<tr>";
    for (const std::string& word : words) out_ += "<td>" + escaped(word) + "</td>";
    for (const std::uint64_t number : numbers) out_ += "<td class=n>" + grouped(number) + "</td>";
    out_ += "</tr>\n";
  }

 private:
  std::string& out_;
};

void add_attempts(std::string& out, const char* title, const char* what,
                  const std::map<std::string, Attempts>& groups) {
  if (groups.empty()) return;
  out += std::string("<h2>") + title + "</h2>\n";
  Table table(out, {what}, {"blocked", "logged", "on trial"});
  for (const auto& [name, attempts] : groups) {
    table.row({name}, {attempts.blocked, attempts.logged, attempts.on_trial});
  }
}

void add_counts(std::string& out, const char* title, const char* what,
                const std::vector<std::pair<std::string, std::uint64_t>>& counts) {
  if (counts.empty()) return;
  out += std::string("<h2>") + title + "</h2>\n";
  Table table(out, {what}, {"count"});
  for (const auto& [name, count] : counts) table.row({name}, {count});
}

// Bars of days, a colour an app; of more apps than colours the last one is of all the rest.
void add_days(std::string& out, const Report& report) {
  constexpr std::size_t kWidth = 960, kHeight = 200, kBottom = 20;
  std::map<std::string, std::uint64_t> totals;
  std::uint64_t most = 0;
  for (const auto& [day, apps] : report.by_day) {
    for (const auto& [app, count] : apps) totals[app] += count;
    most = std::max(most, sum_of(apps));
  }
  if (most == 0) return;
  const auto apps = largest(totals, kColours.size() - 1);
  const auto colour_of = [&](const std::string& app) {
    const auto found = std::ranges::find(apps, app, [](const auto& it) { return it.first; });
    return kColours[found == apps.end() ? kColours.size() - 1
                                        : static_cast<std::size_t>(found - apps.begin())];
  };
  out += "<h2>Blocked by day</h2>\n<p class=soft>";
  for (const auto& [app, count] : apps) {
    out += std::string("<span style=\"color:") + colour_of(app) + "\">&#9632;</span> " +
           escaped(app) + " &nbsp;";
  }
  out +=
      "</p>\n<svg role=img aria-label=\"blocked attempts by day; the figures are in the table "
      "below\" viewBox=\"0 0 " +
      std::to_string(kWidth) + ' ' + std::to_string(kHeight + kBottom) + "\">\n";
  const std::size_t days = report.by_day.size();
  const std::size_t step = std::max<std::size_t>(1, kWidth / std::max<std::size_t>(days, 7));
  const std::size_t label_every = std::max<std::size_t>(1, 70 / step + 1);
  std::size_t index = 0;
  for (const auto& [day, counts] : report.by_day) {
    const std::size_t x = index * step;
    std::size_t top = kHeight;
    for (const auto& [app, count] : counts) {
      const auto height = static_cast<std::size_t>(count * (kHeight - 10) / most);
      top -= std::min(top, height);
      out += "<rect x=" + std::to_string(x) + " y=" + std::to_string(top) +
             " width=" + std::to_string(std::max<std::size_t>(1, step - step / 5)) +
             " height=" + std::to_string(height) + " fill=\"" + colour_of(app) + "\"><title>" +
             escaped(day) + ' ' + escaped(app) + ": " + grouped(count) + "</title></rect>";
    }
    if (index % label_every == 0) {
      out += "<text x=" + std::to_string(x) + " y=" + std::to_string(kHeight + kBottom - 5) + '>' +
             escaped(day) + "</text>";
    }
    out += '\n';
    ++index;
  }
  out += "</svg>\n";
  Table table(out, {"day (UTC)", "apps"}, {"blocked"});
  for (const auto& [day, counts] : report.by_day) {
    std::string text;
    for (const auto& [app, count] : counts) {
      text += (text.empty() ? "" : ", ") + app + ' ' + grouped(count);
    }
    table.row({day, text}, {sum_of(counts)});
  }
}

void add_figure(std::string& out, std::uint64_t value, const char* what) {
  out += "<div><b>" + grouped(value) + "</b>" + what + "</div>";
}

void add_clients(std::string& out, const Report& report, std::size_t most) {
  const auto clients = largest_clients(report, most);
  if (clients.empty()) return;
  out += "<h2>Clients with most attempts</h2>\n";
  Table table(out, {"client", "apps", "first (UTC)", "last (UTC)"}, {"attempts"});
  for (const auto& [client, of] : clients) {
    std::string apps;
    for (const auto& [app, count] : of.apps) apps += (apps.empty() ? "" : ", ") + app;
    table.row({client, apps, to_the_second(of.first), to_the_second(of.last)},
              {of.attempts.total()});
  }
}

void add_updates(std::string& out, const Report& report) {
  if (report.updates.empty()) return;
  out += "<h2>Updates</h2>\n";
  Table table(out, {"time (UTC)", "result", "lists and versions"}, {"generation"});
  for (const UpdateNote& update : report.updates) {
    std::string lists;
    for (const std::string& list : update.lists) lists += (lists.empty() ? "" : ", ") + list;
    table.row({to_the_second(update.time), update.result, lists}, {update.generation});
  }
}

}  // namespace

std::string to_html(const Report& report, std::size_t most) {
  std::string out =
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
      "<meta name=viewport content=\"width=device-width\">"
      "<title>Sluice: report of the ban</title><style>";
  out += kStyle;
  out += "</style></head><body><main>\n<h1>Report of the ban</h1>\n<p class=soft>" +
         escaped(to_the_second(report.first)) + " to " + escaped(to_the_second(report.last)) +
         " (UTC), " + grouped(report.records) + " records</p>\n";
  out += std::string(report.broken > 0 ? "<p class=bad>" : "<p>") +
         "Audit trail: " + escaped(chain_text(report)) + ".";
  if (report.lost > 0)
    out += " It says itself that " + grouped(report.lost) + " records were lost.";
  if (report.unreadable > 0) out += ' ' + grouped(report.unreadable) + " lines are no records.";
  out += "</p>\n<div class=figures>";
  add_figure(out, report.attempts.blocked, "attempts blocked");
  add_figure(out, report.attempts.logged, "only logged");
  add_figure(out, report.attempts.on_trial, "on trial");
  add_figure(out, report.by_client.size(), "clients");
  add_figure(out, report.updates.size() + report.other_updates, "updates");
  out += "</div>\n";
  add_attempts(out, "By app", "app", report.by_app);
  add_days(out, report);
  add_attempts(out, "By protocol", "protocol", report.by_protocol);
  add_clients(out, report, most);
  add_counts(out, "Names", "name", largest(report.by_name, most));
  add_attempts(out, "By list and version", "list, version", report.by_list_version);
  add_counts(out, "Dropped because it could not be judged", "reason",
             largest(report.unjudged, most));
  add_updates(out, report);
  out += "</main></body></html>\n";
  return out;
}

}  // namespace sluice::audit
