#pragma once

// Answers that formats of lines write: addresses, names, texts. Private to lists/format.

#include <array>
#include <string_view>

#include "filters/base/ip_address.h"
#include "filters/match/answer.h"

namespace sluice::lists {

inline constexpr std::uint32_t kLocalTtl = 300;  // seconds, where the format has none

// RR types, IANA.
inline constexpr std::uint16_t kTypeA = 1, kTypeTxt = 16, kTypeAaaa = 28;
using match::kTypeCname;

// Lists write unspecified and loopback addresses for a block, not to answer with them.
[[nodiscard]] bool is_sinkhole(const IpAddress& address) noexcept;

// The data of one answer at a time.
class AnswerData {
 public:
  // A record of the address; the policy's answer for a sinkhole.
  [[nodiscard]] match::Answer of(const IpAddress& address) noexcept;
  // REQUIRES: wire form.
  [[nodiscard]] match::Answer cname(Bytes name) noexcept;
  // One string. REQUIRES: at most 255 bytes.
  [[nodiscard]] match::Answer txt(std::string_view text) noexcept;

 private:
  [[nodiscard]] match::Answer record(std::uint16_t type, std::size_t size) const noexcept {
    return {match::AnswerKind::record, type, kLocalTtl, Bytes(bytes_).first(size)};
  }

  std::array<std::byte, 256> bytes_;
};

}  // namespace sluice::lists
