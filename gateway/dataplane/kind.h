#pragma once

// The kinds of dataplane that `[dataplane] type` names. Pure.

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::io {

enum class Kind : std::uint8_t { pcap };

inline constexpr std::string_view kKinds = "pcap";  // all of them, for error messages

[[nodiscard]] constexpr std::optional<Kind> parse_kind(std::string_view word) noexcept {
  if (word == "pcap") return Kind::pcap;
  return std::nullopt;
}

}  // namespace sluice::io
