#include "gateway/app/suggester.h"

#include <algorithm>
#include <system_error>
#include <tuple>

#include "filters/name/name.h"
#include "gateway/engine/alias_chain.h"
#include "gateway/suggest/suggestion_file.h"
#include "lists/compile/load.h"
#include "lists/compile/replace_file.h"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kForOwner = 0600;  // it tells what clients used

static_assert(suggest::kEvidence.size() == engine::kTieKinds, "one name for each kind of tie");
static_assert(suggest::kResolved == static_cast<std::size_t>(engine::TieKind::resolved),
              "both have one order");

std::chrono::sys_seconds seconds_of(Nanos time) {
  return std::chrono::sys_seconds(std::chrono::floor<std::chrono::seconds>(time));
}

std::map<engine::AppTag, std::string> apps_of(const match::DomainSet& domains) {
  std::map<engine::AppTag, std::string> apps;
  for (std::size_t i = 0; i < domains.app_count(); ++i) {
    const std::string_view name = domains.app_name(match::AppId{static_cast<std::uint8_t>(i)});
    apps.emplace(engine::tag_of(name), name);
  }
  return apps;
}

auto rank(const suggest::Candidate& candidate) {
  return std::tuple(candidate.clients, candidate.count(), candidate.last);
}

// Error: it is there, and cannot be read. A damaged one is set aside.
Result<std::vector<suggest::Candidate>, std::string> restore(const fs::path& file,
                                                             std::vector<std::string>& notes) {
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  const auto loaded = lists::load_file(file, suggest::kMostFileBytes);
  if (!loaded) return fail(file.string() + ": " + loaded.error());
  auto parsed = suggest::parse_suggestions(loaded->text);
  if (parsed) return std::move(parsed->candidates);
  const std::string aside = file.string() + ".damaged";
  fs::rename(file, aside, error);
  if (error) return fail(file.string() + ": damaged, and stays: " + error.message());
  notes.push_back(file.string() + ": " + parsed.error() + "; set aside as " + aside +
                  ", suggestions begin anew");
  return {};
}

}  // namespace

Result<Suggester, std::string> Suggester::open(fs::path file, std::size_t most,
                                               std::vector<std::string>& notes) {
  auto known = restore(file, notes);
  if (!known) return fail(known.error());
  Suggester suggester(std::move(file), most);
  for (suggest::Candidate& candidate : *known) {
    Key key(candidate.name, candidate.app);
    suggester.found_.emplace(std::move(key), Found{std::move(candidate), {}});
  }
  if (auto written = suggester.write(); !written) return fail(written.error());
  return suggester;
}

void Suggester::watch(const engine::TieTable& table) {
  watched_.push_back({&table, std::vector<Seen>(table.places())});
}

void Suggester::gather(const engine::Snapshot& snapshot) {
  const auto apps = apps_of(snapshot.domains);
  for (Watched& watched : watched_) {
    for (std::size_t i = 0; i < watched.places.size(); ++i) {
      const auto kept = watched.table->read(i);
      if (!kept) continue;
      const auto app = apps.find(kept->app);
      if (app != apps.end()) add(app->second, *kept, watched.places[i]);
    }
  }
  drop_what_is_listed(snapshot, apps);
  keep_the_best();
}

void Suggester::add(const std::string& app, const engine::TieTable::Kept& kept, Seen& seen) {
  if (seen.life != kept.life) seen = {.life = kept.life};
  if (seen.counts == kept.counts && seen.shared == kept.shared) return;
  std::array<char, name::kMaxTextBytes> text;
  const std::string name(name::to_text(kept.name, text));
  const auto [entry, is_new] = found_.try_emplace(Key(name, app));
  auto& [candidate, clients] = entry->second;
  const std::chrono::sys_seconds first = seconds_of(kept.first), last = seconds_of(kept.last);
  if (is_new) candidate = {.name = name, .app = app, .first = first, .last = last};
  for (std::size_t i = 0; i < engine::kTieKinds; ++i) {
    candidate.evidence[i] += kept.counts[i] - std::min(seen.counts[i], kept.counts[i]);
  }
  candidate.shared += kept.shared - std::min(seen.shared, kept.shared);
  candidate.first = std::min(candidate.first, first);
  candidate.last = std::max(candidate.last, last);
  clients.add(kept.clients);
  candidate.clients = std::max(candidate.clients, clients.estimate());
  seen.counts = kept.counts;
  seen.shared = kept.shared;
  is_news_ = true;
}

void Suggester::drop_what_is_listed(const engine::Snapshot& snapshot,
                                    const std::map<engine::AppTag, std::string>& apps) {
  const std::size_t gone = std::erase_if(found_, [&](const auto& entry) {
    const suggest::Candidate& candidate = entry.second.candidate;
    const auto name = name::Name::from_text(candidate.name);
    return !name || !engine::is_unlisted_host(snapshot, *name) ||
           !apps.contains(engine::tag_of(candidate.app));
  });
  is_news_ = is_news_ || gone > 0;
}

void Suggester::keep_the_best() {
  if (found_.size() <= most_) return;
  std::vector<std::map<Key, Found>::iterator> all;
  for (auto it = found_.begin(); it != found_.end(); ++it) all.push_back(it);
  const auto excess = static_cast<std::ptrdiff_t>(found_.size() - most_);
  std::ranges::nth_element(all, all.begin() + excess, [](const auto& a, const auto& b) {
    return rank(a->second.candidate) < rank(b->second.candidate);
  });
  for (auto it = all.begin(); it != all.begin() + excess; ++it) found_.erase(*it);
}

std::vector<suggest::Candidate> Suggester::candidates() const {
  std::vector<suggest::Candidate> all;
  all.reserve(found_.size());
  for (const auto& [key, found] : found_) all.push_back(found.candidate);
  return all;
}

Result<void, std::string> Suggester::write() {
  if (!is_news_) return {};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string text = suggest::suggestions_text({now, candidates()});
  const std::array parts = {as_bytes(text)};
  if (auto written = lists::replace_file(file_, parts, kForOwner); !written) {
    return fail(file_.string() + ": " + written.error());
  }
  is_news_ = false;
  return {};
}

}  // namespace sluice::app
