#pragma once

// The canary: refuses a ban that would newly block a large share of the names that clients asked
// for of late (`[reload] max_newly_blocked`), such as a list that came to hold a popular parent.
//
// The names are a sample of hashes (gateway/engine/name_sample.h). Rules of the old and the new set
// are hashed under the same key, in turn, and looked up in the small table of the sample; what
// covers a sampled name is then weighed as PolicySet::decide() does. Globs, rules of addresses and
// exemptions ($denyallow) are left out. Names are judged under the policy of the same name in the
// new set, so that a new policy for clients that had none is not noticed.
//
// Cost: a hash and a look-up for each rule of both sets; memory for the sample only. Allocates; not
// for workers. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/engine/name_sample.h"
#include "gateway/engine/snapshot.h"
#include "gateway/telemetry/metrics.h"

namespace sluice::app {

inline constexpr std::size_t kLeastSampled = 200;  // names; with fewer it says nothing

struct Canary {
  std::size_t sampled = 0;         // names
  double share = 0;                // of the names seen, newly blocked; 0 to 1
  std::vector<std::string> rules;  // some of those that block them, the most popular first
};

// `meant`: lists whose rules are accepted already, such as of a roll back.
[[nodiscard]] Canary try_canary(const engine::Snapshot& old, const engine::Snapshot& next,
                                const std::vector<engine::NameSample::Weighted>& sample,
                                HashKey key, const std::vector<std::string>& meant = {});

// Nothing: it may be published. `most`: percent of the names; 100: never refuses.
[[nodiscard]] std::optional<telemetry::ReloadRefusal> canary_refusal(const Canary& canary,
                                                                     std::uint32_t most);

}  // namespace sluice::app
