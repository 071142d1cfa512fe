#pragma once

// The course that each case runs: client, gateway, model server; with the gateway and without it.
//
//   client's script ─► gateway ─► (hops) ─► model server ─► its answers ─► gateway ─► client
//
// The gateway is an engine of the run's own, on a dataplane in memory; or one that is at work
// between two network devices (wire.h), which knows no ends of earlier runs.
//
// Banned: without the gateway, the server reads a banned name (otherwise the case proves nothing);
// with it, never. Ordinary: the server reads the same bytes with and without the gateway.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/evasion/cases.h"
#include "tests/evasion/wire.h"
#include "tests/gateway/engine/lab.h"

namespace sluice::evasion {

struct Result {
  std::size_t runs = 0;
  std::size_t left_out = 0;             // runs that the wire cannot carry
  std::size_t shown = 0;                // runs in which the banned name is read without the gateway
  std::size_t broken = 0;               // ordinary streams that broke, as Script::needs_server says
  std::vector<std::string> passed;      // the server read a banned name: what, and where
  std::vector<std::string> collateral;  // an ordinary stream did not come through as it was sent
  [[nodiscard]] bool is_right() const {
    return (shown > 0 || runs == 0) && passed.empty() && collateral.empty();
  }
  void add(const Result& other);
};

// Sanitizers make a run ten times as long, so they run a sample of each case's scripts. tests/run
// runs all scripts in the release build.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kEvery = 25;
#else
inline constexpr std::size_t kEvery = 1;
#endif
// Which of `count` scripts are run: every so many, but some of each case.
[[nodiscard]] constexpr std::size_t step_through(std::size_t count, std::size_t every) {
  constexpr std::size_t kLeast = 6;
  return std::min(every, std::max<std::size_t>(count / kLeast, 1));
}

// How the gateway of a run is set up.
struct Gateway {
  bool enforce = true;   // false: it reports and blocks nothing
  bool offload = false;  // its dataplane handles frames of decided flows itself
  std::size_t workers = 1;
  bool asymmetric = false;  // it is told that routes may be asymmetric
  bool one_way = false;     // they are: no packet of a server comes by
  std::size_t every = kEvery;
  const Wires* wires = nullptr;  // null: an engine in memory, as above
};

// A run's own engine: a small one, because there are many thousands.
class Engine final : public Middlebox {
 public:
  explicit Engine(Gateway gateway, policy::Ech ech = policy::Ech::allow);
  std::vector<ByteVector> forward(const ByteVector& frame, io::Side side) override;

 private:
  test::Lab lab_;
};

[[nodiscard]] Result run_case(const Case& entry, Kind kind, Family family, Gateway gateway = {});
[[nodiscard]] Result run_case(const Case& entry, Family family, Gateway gateway = {});

}  // namespace sluice::evasion
