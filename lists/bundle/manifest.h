#pragma once

// The manifest of a bundle: what is in it, who made it, when, and until when it may be taken.
// README.md beside this file has its JSON.
//
// Values; allocate. Nothing here says whether a manifest can be trusted: see bundle.h.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/result.h"
#include "lists/format/format.h"

namespace sluice::lists {

enum class MemberKind : std::uint8_t {
  list,        // the text of a list
  exceptions,  // the same; every entry is an exception
  image,       // that `sluice lists build` wrote; it holds its lists and apps
};
// `list`, `exceptions`, `image`.
[[nodiscard]] std::string_view to_string(MemberKind kind) noexcept;
[[nodiscard]] std::optional<MemberKind> parse_member_kind(std::string_view word) noexcept;

struct Member {
  std::string name;  // a safe file name: see README.md. Unique in its bundle
  MemberKind kind = MemberKind::list;
  std::string app;               // "*": every app (exceptions only); empty: of an image
  std::optional<Format> format;  // none: of an image
  std::uint64_t size = 0;        // bytes
  std::string sha256;            // of its bytes: 64 hex digits, lower case

  friend bool operator==(const Member&, const Member&) = default;
};

struct Manifest {
  std::uint64_t version = 0;  // 1 to kMaxVersion; a newer bundle has a higher one
  std::chrono::sys_seconds created, valid_until;
  std::string author;  // for people; may be empty
  std::vector<Member> members;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

inline constexpr std::uint64_t kMaxVersion = (std::uint64_t{1} << 53) - 1;  // exact in any JSON
inline constexpr std::size_t kMaxManifest = std::size_t{256} << 10;         // bytes
inline constexpr std::size_t kMaxMembers = 256;
inline constexpr std::size_t kMaxMemberName = 128;  // bytes
inline constexpr std::size_t kMaxApp = 255;         // bytes
inline constexpr std::size_t kMaxAuthor = 255;      // bytes

// Letters, digits and `._+-`, with a letter or a digit in front.
[[nodiscard]] bool is_safe_member_name(std::string_view name) noexcept;

// Strict: unknown keys, duplicate ones and missing ones are errors, and everything that README.md
// excludes. Error: the reason, printable and short.
[[nodiscard]] Result<Manifest, std::string> parse_manifest(std::string_view json);
// Error: why parse_manifest() would refuse it.
[[nodiscard]] Result<std::string, std::string> write_manifest(const Manifest& manifest);

// `2026-11-28T01:34:49Z`, in the years 1970 to 9999.
[[nodiscard]] std::string time_text(std::chrono::sys_seconds time);
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) noexcept;

}  // namespace sluice::lists
