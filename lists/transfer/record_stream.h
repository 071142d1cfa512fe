#pragma once

// The records of a transfer in their order: what they say about the zone (RFC 5936, RFC 1995).
//
//   AXFR                 SOA new │ record … │ SOA new
//   IXFR, incremental    SOA new │ SOA old, removed …, SOA next, added … │ … │ SOA new
//   IXFR, as AXFR        SOA new │ record … │ SOA new
//   IXFR, nothing new    SOA ours
//
// Pure: records come in, one by one, calls go out. Bounded by the caller, who counts bytes. What
// does not follow this order is refused: the zone stays as it was.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "lists/transfer/knot.h"

namespace sluice::lists {

struct Soa {
  std::uint32_t serial = 0;
  std::uint32_t refresh = 0, retry = 0, expire = 0;  // seconds
  friend bool operator==(const Soa&, const Soa&) = default;
};
// Empty: the record has no whole SOA.
[[nodiscard]] std::optional<Soa> soa_of(const knot_rrset_t& record) noexcept;

// RFC 1982, so that serials may wrap around.
[[nodiscard]] constexpr bool is_newer(std::uint32_t a, std::uint32_t b) noexcept {
  return a != b && static_cast<std::uint32_t>(a - b) < 0x80000000U;
}

class RecordStream {
 public:
  enum class Does : std::uint8_t { full, add, remove };  // full: of the whole zone
  // `soa`: of the zone as it will be. Views, valid during the call. False: the receiver refuses it,
  // and says why itself.
  using Take = FunctionRef<bool(Does does, const Soa& soa, const knot_rrset_t& record)>;
  enum class State : std::uint8_t { more, up_to_date, whole_zone, changes };

  // `zone` in wire form, lower case. `serial`: of what we have; empty: nothing.
  RecordStream(std::vector<std::uint8_t> zone, std::optional<std::uint32_t> serial)
      : zone_(std::move(zone)), ours_(serial) {}

  // REQUIRES: the state is `more`.
  [[nodiscard]] Result<State, std::string> take(const knot_rrset_t& record, Take give);
  [[nodiscard]] State state() const noexcept { return state_; }
  // Of the zone as it will be. REQUIRES: a record was taken.
  [[nodiscard]] const Soa& soa() const noexcept { return newest_; }
  // Only the SOA was seen.
  [[nodiscard]] bool is_at_second() const noexcept { return stage_ == Stage::second; }

 private:
  enum class Stage : std::uint8_t { first, second, full, removing, adding };

  [[nodiscard]] Result<State, std::string> take_first(const knot_rrset_t& record);
  [[nodiscard]] Result<State, std::string> take_soa(const Soa& soa);

  const std::vector<std::uint8_t> zone_;
  const std::optional<std::uint32_t> ours_;
  Stage stage_ = Stage::first;
  State state_ = State::more;
  Soa newest_;
  std::uint32_t reached_ = 0;  // the serial that the differences so far lead to
};

}  // namespace sluice::lists
