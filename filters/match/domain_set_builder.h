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

#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "filters/match/domain_set.h"

namespace sluice::match {

enum class Added : std::uint8_t { added, duplicate };

enum class BuildError : std::uint8_t {
  too_many_apps,   // over kMaxApps
  too_many_rules,  // over 2^31
  probe_too_long,  // no table within the probe bound for this seed: draw another
};

class DomainSetBuilder {
 public:
  // The seed should come from a random source: names that are looked up come from strangers.
  explicit DomainSetBuilder(HashKey seed);

  // The id of `name`, made on first use. "*" is AppId::kAny.
  [[nodiscard]] Result<AppId, BuildError> app(std::string_view name);
  [[nodiscard]] ListId list(std::string_view name);
  // REQUIRES: ids that this builder gave out; a name that is not the root.
  Added add(const name::Name& name, EntryKind kind, AppId app, ListId list, std::uint32_t line);

  // The set; the builder is empty afterwards.
  [[nodiscard]] Result<DomainSet, BuildError> build();

 private:
  // (filled in by the implementer)
};

}  // namespace sluice::match
