#pragma once

// The vocabulary of the matcher: kinds of entries, where a rule comes from, and the result of a
// lookup. Values.

#include <cstdint>
#include <string_view>

#include "filters/name/name.h"

namespace sluice::match {

enum class EntryKind : std::uint8_t {
  suffix,           // the name and all below it
  exact,            // the name alone
  exception,        // the name and all below it are let through
  exact_exception,  // the name alone is let through
  below,            // all below the name, but not the name
  below_exception,  // all below the name is let through, but not the name
  exemption,        // rules of its own list and line do not cover the name, nor what is below it
};  // the values of SLUICE_RULE_KIND
inline constexpr std::uint8_t kEntryKinds = 7;

// Lookups apply exemptions and never report them, so only who goes through all rules meets one.
[[nodiscard]] constexpr bool is_exception(EntryKind kind) noexcept {
  return kind == EntryKind::exception || kind == EntryKind::exact_exception ||
         kind == EntryKind::below_exception || kind == EntryKind::exemption;
}

[[nodiscard]] constexpr bool is_exact(EntryKind kind) noexcept {
  return kind == EntryKind::exact || kind == EntryKind::exact_exception;
}

[[nodiscard]] constexpr bool covers_itself(EntryKind kind) noexcept {
  return kind != EntryKind::below && kind != EntryKind::below_exception;
}
[[nodiscard]] constexpr bool covers_below(EntryKind kind) noexcept {
  return !is_exact(kind);
}

// Identifies a rule in its DomainSet.
struct RuleId {
  std::uint32_t index = 0xffffffffU;
  [[nodiscard]] bool valid() const noexcept { return index != 0xffffffffU; }
  friend bool operator==(RuleId, RuleId) = default;
};

// Index of an app in its DomainSet. kAny is the app of exceptions that hold for every app.
struct AppId {
  static constexpr std::uint8_t kAny = 0xff;
  std::uint8_t index = kAny;
  friend bool operator==(AppId, AppId) = default;
};
inline constexpr std::size_t kMaxApps = 64;

struct ListId {
  std::uint16_t index = 0;
  friend bool operator==(ListId, ListId) = default;
};

// What a rule is and where it comes from; read only after a hit.
struct Rule {
  EntryKind kind = EntryKind::suffix;
  bool is_glob = false;  // stars in its name stand for any bytes of their labels
  AppId app;
  ListId list;
  std::uint32_t line = 0;  // 1 is the first
};

struct Match {
  RuleId rule;              // invalid: no entry covers the name
  std::uint8_t labels = 0;  // of the entry that matched; 0: an address range
  EntryKind kind = EntryKind::suffix;
};

}  // namespace sluice::match
