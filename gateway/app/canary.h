#pragma once

// The canary: refuses a ban that would newly block a large share of the names that clients asked
// for of late (`[reload] max_newly_blocked`), such as a list that came to hold a popular parent.
//
// The names are a sample of hashes (gateway/engine/name_sample.h). Rules of the old and the new set
// are hashed under the same key, in turn, and looked up in the small table of the sample; what
// covers a sampled name is then weighed as PolicySet::decide() does. What hashes cannot tell never
// refuses, but is said: `globs`, of which only the fixed part can be compared, and `policy`. Left
// out are globs that both sets have, globs of exceptions, and rules of addresses.
//
// Names are judged under the policy of the same name in the new set.
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
  // A part of the names seen, 0 to 1, and some of the rules that block it, the most popular first.
  struct Share {
    double of_names = 0;
    std::vector<std::string> rules = {};
  };
  std::size_t sampled = 0;  // names
  Share newly;              // blocked by the new set, and not by the old one
  Share globs;              // further names at most, that new globs may block
  // What the new policy that would block most would newly block, if its clients asked for what the
  // others ask for. Names of clients without a policy are not sampled.
  Share policy;
  std::string policy_name;  // empty: no policy is new
};

// `meant`: lists whose rules are accepted already, such as of a roll back.
[[nodiscard]] Canary try_canary(const engine::Snapshot& old, const engine::Snapshot& next,
                                const std::vector<engine::NameSample::Weighted>& sample,
                                HashKey key, const std::vector<std::string>& meant = {});

// Nothing: it may be published. `most`: percent of the names; 100: never refuses.
[[nodiscard]] std::optional<telemetry::ReloadRefusal> canary_refusal(const Canary& canary,
                                                                     std::uint32_t most);
// What an operator should look at although it is not refused: lines for the log.
[[nodiscard]] std::vector<std::string> canary_notes(const Canary& canary, std::uint32_t most);

}  // namespace sluice::app
