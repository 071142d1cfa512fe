#include "lists/transfer/zone_feed.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "lists/transfer/zone_source.h"
#include "lists/update/pause.h"

namespace sluice::lists {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::seconds;

constexpr std::size_t kMostChangeBytes = std::size_t{64} << 20;  // of lines; more: the whole zone
// What a primary says of its timers is taken within these.
constexpr Seconds kLeastWait{1};
constexpr Seconds kMostWait{86'400};
constexpr Seconds kMostFirstWait{60};  // while there is no zone
// NOTIFY may come at any rate, and from a sender that is not who it says.
constexpr std::chrono::milliseconds kLeastBetween{100};

std::string with_final_dot(std::string zone) {
  if (!zone.ends_with('.')) zone += '.';
  std::ranges::transform(zone, zone.begin(), [](char c) { return to_lower_ascii(c); });
  return zone;
}

Refusal refusal(RefusalReason reason, std::string text) {
  return {reason, std::move(text)};
}

}  // namespace

// What a transfer brings, aside until it is whole.
struct ZoneFeed::Pending {
  using Lines = std::unordered_map<std::uint64_t, std::string>;

  explicit Pending(const ZoneFeed& own) : feed(own), records(own.records_) {}

  bool take(RecordStream::Does does, const knot_rrset_t& record) {
    if (record.type == KNOT_RRTYPE_SOA) return true;
    const std::string line = line_of(record);
    if (line.empty()) return refuse("a record cannot be written as text");
    const std::uint64_t hash = records.hash_of(line);
    switch (does) {
      case RecordStream::Does::full:
        return take_whole(line, hash);
      case RecordStream::Does::remove:
        return remove(line, hash);
      case RecordStream::Does::add:
        return add(line, hash);
    }
    return false;
  }

  bool take_whole(const std::string& line, std::uint64_t hash) {
    if (writer == nullptr) {
      records.clear();
      writer = feed.files_.write(soa);
    }
    if (records.insert(hash)) writer->add(line);
    return true;
  }
  bool remove(const std::string& line, std::uint64_t hash) {
    if (!records.erase(hash)) {
      fits = false;
      return refuse("its changes do not fit the zone: it removes a record that is not there: " +
                    line);
    }
    if (added.erase(hash) == 0) note(removed, line, hash);
    return bounded();
  }
  bool add(const std::string& line, std::uint64_t hash) {
    if (!records.insert(hash)) {
      fits = false;
      return refuse("its changes do not fit the zone: it adds a record that is there: " + line);
    }
    note(added, line, hash);
    return bounded();
  }
  void note(Lines& lines, const std::string& line, std::uint64_t hash) {
    bytes += line.size();
    lines.insert_or_assign(hash, line);
  }
  bool bounded() {
    if (bytes <= kMostChangeBytes) return true;
    fits = false;
    return refuse("its changes are larger than 64 MiB");
  }
  bool refuse(std::string why) {
    if (why.ends_with('\n')) why.pop_back();
    reason = std::move(why);
    return false;
  }
  static std::string text_of(const Lines& lines) {
    std::string text;
    for (const auto& [hash, line] : lines) text += line;
    return text;
  }

  const ZoneFeed& feed;
  ZoneRecords records;  // as they will be
  Lines removed, added;
  std::size_t bytes = 0;
  std::unique_ptr<ZoneFiles::Writer> writer;
  Soa soa;  // of the zone as it will be
  bool fits = true;
  std::string reason;
};

Result<std::unique_ptr<ZoneFeed>, std::string> ZoneFeed::open(ZoneSettings settings) {
  if (zone_wire(settings.zone).empty()) return fail("\"" + settings.zone + "\" is not a zone");
  std::unique_ptr<ZoneFeed> feed(new ZoneFeed(std::move(settings)));
  const ZoneSettings& own = feed->settings_;
  if (own.notify) {
    std::vector<IpAddress> primaries;
    primaries.reserve(own.primaries.size());
    for (const Endpoint& primary : own.primaries) primaries.push_back(primary.address);
    auto listener = NotifyListener::open(*own.notify, own.zone, std::move(primaries), own.key);
    if (!listener) return fail(listener.error());
    feed->listener_ = std::move(*listener);
  }
  feed->load();
  return feed;
}

ZoneFeed::ZoneFeed(ZoneSettings settings)
    : settings_(std::move(settings)),
      files_(settings_.file, with_final_dot(settings_.zone)),
      records_(random_seed()) {}

Source zone_source(const std::filesystem::path& file, const std::string& zone) {
  const ZoneFiles files(file, with_final_dot(zone));
  return Source(file.string(), [files]() -> Result<ListText, std::string> {
    if (!files.exists()) return ListText{{}, "none", {}};
    auto stored = files.load();
    if (!stored) return fail(stored.error());
    return ListText{std::pmr::string(stored->text), std::to_string(stored->soa.serial),
                    stored->seen};
  });
}

void ZoneFeed::load() {
  if (!files_.exists()) return;
  const auto stored = files_.load();
  if (!stored) {
    damage_ = stored.error();
    return;
  }
  std::string_view lines = stored->records();
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    records_.insert(records_.hash_of(lines.substr(0, end)));
    lines.remove_prefix(std::min(end, lines.size() - 1) + 1);
  }
  soa_ = stored->soa;
  must_rewrite_ = !stored->whole;
  shared_.records = records_.size();
  shared_.serial = stored->soa.serial;
  shared_.expire = stored->soa.expire;
  shared_.seen = std::chrono::duration_cast<Seconds>(stored->seen.time_since_epoch()).count();
}

void ZoneFeed::seen(const Soa& soa) {
  soa_ = soa;
  shared_.records = records_.size();
  shared_.serial = soa.serial;
  shared_.expire = soa.expire;
  shared_.seen =
      std::chrono::duration_cast<Seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
}

Fetched ZoneFeed::fetched() const {
  const std::string serial = std::to_string(shared_.serial.load(std::memory_order_relaxed));
  return {.file = settings_.file,
          .label = serial,
          .validator = serial,
          .modified = std::chrono::system_clock::now()};
}

ZoneFeed::Outcome ZoneFeed::fetch(const Known& /*known*/, const Bell& bell) {
  fetched_at_ = Clock::now();
  std::optional<Refusal> first_refusal;
  std::string reasons;
  const std::size_t primaries = settings_.primaries.size();
  for (std::size_t i = 0; i < primaries && !bell.stopped(); ++i) {
    const std::size_t primary = (first_ + i) % primaries;
    auto outcome = fetch_from(primary, bell);
    if (outcome) {
      first_ = primary;
      failures_ = 0;
      return outcome;
    }
    const std::string why = settings_.primaries[primary].to_string() + ": " + outcome.error().text;
    reasons += (reasons.empty() ? "" : "; ") + why;
    if (!first_refusal) first_refusal = outcome.error();
  }
  ++failures_;
  count(shared_.failed);
  if (!first_refusal) first_refusal = refusal(RefusalReason::unreachable, "stopped");
  first_refusal->text = reasons;
  return fail(*first_refusal);
}

ZoneFeed::Outcome ZoneFeed::fetch_from(std::size_t primary, const Bell& bell) {
  const Endpoint& endpoint = settings_.primaries[primary];
  bool again = false;
  std::optional<std::uint32_t> serial;
  if (soa_) serial = soa_->serial;
  auto outcome = transfer_from(endpoint, serial, bell, again);
  if (outcome || !again) return outcome;
  return transfer_from(endpoint, {}, bell, again);
}

ZoneFeed::Outcome ZoneFeed::transfer_from(const Endpoint& primary,
                                          std::optional<std::uint32_t> serial, const Bell& bell,
                                          bool& again) {
  Pending pending(*this);
  const TransferRequest request{.primary = primary,
                                .zone = settings_.zone,
                                .serial = serial,
                                .key = settings_.key ? &*settings_.key : nullptr,
                                .limits = settings_.limits};
  const auto done = transfer(
      request,
      [&](RecordStream::Does does, const Soa& soa, const knot_rrset_t& record) {
        pending.soa = soa;
        return pending.take(does, record);
      },
      bell);
  if (!done) {
    Refusal why = done.error().refusal;
    if (!pending.reason.empty()) why.text = pending.reason;
    again = serial && (done.error().no_incremental || !pending.fits);
    return fail(why);
  }
  switch (done->state) {
    case RecordStream::State::changes:
      return keep_changes(pending, serial.value_or(0), done->soa);
    case RecordStream::State::whole_zone:
      return keep_zone(pending, done->soa);
    case RecordStream::State::up_to_date:
    case RecordStream::State::more:
      break;
  }
  seen(done->soa);
  return std::nullopt;
}

ZoneFeed::Outcome ZoneFeed::keep_changes(Pending& pending, std::uint32_t from, const Soa& soa) {
  const std::string removed = Pending::text_of(pending.removed);
  const std::string added = Pending::text_of(pending.added);
  if (must_rewrite_) rewrite();
  if (const auto kept = files_.append(from, soa, removed, added); !kept) {
    return fail(refusal(RefusalReason::storage, settings_.file.string() + ": " + kept.error()));
  }
  const std::string origin = "$ORIGIN " + files_.zone() + '\n';
  Changes changes{std::to_string(from), origin + removed, origin + added};
  records_ = std::move(pending.records);
  seen(soa);
  count(shared_.incremental);
  must_rewrite_ = files_.should_rewrite();
  Fetched newest = fetched();
  newest.changes = std::move(changes);
  return newest;
}

ZoneFeed::Outcome ZoneFeed::keep_zone(Pending& pending, const Soa& soa) {
  if (pending.writer == nullptr) {
    pending.writer = files_.write(soa);  // without records
    pending.records.clear();
  }
  if (const auto kept = pending.writer->finish(); !kept) {
    return fail(refusal(RefusalReason::storage, settings_.file.string() + ": " + kept.error()));
  }
  records_ = std::move(pending.records);
  must_rewrite_ = false;
  seen(soa);
  count(shared_.whole);
  return fetched();
}

// The file with its journal in it. If it fails, all is as before.
void ZoneFeed::rewrite() {
  const auto stored = files_.load();
  if (!stored) return;
  const auto writer = files_.write(stored->soa);
  writer->add(stored->records());
  if (writer->finish()) must_rewrite_ = false;
}

void ZoneFeed::wait(Bell& bell) {
  Seconds pause = kMostFirstWait;
  if (soa_) {
    const Seconds refresh = std::clamp(Seconds(soa_->refresh), kLeastWait, kMostWait);
    pause = failures_ == 0 ? refresh : std::clamp(Seconds(soa_->retry), kLeastWait, refresh);
  } else if (failures_ < 7) {
    pause = std::min(pause, Seconds(std::uint32_t{1} << failures_));
  }
  const auto end = fetched_at_ + pause;
  bool told = false;
  for (;;) {
    const auto now = Clock::now();
    const auto until = told ? std::min<Clock::time_point>(end, fetched_at_ + kLeastBetween) : end;
    if (now >= until) return;
    const std::array<int, 2> heard =
        listener_ ? listener_->descriptors() : std::array<int, 2>{-1, -1};
    std::array<pollfd, 3> waited{pollfd{bell.descriptor(), POLLIN, 0}, pollfd{heard[0], POLLIN, 0},
                                 pollfd{heard[1], POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    static_cast<void>(::poll(waited.data(), waited.size(), static_cast<int>(left.count())) < 0);
    if ((waited[0].revents & POLLIN) != 0) return bell.answer();
    if (waited[1].revents == 0 && waited[2].revents == 0) continue;
    if (const auto speaker = listener_->hear()) {
      told = true;
      const auto primary = std::ranges::find(settings_.primaries, *speaker, &Endpoint::address);
      first_ = static_cast<std::size_t>(primary - settings_.primaries.begin());
    }
    shared_.notifies = listener_->heard();
    shared_.notifies_ignored = listener_->ignored();
  }
}

ZoneStatus ZoneFeed::status() const noexcept {
  return {.records = shared_.records,
          .serial = static_cast<std::uint32_t>(shared_.serial),
          .seen = shared_.seen,
          .expire = static_cast<std::uint32_t>(shared_.expire),
          .whole = shared_.whole,
          .incremental = shared_.incremental,
          .failed = shared_.failed,
          .notifies = shared_.notifies,
          .notifies_ignored = shared_.notifies_ignored};
}

}  // namespace sluice::lists
