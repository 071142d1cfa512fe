// Two bridges in a row that both propagate link state: neither may wait for the other one for ever.
//
//   client ── 0 │ bridge │ 1 ── 2 │ bridge │ 3 ── server      ports, and three cables

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "gateway/dataplane/links/coupling.h"

namespace sluice::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = LinkCoupling::Time;

class Chain {
 public:
  static constexpr std::size_t kCables = 3, kPorts = 4;

  explicit Chain(milliseconds negotiation) : negotiation_(negotiation) { advance(seconds(60)); }

  void plug(std::size_t cable, bool in) {
    cables_.at(cable).is_plugged = in;
    settle();
  }
  void advance(milliseconds time) {
    for (const Time end = now_ + time; now_ < end;) {
      Time next = end;
      const auto look_at = [&](Time when) {
        if (when > now_) next = std::min(next, when);
      };
      for (const Cable& cable : cables_) look_at(cable.since + negotiation_);
      for (const LinkCoupling& coupling : couplings_) {
        look_at(coupling.next_look().value_or(end));
      }
      now_ = next;
      settle();
    }
  }
  [[nodiscard]] bool has_carrier(std::size_t cable) const {
    return cables_.at(cable).is_whole && now_ >= cables_.at(cable).since + negotiation_;
  }
  [[nodiscard]] bool is_plugged(std::size_t cable) const { return cables_.at(cable).is_plugged; }
  [[nodiscard]] std::size_t changes() const { return changes_; }

 private:
  struct Cable {
    bool is_plugged = true;
    bool is_whole = false;  // plugged, and up at both ends
    Time since{};           // it is whole
  };

  [[nodiscard]] PortState state_of(std::size_t port) const {
    return {.is_up = is_up_.at(port),
            .has_carrier = is_up_.at(port) && has_carrier((port + 1) / 2)};
  }
  // Negotiation begins when both ends are there.
  void look_at_cables() {
    const std::array is_whole = {is_up_[0], is_up_[1] && is_up_[2], is_up_[3]};
    for (std::size_t i = 0; i < kCables; ++i) {
      Cable& cable = cables_.at(i);
      const bool is = is_whole.at(i) && cable.is_plugged;
      if (is && !cable.is_whole) cable.since = now_;
      cable.is_whole = is;
    }
  }
  // Until neither bridge wants to change anything at this time.
  void settle() {
    bool changed = true;
    for (int rounds = 0; changed; ++rounds) {
      ASSERT_LT(rounds, 16) << "changes follow each other without end";
      changed = false;
      look_at_cables();
      for (std::size_t i = 0; i < couplings_.size(); ++i) {
        const auto change = couplings_.at(i).look({state_of(2 * i), state_of(2 * i + 1)}, now_);
        if (!change) continue;
        is_up_.at(2 * i + change->port) = change->up;
        couplings_.at(i).tried(*change, true, now_);
        look_at_cables();
        changed = true;
        ++changes_;
      }
    }
  }

  milliseconds negotiation_;
  Time now_{std::chrono::hours(1)};
  std::array<Cable, kCables> cables_;
  std::array<bool, kPorts> is_up_ = {true, true, true, true};
  std::array<LinkCoupling, 2> couplings_;
  std::size_t changes_ = 0;
};

TEST(LinkChain, ALossReachesTheOtherEnd) {
  Chain chain(seconds(3));
  chain.plug(0, false);
  EXPECT_FALSE(chain.has_carrier(1));
  EXPECT_FALSE(chain.has_carrier(2));
  chain.advance(seconds(600));
  chain.plug(0, true);
  chain.advance(seconds(60));
  EXPECT_TRUE(chain.has_carrier(0) && chain.has_carrier(1) && chain.has_carrier(2));
}

// Both bridges hold an end of the cable between them.
TEST(LinkChain, BothEndsAreLostAndComeBack) {
  for (const std::size_t first : {0U, 2U}) {
    Chain chain(seconds(3));
    chain.plug(0, false);
    chain.plug(2, false);
    chain.advance(seconds(600));
    chain.plug(first, true);
    chain.advance(seconds(600));
    EXPECT_FALSE(chain.has_carrier(first)) << "the other end is dead";
    chain.plug(2 - first, true);
    chain.advance(seconds(60));
    EXPECT_TRUE(chain.has_carrier(0) && chain.has_carrier(1) && chain.has_carrier(2));
  }
}

TEST(LinkChain, ComesToRest) {
  constexpr int kChains = 2000, kEvents = 30;
  std::mt19937 random(4711);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  for (int round = 0; round < kChains && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    Chain chain{milliseconds(below(14'000))};
    for (int event = 0; event < kEvents; ++event) {
      chain.plug(below(Chain::kCables), below(3) != 0);
      chain.advance(milliseconds(below(below(3) == 0 ? 60'000 : 2'000)));
    }
    const bool all_plugged = below(2) == 0;
    for (std::size_t i = 0; all_plugged && i < Chain::kCables; ++i) chain.plug(i, true);
    chain.advance(seconds(300));
    const std::size_t before = chain.changes();
    chain.advance(seconds(600));
    EXPECT_EQ(chain.changes(), before) << "it is not at rest";
    bool sound = true;
    for (std::size_t i = 0; i < Chain::kCables; ++i) sound = sound && chain.is_plugged(i);
    for (std::size_t i = 0; i < Chain::kCables; ++i) {
      if (sound) {
        EXPECT_TRUE(chain.has_carrier(i));
      }
    }
    if (!sound) {
      EXPECT_FALSE(chain.has_carrier(0) && chain.has_carrier(2)) << "both ends think all is well";
    }
  }
}

}  // namespace
}  // namespace sluice::io
