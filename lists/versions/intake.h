#pragma once

// What a feed fetched, before it may be tried: is it a list, or a bundle that a trusted key signed;
// is it new; may it come back? Then it is a candidate on disk.
//
//   Fetched ─► page? empty? │ bundle: signature, times, version ─► known? held? ─► candidate
//
// A source with trusted keys takes bundles only, and never a lower version than it ever accepted.
// What a member of a bundle is for is kept beside it: version_source.h compares it with the
// configuration.
// Roll back: while a version is pinned, those that are newer in the store are held, as is a bundle
// with no higher version than the highest; anything else ends the pin once it is accepted.
//
// Threads: one. Blocks; allocates. Time comes in, so that it can be tested.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/result.h"
#include "lists/bundle/keys.h"
#include "lists/update/feed.h"
#include "lists/versions/version_store.h"

namespace sluice::lists {

struct Candidate {
  std::filesystem::path file;
  std::string label;
};

class Intake {
 public:
  using Time = std::chrono::system_clock::time_point;

  Intake(VersionStore store, std::vector<PublicKey> keys)
      : store_(std::move(store)), keys_(std::move(keys)) {}

  // Nothing: it is the newest version, which is in force or pinned aside.
  [[nodiscard]] Result<std::optional<Candidate>, Refusal> take(const Fetched& fetched,
                                                               Time now) const;

 private:
  // A version, and the texts of its lists in what was fetched.
  struct Opened {
    VersionHead head;
    std::vector<std::string_view> texts;
  };
  [[nodiscard]] static Result<Opened, Refusal> open_lists(const Fetched& fetched);
  [[nodiscard]] Result<Opened, Refusal> open_bundle(std::string_view bytes, Time now) const;

  VersionStore store_;
  std::vector<PublicKey> keys_;
};

// Whether it may be fetched again, with the same bytes and another outcome: the clock, the disk.
[[nodiscard]] constexpr bool passes_with_time(RefusalReason reason) noexcept {
  return reason == RefusalReason::not_yet || reason == RefusalReason::storage;
}

}  // namespace sluice::lists
