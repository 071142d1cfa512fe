#include "gateway/app/reload_guard.h"

#include <algorithm>

namespace sluice::app {
namespace {

using telemetry::ListsStatus;
using telemetry::ListStatus;
using telemetry::ReloadRefusal;

// What a list holds, whether or not another list has it too.
std::uint64_t size_of(const ListStatus& list) {
  return list.entries + list.duplicates;
}

const ListStatus* find(const ListsStatus& status, const std::string& name) {
  const auto found = std::ranges::find(status.lists, name, &ListStatus::name);
  return found == status.lists.end() ? nullptr : &*found;
}

std::string percent(std::uint32_t share) {
  return std::to_string(share) + " %";
}

bool is_empty(const ListStatus& list) {
  return size_of(list) == 0 && !list.exceptions;
}

// Rounded up, so that a short list can lose an entry.
bool has_shrunk(const ListStatus& old, const ListStatus& next, std::uint32_t share) {
  const std::uint64_t may_lose = (size_of(old) * share + 99) / 100;
  return size_of(old) > size_of(next) + may_lose;
}

bool refuses_much(const ListStatus& list, std::uint32_t share) {
  return list.refused * 100 > (list.refused + size_of(list)) * share;
}

std::string said_of(const ListStatus& list) {
  return std::to_string(size_of(list)) + " entries, " + std::to_string(list.refused) +
         " refused lines";
}

// Whether some list of its app has entries. A file that holds none yet is no fault then.
bool app_has_entries(const ListsStatus& status, const std::string& app) {
  return std::ranges::any_of(status.lists, [&](const ListStatus& list) {
    return list.app == app && !list.exceptions && size_of(list) > 0;
  });
}

void judge(const ListStatus* old, const ListStatus& next, const config::ReloadGuard& guard,
           std::vector<ReloadRefusal>& refusals) {
  if (next.accepted) return;  // a roll back is meant
  if (is_empty(next) && (old == nullptr ? next.refused > 0 : !is_empty(*old))) {
    refusals.push_back(
        {next.name, "empty", "list " + next.name + " has no entry (" + said_of(next) + ")"});
  } else if (old != nullptr && has_shrunk(*old, next, guard.max_shrink)) {
    refusals.push_back({next.name, "shrunk",
                        "list " + next.name + " lost over " + percent(guard.max_shrink) + ": " +
                            std::to_string(size_of(next)) + " entries, " +
                            std::to_string(size_of(*old)) + " before (reload.max_shrink)"});
  } else if (refuses_much(next, guard.max_refused) &&
             // What is in force already was accepted.
             (old == nullptr || old->version != next.version || old->refused < next.refused)) {
    refusals.push_back({next.name, "refused_lines",
                        "list " + next.name + " has over " + percent(guard.max_refused) +
                            " refused lines: " + said_of(next) + " (reload.max_refused)"});
  }
}

}  // namespace

std::vector<ReloadRefusal> reload_refusals(const ListsStatus& old, const ListsStatus& next,
                                           const config::ReloadGuard& guard) {
  std::vector<ReloadRefusal> refusals;
  for (const ListStatus& list : next.lists) judge(find(old, list.name), list, guard, refusals);
  for (const ListStatus& list : old.lists) {
    if (!old.of_image || !next.of_image || next.accepted_image || size_of(list) == 0) continue;
    if (find(next, list.name) != nullptr) continue;
    refusals.push_back({list.name, "gone", "the image no longer has the list " + list.name});
  }
  if (old.bans_nothing.empty() && !next.bans_nothing.empty()) {
    refusals.push_back({"", "bans_nothing", "nothing would be banned: " + next.bans_nothing});
  }
  return refusals;
}

std::vector<std::string> lists_without_effect(const ListsStatus& status) {
  std::vector<std::string> lines;
  for (const ListStatus& list : status.lists) {
    if (!is_empty(list) || (list.refused == 0 && app_has_entries(status, list.app))) continue;
    lines.push_back("list " + list.name + " has no effect: it has no entry (" + said_of(list) +
                    ")");
  }
  return lines;
}

}  // namespace sluice::app
