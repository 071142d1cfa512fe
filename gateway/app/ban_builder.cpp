#include "gateway/app/ban_builder.h"

#include <algorithm>
#include <utility>

#include "lists/versions/version_source.h"
#include "lists/versions/version_store.h"

namespace sluice::app {
namespace {

// Before the queue of changes costs more than reading the zone again.
constexpr std::size_t kMostQueued = 1000;

// Else nobody amends it.
bool is_amendable(const config::LiveSettings& settings) {
  return !settings.zones.empty();
}

bool is_image(const config::SourceList& list) {
  return list.purpose.kind == lists::MemberKind::image;
}

// The lists of a source read its candidate.
void try_version(const std::string& source, const std::filesystem::path& file,
                 config::LiveSettings& settings) {
  for (const config::SourceList& bound : settings.source_lists) {
    if (bound.source != source) continue;
    if (is_image(bound)) settings.image = lists::trial_image(bound, file);
    const auto list = std::ranges::find(settings.lists, bound.list, &lists::ListSpec::name);
    if (list == settings.lists.end()) continue;
    list->source = lists::trial_source(bound, file);
  }
}

// What the guard let through before, it need not look at again: a roll back is meant.
void mark_accepted(Ban& ban, const config::LiveSettings& settings) {
  for (const config::SourceList& bound : settings.source_lists) {
    if (ban.trials.contains(bound.source)) continue;
    const auto version = lists::VersionStore(bound.folder, 1).in_force();
    if (!version) continue;
    if (is_image(bound) && lists::VersionStore::find(*version, bound.list)) {
      ban.status.accepted_image = true;
      for (telemetry::ListStatus& list : ban.status.lists) list.accepted = true;
      continue;
    }
    auto& lists = ban.status.lists;
    const auto list = std::ranges::find(lists, bound.list, &telemetry::ListStatus::name);
    if (list != lists.end()) list->accepted = list->version == version->head.label;
  }
}

std::uint64_t refused_lines(const std::vector<lists::LoadedList>& lists) {
  std::uint64_t count = 0;
  for (const lists::LoadedList& list : lists) count += list.error_count;
  return count;
}

}  // namespace

BanBuilder::BanBuilder(config::LiveSettings settings, ReadSettings read)
    : read_(std::move(read)), settings_(std::move(settings)) {}

Result<Ban, std::string> BanBuilder::build_first() {
  trials_ = std::exchange(waiting_, {});
  auto ban = build_everything(settings_);
  if (ban) ban = require_effect(std::move(*ban));
  if (!ban && !trials_.empty()) {  // without what came; a file may stand for it
    trials_.clear();
    auto without = build_everything(settings_);
    if (without) without = require_effect(std::move(*without));
    if (without) {
      without->warnings.push_back("new versions were refused: " + ban.error());
      ban = std::move(without);
    }
  }
  if (ban) static_cast<void>(built(true));
  return ban;
}

void BanBuilder::want_everything(bool accepted) {
  const std::lock_guard lock(mutex_);
  wanted_.settings = true;
  wanted_.accepted |= accepted;
}
void BanBuilder::want_trial(const std::string& source, std::filesystem::path candidate) {
  const std::lock_guard lock(mutex_);
  refused_.erase(source);
  waiting_.insert_or_assign(source, std::move(candidate));
}
void BanBuilder::want_lists() {
  const std::lock_guard lock(mutex_);
  wanted_.lists = true;
}
void BanBuilder::want(lists::ListChanges changes) {
  const std::lock_guard lock(mutex_);
  wanted_.changes.push_back(std::move(changes));
  if (wanted_.changes.size() <= kMostQueued) return;
  wanted_.changes.clear();
  wanted_.lists = true;
}

BanBuilder::Wanted BanBuilder::take_wanted() {
  const std::lock_guard lock(mutex_);
  trials_.clear();
  if (wanted_.accepted) {
    trials_ = std::exchange(refused_, {});
    for (auto& [source, file] : std::exchange(waiting_, {})) {
      trials_.insert_or_assign(source, std::move(file));
    }
  } else if (!waiting_.empty() && !wanted_.settings && !wanted_.lists && !wanted_.fold &&
             wanted_.changes.empty()) {
    trials_.insert(waiting_.extract(waiting_.begin()));
  }
  if (!trials_.empty()) wanted_.lists = true;
  return std::exchange(wanted_, {});
}

Reloader::Outcome BanBuilder::build() {
  const Wanted wanted = take_wanted();
  next_.reset();
  if (wanted.settings) {
    auto settings = read_();
    if (!settings) return fail(settings.error());
    return build_everything(std::move(*settings));
  }
  const bool only_fold = wanted.fold && wanted.changes.empty();
  if (!wanted.lists && amendments_ && only_fold) return fold(*amendments_);
  if (!wanted.lists && !wanted.changes.empty()) {
    if (auto amended = amend(wanted.changes)) return std::move(*amended);
  }
  return build_everything(settings_);
}

Reloader::Outcome BanBuilder::build_everything(config::LiveSettings settings) {
  config::LiveSettings tried = settings;
  for (const auto& [source, file] : trials_) try_version(source, file, tried);
  auto compiled = compile_lists(tried, is_amendable(settings));
  if (!compiled) return fail(compiled.error());
  next_settings_ = std::move(settings);
  if (is_amendable(next_settings_)) next_.emplace(*compiled);
  auto ban = ban_of(std::move(*compiled), next_settings_);
  if (!ban) return ban;
  ban->trials = trials_;
  mark_accepted(*ban, next_settings_);
  warn_of_unnamed(*ban);
  return ban;
}

// A bundle may hold what this gateway does not use; or somebody misspelt a name.
void BanBuilder::warn_of_unnamed(Ban& ban) {
  for (const config::SourceSpec& spec : next_settings_.sources) {
    const lists::VersionStore store(spec.state, spec.keep);
    const auto trial = trials_.find(spec.name);
    std::optional<lists::Version> version;
    if (trial == trials_.end()) {
      version = store.in_force();
    } else if (auto opened = store.open(trial->second)) {
      version = std::move(*opened);
    }
    if (!version) continue;
    std::string names;
    for (const lists::ListPart& part : version->head.lists) {
      if (!part.purpose) continue;  // not of a bundle
      const bool is_named =
          std::ranges::any_of(next_settings_.source_lists, [&](const config::SourceList& bound) {
            return bound.source == spec.name && bound.list == part.name;
          });
      if (is_named || !told_unnamed_.insert(spec.name + '/' + part.name).second) continue;
      names += (names.empty() ? "" : ", ") + part.name;
    }
    if (names.empty()) continue;
    ban.warnings.push_back("source " + spec.name + ": no [[list]] takes this from its bundle " +
                           version->head.label + ": " + names);
  }
}

std::optional<Reloader::Outcome> BanBuilder::amend(const std::vector<lists::ListChanges>& changes) {
  if (!amendments_) return std::nullopt;
  lists::Amendments next = *amendments_;
  const std::uint64_t refused = refused_lines(next.lists());
  std::optional<lists::Compiled> compiled;
  std::string what;
  for (const lists::ListChanges& it : changes) {
    const auto list = std::ranges::find(
        next.lists(), it.list, [](const lists::LoadedList& loaded) { return loaded.spec.name; });
    // A compilation since then has read it from the disk already.
    if (list != next.lists().end() && list->version == it.version) continue;
    auto amended = next.amend(it);
    if (!amended) return std::nullopt;
    compiled = std::move(*amended);
    what += (what.empty() ? "" : "; ") + it.list + ": " + it.from + " to " + it.version;
  }
  if (!compiled) return Reloader::Outcome(fail(std::string(kNothingNew)));
  next_ = std::move(next);
  next_settings_ = settings_;
  const bool more_refused = refused_lines(next_->lists()) > refused;
  auto ban = ban_of(std::move(*compiled), settings_);
  if (!ban) return ban;
  ban->amended = std::move(what);
  ban->warnings.clear();  // they were said when all was compiled
  if (!more_refused) ban->refused.clear();
  return ban;
}

Reloader::Outcome BanBuilder::fold(const lists::Amendments& amendments) {
  auto compiled = amendments.fold();
  if (!compiled) return fail(compiled.error().to_string());
  next_.emplace(*compiled);
  next_settings_ = settings_;
  auto ban = ban_of(std::move(*compiled), settings_);
  if (!ban) return ban;
  ban->amended = "the overlay was folded into the image";
  ban->warnings.clear();
  ban->refused.clear();
  return ban;
}

bool BanBuilder::built(bool published) {
  const bool had_next = next_.has_value();
  if (published) {
    amendments_ = std::exchange(next_, std::nullopt);
    settings_ = next_settings_;
  } else if (had_next) {
    next_.reset();
    amendments_.reset();  // what it lacks is on disk
  }
  const std::lock_guard lock(mutex_);
  if (!published) {
    for (const auto& [source, file] : trials_) refused_.try_emplace(source, file);
  }
  if (amendments_ && amendments_->full()) wanted_.fold = true;
  return wanted_.fold || !wanted_.changes.empty() || !waiting_.empty();
}

}  // namespace sluice::app
