#include "gateway/app/sources.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "lists/bundle/keys.h"
#include "lists/folder/folder_feed.h"
#include "lists/https/https_feed.h"
#include "lists/transfer/zone_feed.h"
#include "lists/versions/version_store.h"

namespace sluice::app {
namespace {

using Time = std::chrono::system_clock::time_point;

lists::ZoneSettings zone_settings(const config::ZoneSpec& spec) {
  lists::ZoneSettings settings{.zone = spec.zone,
                               .primaries = spec.primaries,
                               .key = {},
                               .notify = spec.notify,
                               .file = spec.file,
                               .limits = {}};
  settings.limits.bytes = std::uint64_t{spec.max_mib} << 20;
  settings.limits.total = spec.timeout;
  return settings;
}

std::unique_ptr<lists::Feed> feed_of(const config::SourceSpec& spec) {
  const std::uint64_t most = std::uint64_t{spec.max_mib} << 20;
  if (!spec.folder.empty()) {
    return std::make_unique<lists::FolderFeed>(
        lists::FolderSettings{.folder = spec.folder,
                              .bundles = !spec.trusted_keys.empty(),
                              .most_bytes = most,
                              .interval = spec.interval});
  }
  return std::make_unique<lists::HttpsFeed>(
      lists::HttpsSettings{.url = spec.url,
                           .ca_file = spec.ca_file,
                           .proxy = spec.proxy,
                           .insecure_http = spec.insecure_http,
                           .most_bytes = most,
                           .total = spec.timeout,
                           .interval = spec.interval});
}

Result<std::vector<lists::PublicKey>, std::string> read_keys(const config::SourceSpec& spec) {
  std::vector<lists::PublicKey> keys;
  for (const std::filesystem::path& file : spec.trusted_keys) {
    auto read = lists::PublicKey::read(file);
    if (!read) return fail(file.string() + ": " + read.error());
    for (lists::PublicKey& key : *read) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

// What a source keeps on disk, unless it is a zone.
struct Stored {
  lists::VersionStore store;
  lists::StoreLock lock;
  lists::Intake intake;
  lists::Known known = {};            // the thread's
  std::mutex mutex = {};              // for whoever writes to the store
  std::atomic<Time> seen = Time{};    // it had what is in force, or pinned aside
  std::atomic<bool> refused = false;  // what it has now
  std::atomic<std::uint64_t> accepted = 0;
};

struct Sources::Place {
  std::string name;
  std::unique_ptr<lists::Feed> feed;
  lists::ZoneFeed* zone = nullptr;  // the feed, if it is one
  std::unique_ptr<Stored> stored;   // null: a zone
  std::vector<std::string> damage;  // of what is on disk
  lists::Bell bell;
  std::array<std::atomic<std::uint64_t>, lists::kRefusalReasons> refusals{};
  std::thread thread;

  void count(lists::RefusalReason reason) {
    refusals[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counts() const {
    std::vector<std::pair<std::string, std::uint64_t>> counts;
    for (std::size_t i = 0; i < refusals.size(); ++i) {
      const std::uint64_t count = refusals[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      counts.emplace_back(to_string(static_cast<lists::RefusalReason>(i)), count);
    }
    return counts;
  }
  [[nodiscard]] bool has_something() const {
    return zone != nullptr ? zone->has_zone() : stored->store.in_force().has_value();
  }

  [[nodiscard]] static Result<std::unique_ptr<Place>, std::string> of(const config::ZoneSpec& spec);
  [[nodiscard]] static Result<std::unique_ptr<Place>, std::string> of(
      const config::SourceSpec& spec);

  // Nothing: nothing new.
  using What = decltype(Event::what);
  [[nodiscard]] std::optional<What> look();
  [[nodiscard]] std::optional<What> take_in(const lists::Fetched& fetched);
  [[nodiscard]] std::optional<What> refuse(lists::Refusal refusal) {
    count(refusal.reason);
    return refusal;
  }
  void saw_newest() {
    if (stored == nullptr || stored->refused) return;
    stored->seen = std::chrono::system_clock::now();
    stored->store.saw_newest();
  }
};

Result<std::unique_ptr<Sources::Place>, std::string> Sources::Place::of(
    const config::ZoneSpec& spec) {
  lists::ZoneSettings settings = zone_settings(spec);
  if (!spec.key_file.empty()) {
    auto key = lists::TsigKey::read(spec.key_file);
    if (!key) return fail(spec.key_file.string() + ": " + key.error());
    settings.key = std::move(*key);
  }
  auto feed = lists::ZoneFeed::open(std::move(settings));
  if (!feed) return fail("list " + spec.list + ": " + feed.error());
  auto place = std::make_unique<Place>();
  place->name = spec.list;
  place->zone = feed->get();
  if (!(*feed)->damage().empty()) {
    place->damage.push_back(spec.file.string() + ": " + (*feed)->damage());
  }
  place->feed = std::move(*feed);
  return place;
}

Result<std::unique_ptr<Sources::Place>, std::string> Sources::Place::of(
    const config::SourceSpec& spec) {
  auto keys = read_keys(spec);
  if (!keys) return fail(keys.error());
  auto place = std::make_unique<Place>();
  place->name = spec.name;
  place->feed = feed_of(spec);
  const lists::VersionStore store(spec.state, spec.keep);
  auto damage = store.prepare();
  if (!damage) return fail(damage.error());
  place->damage = std::move(*damage);
  auto lock = lists::StoreLock::take(spec.state);
  if (!lock) return fail(lock.error());
  place->stored =
      std::make_unique<Stored>(store, std::move(*lock), lists::Intake(store, std::move(*keys)));
  const auto versions = store.versions();
  if (!versions.empty()) {
    place->stored->known.validator = versions.front().head.validator;
    place->stored->seen = versions.front().seen;
  }
  return place;
}

std::optional<Sources::Place::What> Sources::Place::look() {
  auto fetched = feed->fetch(stored == nullptr ? lists::Known{} : stored->known, bell);
  if (bell.stopped()) return std::nullopt;
  if (!fetched) return refuse(std::move(fetched.error()));
  std::optional<lists::Fetched>& newest = *fetched;
  if (!newest) {
    saw_newest();
    return std::nullopt;
  }
  if (stored == nullptr) return std::move(*newest);
  return take_in(*newest);
}

std::optional<Sources::Place::What> Sources::Place::take_in(const lists::Fetched& fetched) {
  const std::lock_guard lock(stored->mutex);
  auto candidate = stored->intake.take(fetched, std::chrono::system_clock::now());
  const bool is_final = candidate || !passes_with_time(candidate.error().reason);
  if (is_final) stored->known.validator = fetched.validator;
  stored->refused = !candidate;
  if (!candidate) return refuse(std::move(candidate.error()));
  std::optional<lists::Candidate>& it = *candidate;
  if (it) return std::move(*it);
  saw_newest();
  return std::nullopt;
}

Result<std::unique_ptr<Sources>, std::string> Sources::open(const config::LiveSettings& live) {
  std::unique_ptr<Sources> sources(new Sources);
  const auto add = [&](const auto& specs) -> Result<void, std::string> {
    for (const auto& spec : specs) {
      auto place = Place::of(spec);
      if (!place) return fail(place.error());
      sources->places_.push_back(std::move(*place));
    }
    return {};
  };
  if (const auto added = add(live.zones); !added) return fail(added.error());
  if (const auto added = add(live.sources); !added) return fail(added.error());
  return sources;
}

Sources::~Sources() {
  stop();
}

std::vector<std::string> Sources::first(std::chrono::seconds most, BanBuilder& builder) {
  std::vector<std::string> lines;
  for (const auto& place : places_) {
    lines.insert(lines.end(), place->damage.begin(), place->damage.end());
    if (place->has_something()) continue;
    std::jthread limit([&, most](const std::stop_token& stop) {
      const auto end = std::chrono::steady_clock::now() + most;
      while (!stop.stop_requested() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      if (!stop.stop_requested()) place->bell.stop();
    });
    const auto what = place->look();
    limit.request_stop();
    limit.join();
    place->bell.restart();
    if (what) {
      if (const auto* refusal = std::get_if<lists::Refusal>(&*what)) {
        lines.push_back(place->name + " has nothing yet: " + refusal->text);
      } else if (const auto* candidate = std::get_if<lists::Candidate>(&*what)) {
        builder.want_trial(place->name, candidate->file);
      }
    } else if (!place->has_something()) {
      lines.push_back(place->name + " has nothing yet");
    }
  }
  return lines;
}

Result<void, std::string> Sources::start(EventLoop& loop, OnEvent on_event) {
  arrived_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!arrived_.is_open()) return fail("eventfd: " + std::system_category().message(errno));
  const auto watch = loop.add(arrived_.value(), EPOLLIN, [this](std::uint32_t) { deliver(); });
  if (!watch) return fail(watch.error());
  loop_ = &loop;
  watch_ = *watch;
  on_event_ = std::move(on_event);
  try {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      places_[i]->thread = std::thread([this, i] {
        pthread_setname_np(pthread_self(), ("source-" + std::to_string(i)).c_str());
        run(*places_[i]);
      });
    }
  } catch (const std::system_error& error) {
    stop();
    return fail(std::string("no thread: ") + error.what());
  }
  return {};
}

void Sources::run(Place& place) {
  while (!place.bell.stopped()) {
    if (auto what = place.look()) tell({place.name, std::move(*what)});
    if (place.bell.stopped()) return;
    place.feed->wait(place.bell);
  }
}

void Sources::tell(Event event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  const std::uint64_t one = 1;
  static_cast<void>(::write(arrived_.value(), &one, sizeof one) < 0);
}

void Sources::deliver() {
  std::uint64_t count = 0;
  static_cast<void>(::read(arrived_.value(), &count, sizeof count) < 0);
  std::vector<Event> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  for (Event& event : events) on_event_(std::move(event));
}

void Sources::stop() {
  for (const auto& place : places_) place->bell.stop();
  for (const auto& place : places_) {
    if (place->thread.joinable()) place->thread.join();
  }
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->remove(watch_);
}

std::vector<std::string> Sources::decided(const std::string& source,
                                          const std::filesystem::path& candidate,
                                          Decision decision) {
  std::vector<std::string> lines;
  for (const auto& place : places_) {
    if (place->stored == nullptr || place->name != source) continue;
    Stored& stored = *place->stored;
    if (decision != Decision::published) {
      const auto reason = decision == Decision::refused ? lists::RefusalReason::guard
                                                        : lists::RefusalReason::unusable;
      place->count(reason);
      stored.refused = true;
      lines.push_back("source " + source + ": the new version is not taken (" +
                      std::string(to_string(reason)) + "); the old one stays");
      continue;
    }
    const std::lock_guard lock(stored.mutex);
    const auto version = stored.store.accept(candidate);
    if (!version) {
      place->count(lists::RefusalReason::storage);
      lines.push_back("source " + source + ": in force, but not kept on disk: " + version.error());
      continue;
    }
    stored.refused = false;
    stored.accepted.fetch_add(1, std::memory_order_relaxed);
    stored.seen = std::chrono::system_clock::now();
    lines.push_back("source " + source + ": version " + version->head.label + " is in force");
  }
  return lines;
}

std::vector<telemetry::ZoneStatus> Sources::zones() const {
  std::vector<telemetry::ZoneStatus> statuses;
  for (const auto& place : places_) {
    if (place->zone == nullptr) continue;
    const lists::ZoneStatus status = place->zone->status();
    statuses.push_back({.list = place->name,
                        .serial = status.serial,
                        .records = status.records,
                        .seen = Time(std::chrono::seconds(status.seen)),
                        .expire = std::chrono::seconds(status.expire),
                        .whole = status.whole,
                        .incremental = status.incremental,
                        .notifies = status.notifies,
                        .notifies_ignored = status.notifies_ignored,
                        .refusals = place->counts()});
  }
  return statuses;
}

std::vector<telemetry::SourceStatus> Sources::statuses() const {
  std::vector<telemetry::SourceStatus> statuses;
  for (const auto& place : places_) {
    if (place->stored == nullptr) continue;
    const Stored& stored = *place->stored;
    const auto version = stored.store.in_force();
    statuses.push_back({.source = place->name,
                        .version = version ? version->head.label : "",
                        .seen = stored.seen,
                        .until = version ? version->head.until : std::nullopt,
                        .certificate_until = place->feed->certificate_until(),
                        .pinned = stored.store.pinned().has_value(),
                        .accepted = stored.accepted.load(std::memory_order_relaxed),
                        .refusals = place->counts()});
  }
  return statuses;
}

lists::ListChanges changes_of(const std::string& list, lists::Fetched fetched,
                              lists::Changes changes) {
  return {.list = list,
          .from = std::move(changes.from),
          .version = std::move(fetched.label),
          .modified = fetched.modified,
          .removed = std::move(changes.removed),
          .added = std::move(changes.added)};
}

}  // namespace sluice::app
