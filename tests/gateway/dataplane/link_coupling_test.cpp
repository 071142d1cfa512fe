// Two ports in a made-up world: cables that are pulled, operators, cards that take their time.

#include "gateway/dataplane/links/coupling.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sluice::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = LinkCoupling::Time;

constexpr std::size_t kInside = 0, kOutside = 1;

// Two ports, each with a cable, and a keeper that does what the coupling says and checks it.
class World {
 public:
  enum class Hand : std::uint8_t { nobody, ours, operators };  // who took a port down

  explicit World(milliseconds negotiation = seconds(3)) {
    for (Port& port : ports_) port.negotiation = negotiation;
    advance(negotiation + seconds(1));
  }

  void plug(std::size_t port, bool in) {
    if (ports_.at(port).is_plugged == in) return;
    ports_.at(port).is_plugged = in;
    ports_.at(port).since = now_;
    look();
  }
  void unplug_both() {
    for (Port& port : ports_) port.is_plugged = false;
    look();
  }
  void set_by_operator(std::size_t port, bool up) {
    Port& it = ports_.at(port);
    if (is_up(port) == up) return;  // the kernel says nothing then
    if (up && it.down_by == Hand::ours) it.is_left_alone = true;
    it.down_by = up ? Hand::nobody : Hand::operators;
    it.since = now_;
    look();
  }
  void set_negotiation(std::size_t port, milliseconds time) { ports_.at(port).negotiation = time; }
  void refuse(bool refuses) { refuses_ = refuses; }

  // As the keeper waits: until something happens, or the coupling wants to look.
  void advance(milliseconds time) {
    const Time end = now_ + time;
    while (true) {
      Time next = end;
      next = std::min(next, coupling_.next_look().value_or(end));
      for (std::size_t i = 0; i < 2; ++i) {
        const Time found = ports_.at(i).since + ports_.at(i).negotiation;
        if (found > now_) next = std::min(next, found);
      }
      now_ = std::max(now_, next);
      look();
      if (now_ >= end) return;
    }
  }

  [[nodiscard]] bool is_up(std::size_t port) const {
    return ports_.at(port).down_by == Hand::nobody;
  }
  [[nodiscard]] bool has_carrier(std::size_t port) const {
    const Port& it = ports_.at(port);
    return is_up(port) && it.is_plugged && now_ >= it.since + it.negotiation;
  }
  [[nodiscard]] Hand down_by(std::size_t port) const { return ports_.at(port).down_by; }
  [[nodiscard]] bool is_plugged(std::size_t port) const { return ports_.at(port).is_plugged; }
  [[nodiscard]] bool is_held(std::size_t port) const { return coupling_.is_held(port); }
  // An operator put it up when it was held, and the other one has not been well since.
  [[nodiscard]] bool is_left_alone(std::size_t port) const { return ports_.at(port).is_left_alone; }
  [[nodiscard]] std::size_t changes() const { return changes_; }

 private:
  struct Port {
    bool is_plugged = true;
    Hand down_by = Hand::nobody;
    milliseconds negotiation{};
    Time since{};        // it was plugged in, or put up
    Time last_change{};  // that we made
    bool changed = false;
    bool is_left_alone = false;
  };

  void look() {
    for (std::size_t i = 0; i < 2; ++i) {
      if (has_carrier(i)) ports_.at(1 - i).is_left_alone = false;
    }
    for (int rounds = 0;; ++rounds) {
      ASSERT_LT(rounds, 8) << "changes follow each other without end";
      const PortStates states = {state_of(kInside), state_of(kOutside)};
      const auto change = coupling_.look(states, now_);
      if (!change) break;
      check(*change);
      if (!refuses_) make(*change);
      coupling_.tried(*change, !refuses_, now_);
    }
    EXPECT_GT(coupling_.next_look().value_or(Time::max()), now_) << "it would look for ever";
    EXPECT_FALSE(coupling_.is_held(kInside) && coupling_.is_held(kOutside));
  }
  [[nodiscard]] PortState state_of(std::size_t port) const {
    return {.is_up = is_up(port), .has_carrier = has_carrier(port)};
  }
  void check(const PortChange& change) const {
    const Port& port = ports_.at(change.port);
    const std::size_t other = 1 - change.port;
    if (change.up) {
      EXPECT_EQ(port.down_by, Hand::ours) << "what an operator took down, he puts up";
      EXPECT_TRUE(has_carrier(other));
    } else {
      EXPECT_TRUE(has_carrier(change.port)) << "a port without link is taken down for nothing";
      EXPECT_FALSE(has_carrier(other));
      EXPECT_NE(down_by(other), Hand::ours) << "it has no carrier because of us";
      EXPECT_FALSE(port.is_left_alone) << "an operator wants it up";
    }
    if (port.changed) {
      EXPECT_GE(now_ - port.last_change, LinkCoupling::kBetweenChanges);
    }
  }
  void make(const PortChange& change) {
    Port& port = ports_.at(change.port);
    port.down_by = change.up ? Hand::nobody : Hand::ours;
    port.since = port.last_change = now_;
    port.changed = true;
    ++changes_;
  }

  std::array<Port, 2> ports_;
  Time now_{std::chrono::hours(1)};
  LinkCoupling coupling_;
  bool refuses_ = false;
  std::size_t changes_ = 0;
};

class OfEitherSide : public testing::TestWithParam<std::size_t> {
 protected:
  const std::size_t lost_ = GetParam(), other_ = 1 - GetParam();
  World world_;
};
INSTANTIATE_TEST_SUITE_P(LinkCoupling, OfEitherSide, testing::Values(kInside, kOutside));

TEST_P(OfEitherSide, NothingIsChangedWhileBothAreWell) {
  world_.advance(seconds(600));
  EXPECT_EQ(world_.changes(), 0U);
}

TEST_P(OfEitherSide, ALostCarrierTakesTheOtherPortDownAtOnce) {
  world_.plug(lost_, false);
  EXPECT_EQ(world_.down_by(other_), World::Hand::ours);
  EXPECT_TRUE(world_.is_up(lost_)) << "or its carrier would never come back";
  world_.advance(seconds(600));
  EXPECT_EQ(world_.changes(), 1U);
}

TEST_P(OfEitherSide, TheCarrierComesBackAndSoDoesTheOtherPort) {
  world_.plug(lost_, false);
  world_.advance(seconds(60));
  world_.plug(lost_, true);
  world_.advance(seconds(3));
  EXPECT_TRUE(world_.is_up(other_));
  world_.advance(seconds(3));
  EXPECT_TRUE(world_.has_carrier(other_));
  EXPECT_EQ(world_.changes(), 2U);
}

// The port that was put up negotiates for longer than a blink: it has not failed.
TEST_P(OfEitherSide, SlowCardsDoNotTakeEachOtherDown) {
  world_.set_negotiation(lost_, seconds(2));
  world_.set_negotiation(other_, LinkCoupling::kPatience - seconds(1));
  world_.plug(lost_, false);
  world_.advance(seconds(5));
  world_.plug(lost_, true);
  world_.advance(seconds(600));
  EXPECT_TRUE(world_.has_carrier(lost_) && world_.has_carrier(other_));
  EXPECT_EQ(world_.changes(), 2U);
}

TEST_P(OfEitherSide, OfTwoDeadLinksNeitherIsTakenDown) {
  world_.plug(lost_, false);
  world_.plug(other_, false);  // it is held already: nobody sees this
  world_.plug(lost_, true);
  world_.advance(seconds(3));
  EXPECT_TRUE(world_.is_up(other_));
  EXPECT_TRUE(world_.is_up(lost_)) << "the other one has time to find its carrier";
  world_.advance(LinkCoupling::kPatience);
  EXPECT_EQ(world_.down_by(lost_), World::Hand::ours) << "it found none";
  world_.plug(other_, true);
  world_.advance(seconds(10));
  EXPECT_TRUE(world_.has_carrier(lost_) && world_.has_carrier(other_));
}

// Both neighbours start again, or a program is put on both cards: one is back first.
TEST_P(OfEitherSide, TheSecondOfTwoLinksHasTimeToComeBack) {
  world_.unplug_both();
  world_.advance(seconds(600));
  world_.plug(lost_, true);
  world_.advance(seconds(3));
  world_.plug(other_, true);
  world_.advance(seconds(600));
  EXPECT_TRUE(world_.has_carrier(lost_) && world_.has_carrier(other_));
  EXPECT_EQ(world_.changes(), 0U);
}

TEST_P(OfEitherSide, AnOperatorTakesBothDownByOne) {
  world_.set_by_operator(lost_, false);
  EXPECT_EQ(world_.down_by(other_), World::Hand::ours);
  world_.advance(seconds(600));
  EXPECT_EQ(world_.down_by(lost_), World::Hand::operators) << "he puts it up himself";
  world_.set_by_operator(lost_, true);
  world_.advance(seconds(10));
  EXPECT_TRUE(world_.has_carrier(lost_) && world_.has_carrier(other_));
}

// We do not quarrel with an operator, or with a program that manages interfaces.
TEST_P(OfEitherSide, APortThatAnOperatorPutsUpIsLeftAlone) {
  world_.plug(lost_, false);
  world_.set_by_operator(other_, true);
  world_.advance(seconds(600));
  EXPECT_TRUE(world_.has_carrier(other_));
  world_.plug(lost_, true);
  world_.advance(seconds(10));
  world_.plug(lost_, false);  // the next time it is as always
  EXPECT_EQ(world_.down_by(other_), World::Hand::ours);
}

TEST_P(OfEitherSide, AFlappingLinkChangesTheOtherPortOnceASecondAtMost) {
  world_.set_negotiation(lost_, milliseconds(0));
  world_.set_negotiation(other_, milliseconds(0));
  for (int i = 0; i < 1000; ++i) {
    world_.plug(lost_, i % 2 != 0);
    world_.advance(milliseconds(10));
  }
  EXPECT_GE(world_.changes(), 5U);
  EXPECT_LE(world_.changes(), 11U);  // in ten seconds
  world_.advance(seconds(2));
  EXPECT_TRUE(world_.has_carrier(other_));
}

TEST_P(OfEitherSide, AChangeThatIsRefusedIsTriedAgain) {
  world_.refuse(true);
  world_.plug(lost_, false);
  world_.advance(seconds(5));
  EXPECT_TRUE(world_.is_up(other_));
  EXPECT_FALSE(world_.is_held(other_));
  world_.refuse(false);
  world_.advance(seconds(1));
  EXPECT_TRUE(world_.is_held(other_));
}

// However long it took until it could be put up.
TEST_P(OfEitherSide, APortThatIsPutUpLateHasTimeToFindItsCarrier) {
  world_.plug(lost_, false);
  world_.refuse(true);
  world_.plug(lost_, true);
  world_.advance(LinkCoupling::kPatience * 2);
  world_.refuse(false);
  world_.advance(seconds(60));
  EXPECT_TRUE(world_.has_carrier(lost_) && world_.has_carrier(other_));
  EXPECT_EQ(world_.changes(), 2U);
}

TEST_P(OfEitherSide, ACarrierThatWasFoundAndIsLostAgainIsLost) {
  world_.plug(lost_, false);
  world_.plug(lost_, true);
  world_.advance(seconds(8));  // both have found their carriers, and patience is not over
  ASSERT_TRUE(world_.has_carrier(other_));
  world_.plug(other_, false);
  EXPECT_EQ(world_.down_by(lost_), World::Hand::ours);
}

// A start finds the ports up (put_up), but maybe without a carrier.
TEST(LinkCoupling, AStartWithADeadLink) {
  LinkCoupling coupling;
  const Time start{std::chrono::hours(1)};
  const PortStates states = {PortState{true, false}, PortState{true, true}};
  EXPECT_FALSE(coupling.look(states, start)) << "it may still negotiate";
  ASSERT_EQ(coupling.next_look(), start + LinkCoupling::kPatience);
  const auto change = coupling.look(states, start + LinkCoupling::kPatience);
  EXPECT_TRUE(change && change->port == kOutside && !change->up);
}

TEST(LinkCoupling, AStartWithTwoDeadLinks) {
  LinkCoupling coupling;
  const Time start{std::chrono::hours(1)};
  const PortStates states = {PortState{true, false}, PortState{true, false}};
  EXPECT_FALSE(coupling.look(states, start));
  EXPECT_FALSE(coupling.look(states, start + LinkCoupling::kPatience));
  EXPECT_FALSE(coupling.next_look());
}

// Whatever happens, the checks of World hold; and once nothing happens any more, the ports are as
// cables and operators have them, and stay so.
TEST(LinkCoupling, ComesToRest) {
  constexpr int kWorlds = 3000, kEvents = 40;
  std::mt19937 random(20261128);
  const auto below = [&](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  for (int round = 0; round < kWorlds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    World world(milliseconds(below(4) == 0 ? 0 : below(14'000)));
    for (int event = 0; event < kEvents; ++event) {
      const std::size_t port = below(2);
      switch (below(7)) {
        case 0:
          world.set_by_operator(port, false);
          break;
        case 1:
          world.set_by_operator(port, true);
          break;
        case 2:
          world.refuse(below(3) == 0);
          break;
        default:
          world.plug(port, below(3) != 0);
          break;
      }
      constexpr std::array kPauses = {milliseconds(0), milliseconds(30), milliseconds(900),
                                      milliseconds(4'000), milliseconds(40'000)};
      world.advance(milliseconds(
          below(static_cast<unsigned>(kPauses.at(below(kPauses.size())).count() + 1))));
    }
    world.refuse(false);
    world.advance(seconds(120));
    const std::size_t before = world.changes();
    world.advance(seconds(600));
    EXPECT_EQ(world.changes(), before) << "it is not at rest";
    std::array<bool, 2> sound{};
    for (std::size_t i = 0; i < 2; ++i) {
      sound.at(i) = world.is_plugged(i) && world.down_by(i) != World::Hand::operators;
    }
    if (sound[0] && sound[1]) {
      EXPECT_TRUE(world.has_carrier(0) && world.has_carrier(1)) << "both links are sound";
    } else if (sound[0] != sound[1]) {
      const std::size_t well = sound[0] ? 0 : 1;
      EXPECT_EQ(world.is_held(well), !world.is_left_alone(well)) << "the other link is dead";
      EXPECT_FALSE(world.is_held(1 - well)) << "its carrier could never come back";
    }
  }
}

}  // namespace
}  // namespace sluice::io
