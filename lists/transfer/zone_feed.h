#pragma once

// A list that is a zone: kept up to date by zone transfers, as a secondary name server does.
//
//   NOTIFY, SOA refresh or retry ─► fetch(): IXFR (or AXFR) ─► fits the zone? ─► on disk ─► Fetched
//
// Its place in an update is that of every Feed (lists/update/feed.h). What makes it refuse: a
// signature that is missing or wrong, a serial that went back, a transfer that was cut, too large
// or too slow, records out of order, changes that do not fit the zone (it then asks for the whole
// zone at once), a disk that takes nothing. The zone stays as it was, on disk and in force.
//
// Several primaries: the one that last spoke or answered is asked first, then the others. SOA
// expire does not end anything: a ban does not end because a server is down. status() tells.
//
// Memory: 12 to 24 bytes a record. Threads: that of its source (feed.h); status() is for any.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "lists/compile/source.h"
#include "lists/transfer/notify.h"
#include "lists/transfer/transfer.h"
#include "lists/transfer/tsig.h"
#include "lists/transfer/zone_files.h"
#include "lists/transfer/zone_records.h"
#include "lists/update/feed.h"

namespace sluice::lists {

struct ZoneSettings {
  std::string zone;  // as text
  std::vector<Endpoint> primaries;
  std::optional<TsigKey> key;
  std::optional<Endpoint> notify;  // where NOTIFY is heard; empty: nowhere
  std::filesystem::path file;      // the last good zone
  TransferLimits limits;
};

struct ZoneStatus {
  std::uint64_t records = 0;
  std::uint32_t serial = 0;
  std::int64_t seen = 0;     // Unix time when a primary last had this serial; 0: never
  std::uint32_t expire = 0;  // seconds after which a name server would no longer answer
  std::uint64_t whole = 0, incremental = 0, failed = 0;  // transfers
  std::uint64_t notifies = 0, notifies_ignored = 0;
};

class ZoneFeed final : public Feed {
 public:
  // Reads the zone on disk, if there is one. Error: one line; a damaged zone is none, because it is
  // transferred again: see damage().
  [[nodiscard]] static Result<std::unique_ptr<ZoneFeed>, std::string> open(ZoneSettings settings);

  // `known` does not matter: the feed has its zone on disk.
  [[nodiscard]] Result<std::optional<Fetched>, Refusal> fetch(const Known& known,
                                                              const Bell& bell) override;
  void wait(Bell& bell) override;

  // Why the zone on disk was not taken at open(); empty: it was, or there was none.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }
  [[nodiscard]] bool has_zone() const noexcept { return soa_.has_value(); }
  [[nodiscard]] ZoneStatus status() const noexcept;

 private:
  struct Pending;
  using Outcome = Result<std::optional<Fetched>, Refusal>;

  explicit ZoneFeed(ZoneSettings settings);
  void load();
  // One primary, by index.
  [[nodiscard]] Outcome fetch_from(std::size_t primary, const Bell& bell);
  [[nodiscard]] Outcome transfer_from(const Endpoint& primary,
                                      std::optional<std::uint32_t> serial,  // ours, for changes
                                      const Bell& bell, bool& again);
  [[nodiscard]] Outcome keep_changes(Pending& pending, std::uint32_t from, const Soa& soa);
  [[nodiscard]] Outcome keep_zone(Pending& pending, const Soa& soa);
  void rewrite();
  void count(std::atomic<std::uint64_t>& counter) noexcept {
    counter.fetch_add(1, std::memory_order_relaxed);
  }
  void seen(const Soa& soa);
  [[nodiscard]] Fetched fetched() const;

  ZoneSettings settings_;
  ZoneFiles files_;
  ZoneRecords records_;
  std::optional<Soa> soa_;  // of the zone on disk; empty: there is none
  bool must_rewrite_ = false;
  std::string damage_;
  std::unique_ptr<NotifyListener> listener_;
  std::size_t first_ = 0;       // the primary that is asked first
  std::uint32_t failures_ = 0;  // in a row
  std::chrono::steady_clock::time_point fetched_at_;

  struct Shared {
    std::atomic<std::uint64_t> records, serial, expire, whole, incremental, failed, notifies,
        notifies_ignored;
    std::atomic<std::int64_t> seen;
  } shared_{};
};

}  // namespace sluice::lists
