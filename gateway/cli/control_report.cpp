#include "gateway/cli/control_report.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "gateway/cli/reply_text.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using control::Command;

std::string traffic_row(const Json& counts) {
  std::string row = counted(number_in(counts, "packets"), "packet") + ", " +
                    counted(number_in(counts, "bytes"), "byte") + ", " +
                    counted(number_in(counts, "findings"), "name");
  const std::uint64_t lost = number_in(counts, "dataplane_lost");
  return lost == 0 ? row : row + ", " + grouped(lost) + " lost";
}

std::string last_reload(const Json& reply) {
  const Json& last = part_of(reply, "last_reload");
  if (!last.is_object()) return {};
  std::string result = text_in(last, "result");
  if (result == "in_force") result = "in force";
  return "; last reload " + text_in(last, "at") + ": " + result;
}

void add_lists(const Json& reply, Table& table) {
  for (const Json& list : part_of(reply, "lists")) {
    const std::uint64_t refused = number_in(list, "refused_lines");
    table.add({"list", text_in(list, "list"),
               text_in(list, "app") + (flag_in(list, "exceptions") ? " (exceptions)" : ""),
               grouped(number_in(list, "entries")) + " entries" +
                   (refused == 0 ? "" : ", " + grouped(refused) + " lines refused"),
               "version " + text_in(list, "version"), age_in(list, "age_seconds", " old")});
  }
  for (const Json& zone : part_of(reply, "zones")) {
    table.add({"zone", text_in(zone, "list"), "", grouped(number_in(zone, "records")) + " records",
               "serial " + std::to_string(number_in(zone, "serial")),
               age_in(zone, "seen_seconds", " since a primary was heard")});
  }
  for (const Json& source : part_of(reply, "sources")) {
    table.add({"source", text_in(source, "source"), "",
               flag_in(source, "rolled_back") ? "rolled back" : "",
               "version " + text_in(source, "version"),
               age_in(source, "seen_seconds", " since it was reached")});
  }
  for (const Json& timed : part_of(reply, "timed")) {
    table.add({text_in(timed, "kind"), text_in(timed, "name"), "",
               flag_in(timed, "in_force") ? "in force" : "not in force"});
  }
}

std::string status_text(const Json& reply) {
  std::string text = text_in(reply, "health") + '\n';
  for (const Json& reason : part_of(reply, "reasons")) {
    text += "  " + text_in(reason, "text") + " (" + text_in(reason, "code") + ")\n";
  }
  const Json& dataplane = part_of(reply, "dataplane");
  Table facts;
  facts.add({"gateway", "sluice " + text_in(reply, "version") + ", process " +
                            std::to_string(number_in(reply, "process")) + ", up " +
                            duration(number_in(reply, "uptime_seconds"))});
  facts.add({"bridge", text_in(dataplane, "type") + ", " + text_in(dataplane, "inside") +
                           " (inside), " + text_in(dataplane, "outside") + " (outside), " +
                           counted(number_in(dataplane, "workers"), "worker")});
  facts.add({"ban", counted(number_in(reply, "rules"), "rule") + ", generation " +
                        grouped(number_in(reply, "generation")) +
                        (flag_in(reply, "reloading") ? ", reloading" : "") + last_reload(reply)});
  if (const std::string next = text_in(reply, "next_change"); !next.empty()) {
    facts.add({"clock", "the next change of policies or lists is at " + next});
  }
  facts.add({"minute", traffic_row(part_of(reply, "minute"))});
  facts.add({"total", traffic_row(part_of(reply, "totals"))});
  for (const Json& it : part_of(reply, "decisions")) {
    facts.add({text_in(it, "action"), text_in(it, "app") + " by " + text_in(it, "protocol") + ": " +
                                          grouped(number_in(it, "count"))});
  }
  Table lists;
  add_lists(reply, lists);
  return text + facts.text() + lists.text();
}

std::string explain_text(const Json& reply) {
  const Json& it = part_of(reply, "explanation");
  std::string text = text_in(it, "verdict") + ' ' + text_in(it, "name") + '\n';
  Table facts;
  if (const std::string asked = text_in(it, "asked"); !asked.empty()) {
    facts.add({"  asked", asked});
  }
  for (const char* key : {"rule", "exception"}) {
    if (const std::string entry = text_in(it, key); !entry.empty()) {
      facts.add({"  " + std::string(key), entry});
      facts.add({"  list", text_in(it, "list") + ", line " + std::to_string(number_in(it, "line")) +
                               ", version " + text_in(it, "list_version")});
    }
  }
  for (const char* key : {"app", "policy"}) {
    if (const std::string value = text_in(it, key); !value.empty()) {
      facts.add({"  " + std::string(key), value});
    }
  }
  if (text_in(it, "policy").empty()) facts.add({"  policy", "none holds this client"});
  for (const Json& would : part_of(it, "shadows")) {
    facts.add({"  on trial", text_in(would, "would") + " by " + text_in(would, "rule") +
                                 " of list " + text_in(would, "list") + ", policy " +
                                 text_in(would, "policy")});
  }
  const Json& seen = part_of(reply, "seen");
  if (const std::uint64_t count = number_in(seen, "count"); count > 0) {
    facts.add({"  seen", counted(count, "time") + " of late, by " +
                             counted(number_in(seen, "clients"), "client") + ", last " +
                             text_in(seen, "last_seen")});
  }
  for (const Json& note : part_of(reply, "notes")) {
    if (note.is_string()) facts.add({"  note", printable(note.get<std::string>())});
  }
  return text + facts.text();
}

std::string flows_text(const Json& reply) {
  Table table;
  for (const Json& flow : part_of(reply, "flows")) {
    const std::string reason = text_in(flow, "reason");
    table.add({text_in(flow, "time"), text_in(flow, "action"), text_in(flow, "client"),
               text_in(flow, "server"),
               reason.empty() ? text_in(flow, "protocol") : text_in(flow, "transport"),
               reason.empty() ? text_in(flow, "app") : "cannot be judged:",
               reason.empty() ? text_in(flow, "name") : reason});
  }
  const std::string text = table.text();
  return text.empty() ? "nothing was blocked or logged yet\n" : text;
}

std::string clients_text(const Json& reply) {
  Table table;
  std::uint64_t shown = 0;
  for (const Json& row : part_of(reply, "clients")) {
    ++shown;
    table.add({text_in(row, "client"), text_in(row, "app"), text_in(row, "action"),
               counted(number_in(row, "count"), "time"), "first " + text_in(row, "first_seen"),
               "last " + text_in(row, "last_seen"), text_in(row, "name")});
  }
  std::string text = shown == 0 ? "no client tried a banned app yet\n" : table.text();
  const std::uint64_t all = number_in(reply, "all");
  if (all > shown) text += "… and " + grouped(all - shown) + " more (--limit)\n";
  const std::uint64_t forgotten = number_in(reply, "forgotten");
  if (forgotten > 0) text += counted(forgotten, "earlier row") + " gave way to these\n";
  return text;
}

std::string reload_text(const Json& reply) {
  std::string text;
  if (const std::string done = text_in(reply, "rolled_back"); !done.empty()) text = done + '\n';
  const bool is_new = text_in(reply, "result") == "in_force";
  return text + (is_new ? "in force: generation " : "nothing new: generation ") +
         grouped(number_in(reply, "generation")) + ", " +
         counted(number_in(reply, "rules"), "rule") + '\n';
}

}  // namespace

std::string report_of(Command command, const Json& reply) {
  switch (command) {
    case Command::status:
      return status_text(reply);
    case Command::explain:
      return explain_text(reply);
    case Command::flows:
      return flows_text(reply);
    case Command::clients:
      return clients_text(reply);
    case Command::reload:
    case Command::rollback:
      return reload_text(reply);
    case Command::log_level:
      return text_in(reply, "level") + '\n';
    case Command::capture:  // writes a file
      return {};
  }
  return {};
}

}  // namespace sluice::cli
