#pragma once

// Builds a DomainSet from entries. Slow path: allocates about 50 bytes an entry, and the image.
//
// A name or range may be added several times, for several apps and kinds. The same name, kind and
// app again is a duplicate: the first stays, and the others are reported. Building twice from the
// same entries and seed gives the same bytes. One thread adds; build() hands its tasks to `run`,
// which may run them on several threads.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/ip_address.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "filters/match/domain_image.h"
#include "filters/match/domain_set.h"

namespace sluice::match {

struct NewEntry {
  Bytes name;  // wire form, lower case, not the root; a pattern has `*` in its labels
  EntryKind kind = EntryKind::suffix;
  bool is_glob = false;
  AppId app;
  ListId list;
  std::uint32_t line = 0;
  std::string_view source = {};  // as the list writes it, where rule_text() cannot tell
  // Entries of one list that differ only in their records are one rule with all of these.
  // REQUIRES: data of at most kMostAnswerBytes.
  Answer answer = {};
};

inline constexpr std::size_t kMostAnswerBytes = 255;

enum class BuildError : std::uint8_t {
  too_many_apps,   // over kMaxApps
  too_many_lists,  // over 65535
  too_many_rules,  // their names fill more than 2 GiB, or over 2^30 - 2 address ranges
  glob_at_top,     // a pattern without a fixed name to its right
  text_too_long,   // a name of an app or a list, a version or a source over 255 bytes
  probe_too_long,  // no table within the probe bound for this seed: draw another
};
[[nodiscard]] std::string_view to_string(BuildError error) noexcept;

struct Duplicate {
  ListId list;
  std::uint32_t line = 0;
  ListId first_list;  // where the entry that stays is
  std::uint32_t first_line = 0;
};

// A duplicate, by the rule that stays.
struct LeftOut {
  RuleId stays;
  ListId list;
  AnswerKind answer = AnswerKind::of_policy;  // its own; of a record too, which is not kept
  std::uint32_t line = 0;
};

// A glob that was left out, because a name could meet too many: see glob_keys.h.
struct CrowdedGlob {
  ListId list;
  std::uint32_t line = 0;
  name::Name pattern;
};

// A name with more than Built::kManyGlobs globs below it.
struct ManyGlobs {
  name::Name below;
  std::size_t count = 0;
  ListId list;  // of the first of them, by list and line
  std::uint32_t line = 0;
};

struct Built {
  static constexpr std::size_t kManyGlobs = 1000;
  DomainSet set;
  std::vector<std::uint64_t> duplicates;    // left out, by ListId
  std::vector<Duplicate> shown_duplicates;  // the first kMostShown, by list and line
  static constexpr std::size_t kMostShown = 1000;
  std::vector<LeftOut> left_out;     // all, by rule, list and line; empty without tell_left_out()
  std::vector<CrowdedGlob> crowded;  // by list and line
  std::vector<ManyGlobs> many_globs;
};

class DomainSetBuilder {
 public:
  // Runs `task(0)` to `task(count - 1)`, in any order, and returns when all are done.
  using Run = std::function<void(std::size_t count, FunctionRef<void(std::size_t)> task)>;
  // Memory for an image, zeroed and aligned to 64.
  using Allocate = std::function<std::shared_ptr<std::byte>(std::size_t bytes)>;

  // The seed must come from a random source: strangers choose the names that are looked up.
  // `memory` gives the large blocks, to build() too; several threads use it at the same time.
  explicit DomainSetBuilder(HashKey seed,
                            std::pmr::memory_resource* memory = std::pmr::new_delete_resource());
  // For the rules that DomainSet::with() adds to `base`: has its apps and lists, and its hash key,
  // so that one hash of a name serves both. REQUIRES: the base has an image.
  [[nodiscard]] static DomainSetBuilder beside(const DomainSet& base);

  // The id of `name`, made on first use. "*" is AppId::kAny.
  [[nodiscard]] Result<AppId, BuildError> app(std::string_view name);
  [[nodiscard]] Result<ListId, BuildError> list(std::string_view name,
                                                std::string_view version = {});
  // REQUIRES: at most 255 bytes.
  void set_version(ListId list, std::string_view version) { lists_[list.index].version = version; }
  // Its entries repeat none of another list: each has a rule of its own, for there are times or
  // policies in which only one of the lists counts.
  void keep_apart(ListId list) { lists_[list.index].apart = true; }
  // REQUIRES, here and below: ids that this builder gave out.
  [[nodiscard]] Result<void, BuildError> add(const NewEntry& entry);
  [[nodiscard]] Result<void, BuildError> add(const name::Name& name, EntryKind kind, AppId app,
                                             ListId list, std::uint32_t line) {
    return add({.name = name.wire(), .kind = kind, .app = app, .list = list, .line = line});
  }
  // REQUIRES: an exact kind.
  [[nodiscard]] Result<void, BuildError> add(const IpPrefix& range, EntryKind kind, AppId app,
                                             ListId list, std::uint32_t line);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size() + addresses_.size(); }

  // May be called again with another seed after probe_too_long.
  [[nodiscard]] Result<Built, BuildError> build(const Run& run = run_in_turn,
                                                const Allocate& allocate = allocate_plain) const;
  void reseed(HashKey seed) noexcept { seed_ = seed; }
  // build() tells of every entry that it leaves out as a duplicate. Costs time in proportion.
  void tell_left_out() noexcept { tells_left_out_ = true; }

  static void run_in_turn(std::size_t count, FunctionRef<void(std::size_t)> task);
  [[nodiscard]] static std::shared_ptr<std::byte> allocate_plain(std::size_t bytes);

 private:
  struct Entry {
    std::uint32_t name_at = 0;  // in names_
    std::uint32_t line = 0;
    ListId list;
    AppId app;
    std::uint8_t bits = 0;        // SLUICE_RULE_…
    std::uint8_t name_bytes = 0;  // with the root
    std::uint8_t key_at = 0;      // where in its name the fixed part starts, which is hashed
  };
  struct List {
    std::string name, version;
    bool apart = false;
  };
  // Lists with the same number share their entries.
  [[nodiscard]] std::uint32_t share_of(ListId list) const {
    return lists_[list.index].apart ? list.index + 1U : 0;
  }
  struct Source {
    std::uint32_t name_at;  // of its entry
    std::string text;
  };
  struct OwnAnswer {
    std::uint32_t name_at;  // of its entry
    AnswerKind kind;
    std::uint16_t type;
    std::uint32_t ttl;
    std::string data;
  };
  friend class ImageWriter;

  HashKey seed_;
  std::shared_ptr<const SluiceHashKey> base_key_;  // instead of the seed; null: none
  bool tells_left_out_ = false;
  std::vector<std::string> apps_;
  std::vector<List> lists_;
  std::pmr::vector<Entry> entries_;
  std::pmr::vector<std::byte> names_;  // one after the other, after room for whole-word loads
  std::vector<SluiceAddressRule> addresses_;
  std::vector<Source> sources_;
  std::vector<OwnAnswer> answers_;  // without NXDOMAIN, which needs no more than a bit
};

}  // namespace sluice::match
