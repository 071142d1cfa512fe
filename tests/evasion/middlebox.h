#pragma once

// What stands between the client and the server of a run.

#include <vector>

#include "gateway/dataplane/dataplane.h"
#include "tests/support/packet_builder.h"

namespace sluice::evasion {

class Middlebox {
 public:
  Middlebox() = default;
  virtual ~Middlebox() = default;
  Middlebox(const Middlebox&) = delete;
  Middlebox& operator=(const Middlebox&) = delete;

  // What comes out on the other side for `frame`, which came in on `side`: nothing, the frame,
  // changed or not, or its fragments.
  [[nodiscard]] virtual std::vector<test::ByteVector> forward(const test::ByteVector& frame,
                                                              io::Side side) = 0;
};

}  // namespace sluice::evasion
