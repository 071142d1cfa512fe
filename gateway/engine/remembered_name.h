#pragma once

// The name that a flow was passed for, so that a list update can end it. In memory only: never
// logged or exported unless a rule bans it.
//
// One cache line. A longer name keeps its rightmost labels: rules for a suffix still find it.

#include <algorithm>
#include <array>
#include <cstdint>

#include "filters/inspect/finding.h"
#include "filters/name/name.h"

namespace sluice::engine {

class RememberedName {
 public:
  void set(const name::Name& name, inspect::Protocol protocol) noexcept {
    std::size_t labels = name.label_count();
    while (name.suffix(labels).size() > wire_.size()) --labels;
    const Bytes kept = name.suffix(labels);
    std::ranges::copy(kept, wire_.begin());
    size_ = kept.size() & 0x7f;
    is_cut_ = labels != name.label_count();
    protocol_ = protocol;
  }
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  // There is a name, and no label of it is missing.
  [[nodiscard]] bool is_whole() const noexcept { return size_ != 0 && !is_cut_; }
  // REQUIRES: not empty().
  [[nodiscard]] name::Name name() const noexcept {
    return *name::Name::from_wire(Bytes(wire_).first(size_));
  }
  [[nodiscard]] inspect::Protocol protocol() const noexcept { return protocol_; }

 private:
  std::array<std::byte, 62> wire_;
  std::uint8_t size_ : 7 = 0;  // 62 at most
  bool is_cut_ : 1 = false;
  inspect::Protocol protocol_ = inspect::Protocol::tls;
};
static_assert(sizeof(RememberedName) == 64, "one cache line");

}  // namespace sluice::engine
