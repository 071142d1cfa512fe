#include "gateway/app/zones.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "lists/transfer/zone_feed.h"

namespace sluice::app {

struct Zones::Zone {
  config::ZoneSpec spec;
  std::unique_ptr<lists::ZoneFeed> feed;
  lists::Bell bell;
  std::array<std::atomic<std::uint64_t>, lists::kRefusalReasons> refusals{};
  std::thread thread;

  void count(const lists::Refusal& refusal) {
    refusals[static_cast<std::size_t>(refusal.reason)].fetch_add(1, std::memory_order_relaxed);
  }
};

Result<std::unique_ptr<Zones>, std::string> Zones::open(
    const std::vector<config::ZoneSpec>& specs) {
  std::unique_ptr<Zones> zones(new Zones);
  for (const config::ZoneSpec& spec : specs) {
    lists::ZoneSettings settings{.zone = spec.zone,
                                 .primaries = spec.primaries,
                                 .key = {},
                                 .notify = spec.notify,
                                 .file = spec.file,
                                 .limits = {}};
    settings.limits.bytes = std::uint64_t{spec.max_mib} << 20;
    settings.limits.total = spec.timeout;
    if (!spec.key_file.empty()) {
      auto key = lists::TsigKey::read(spec.key_file);
      if (!key) return fail(spec.key_file.string() + ": " + key.error());
      settings.key = std::move(*key);
    }
    auto feed = lists::ZoneFeed::open(std::move(settings));
    if (!feed) return fail("list " + spec.list + ": " + feed.error());
    auto zone = std::make_unique<Zone>();
    zone->spec = spec;
    zone->feed = std::move(*feed);
    zones->zones_.push_back(std::move(zone));
  }
  return zones;
}

Zones::~Zones() {
  stop();
}

std::vector<std::string> Zones::first(std::chrono::seconds most) {
  std::vector<std::string> lines;
  for (const auto& zone : zones_) {
    const std::string damage = zone->feed->damage();
    if (!damage.empty()) lines.push_back(zone->spec.file.string() + ": " + damage);
    if (zone->feed->has_zone()) continue;
    std::jthread limit([&, most](const std::stop_token& stop) {
      const auto end = std::chrono::steady_clock::now() + most;
      while (!stop.stop_requested() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      if (!stop.stop_requested()) zone->bell.stop();
    });
    const auto fetched = zone->feed->fetch({}, zone->bell);
    limit.request_stop();
    limit.join();
    zone->bell.restart();
    if (fetched) continue;
    zone->count(fetched.error());
    lines.push_back("list " + zone->spec.list + " has no zone yet: " + fetched.error().text);
  }
  return lines;
}

Result<void, std::string> Zones::start(EventLoop& loop, OnEvent on_event) {
  arrived_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!arrived_.is_open()) return fail("eventfd: " + std::system_category().message(errno));
  const auto watch = loop.add(arrived_.value(), EPOLLIN, [this](std::uint32_t) { deliver(); });
  if (!watch) return fail(watch.error());
  loop_ = &loop;
  watch_ = *watch;
  on_event_ = std::move(on_event);
  try {
    for (std::size_t i = 0; i < zones_.size(); ++i) {
      zones_[i]->thread = std::thread([this, i] {
        pthread_setname_np(pthread_self(), ("zone-" + std::to_string(i)).c_str());
        run(*zones_[i]);
      });
    }
  } catch (const std::system_error& error) {
    stop();
    return fail(std::string("no thread: ") + error.what());
  }
  return {};
}

void Zones::run(Zone& zone) {
  while (!zone.bell.stopped()) {
    auto fetched = zone.feed->fetch({}, zone.bell);
    if (zone.bell.stopped()) return;
    if (!fetched) {
      zone.count(fetched.error());
      hand_over({zone.spec.list, fail(fetched.error())});
    } else if (auto& newest = *fetched) {
      hand_over({zone.spec.list, std::move(*newest)});
    }
    zone.feed->wait(zone.bell);
  }
}

void Zones::hand_over(Event event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  const std::uint64_t one = 1;
  static_cast<void>(::write(arrived_.value(), &one, sizeof one) < 0);
}

void Zones::deliver() {
  std::uint64_t count = 0;
  static_cast<void>(::read(arrived_.value(), &count, sizeof count) < 0);
  std::vector<Event> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  for (Event& event : events) on_event_(std::move(event));
}

void Zones::stop() {
  for (const auto& zone : zones_) zone->bell.stop();
  for (const auto& zone : zones_) {
    if (zone->thread.joinable()) zone->thread.join();
  }
  if (loop_ != nullptr) std::exchange(loop_, nullptr)->remove(watch_);
}

std::vector<telemetry::ZoneStatus> Zones::statuses() const {
  std::vector<telemetry::ZoneStatus> statuses;
  for (const auto& zone : zones_) {
    const lists::ZoneStatus status = zone->feed->status();
    telemetry::ZoneStatus& it = statuses.emplace_back();
    it = {.list = zone->spec.list,
          .serial = status.serial,
          .records = status.records,
          .seen = std::chrono::system_clock::time_point(std::chrono::seconds(status.seen)),
          .expire = std::chrono::seconds(status.expire),
          .whole = status.whole,
          .incremental = status.incremental,
          .notifies = status.notifies,
          .notifies_ignored = status.notifies_ignored,
          .refusals = {}};
    for (std::size_t i = 0; i < zone->refusals.size(); ++i) {
      const std::uint64_t count = zone->refusals[i].load(std::memory_order_relaxed);
      if (count == 0) continue;
      it.refusals.emplace_back(to_string(static_cast<lists::RefusalReason>(i)), count);
    }
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
