#include "gateway/app/ban_builder.h"

#include <algorithm>
#include <utility>

namespace sluice::app {
namespace {

// Before the queue of changes costs more than reading the zone again.
constexpr std::size_t kMostQueued = 1000;

// Changes are told to rules by name, app and kind, which several rules share where lists are kept
// apart.
bool is_amendable(const config::LiveSettings& settings) {
  return !settings.zones.empty() && settings.image.empty() &&
         std::ranges::none_of(settings.lists, &lists::ListSpec::apart);
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
  auto ban = build_everything(settings_);
  if (!ban) return ban;
  static_cast<void>(built(true));
  return require_effect(std::move(*ban));
}

void BanBuilder::want_everything() {
  const std::lock_guard lock(mutex_);
  wanted_.settings = true;
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

Reloader::Outcome BanBuilder::build() {
  Wanted wanted;
  {
    const std::lock_guard lock(mutex_);
    std::swap(wanted, wanted_);
  }
  next_.reset();
  if (wanted.settings) {
    auto settings = read_();
    if (!settings) return fail(settings.error());
    return build_everything(std::move(*settings));
  }
  const bool only_fold = wanted.fold && wanted.changes.empty();
  if (!wanted.lists && amendments_ && only_fold) return fold();
  if (!wanted.lists && !wanted.changes.empty()) {
    if (auto amended = amend(wanted.changes)) return std::move(*amended);
  }
  return build_everything(settings_);
}

Reloader::Outcome BanBuilder::build_everything(config::LiveSettings settings) {
  auto compiled = compile_lists(settings, is_amendable(settings));
  if (!compiled) return fail(compiled.error());
  next_settings_ = std::move(settings);
  if (is_amendable(next_settings_)) next_.emplace(*compiled);
  return ban_of(std::move(*compiled), next_settings_);
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

Reloader::Outcome BanBuilder::fold() {
  auto compiled = amendments_->fold();
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
  if (amendments_ && amendments_->full()) wanted_.fold = true;
  return wanted_.fold || !wanted_.changes.empty();
}

}  // namespace sluice::app
