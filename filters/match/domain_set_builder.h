#pragma once

// Builds a DomainSet from entries. Slow path: allocates; one thread.
//
// The same name may stand in it several times, for several apps and kinds. The same name, kind and
// app again is a duplicate: the first stays, add() says so. Building twice from the same entries
// and seed gives equal sets.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "filters/match/domain_set.h"

namespace sluice::match {

enum class Added : std::uint8_t { added, duplicate };

enum class BuildError : std::uint8_t {
  too_many_apps,   // over kMaxApps
  too_many_lists,  // over 65535
  too_many_rules,  // over 2^31
  probe_too_long,  // no table within the probe bound for this seed: draw another
};

class DomainSetBuilder {
 public:
  // The seed should come from a random source: names that are looked up come from strangers.
  explicit DomainSetBuilder(HashKey seed);

  // The id of `name`, made on first use. "*" is AppId::kAny.
  [[nodiscard]] Result<AppId, BuildError> app(std::string_view name);
  [[nodiscard]] Result<ListId, BuildError> list(std::string_view name);
  // REQUIRES: ids that this builder gave out; a name that is not the root.
  Added add(const name::Name& name, EntryKind kind, AppId app, ListId list, std::uint32_t line);

  // May be called again with another seed after probe_too_long.
  [[nodiscard]] Result<DomainSet, BuildError> build();
  void reseed(HashKey seed) noexcept { seed_ = seed; }

 private:
  struct Entry {
    std::string name;  // wire form
    std::uint8_t labels = 0;
    Rule rule;
  };
  struct EntryKey {
    std::string name;
    EntryKind kind;
    std::uint8_t app;
    bool operator==(const EntryKey&) const = default;
  };
  struct EntryKeyHash {
    std::size_t operator()(const EntryKey& key) const noexcept;
  };
  [[nodiscard]] Result<void, BuildError> fill_slots(DomainSet& set) const;

  HashKey seed_;
  std::vector<std::string> apps_;
  std::vector<std::string> lists_;
  std::vector<Entry> entries_;
  std::unordered_set<EntryKey, EntryKeyHash> seen_;
};

}  // namespace sluice::match
