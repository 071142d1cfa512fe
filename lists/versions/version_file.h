#pragma once

// A version of a source's lists in one file: a head of lines, and the texts behind it.
//
//   sluice lists 1
//   label 2026-11-28                 for people; may be empty
//   number 7                         of a bundle: its version; 0: not a bundle
//   digest HEX                       SHA-256 of what was fetched
//   taken 1795831200                 Unix time
//   validator "a1b2"                 what its feed asks with for less; may be empty
//   until 1798509600                 of a bundle: Unix time until which it may be taken
//   list HEX BYTES FORMAT NAME       SHA-256 of a text, its length, a format or `auto`; its name
//                                    last, because it may have blanks, or be empty
//   of list chat                     of a bundle: the kind and the app that its manifest gives to
//   list …                           the list above; `of image` has no app
//   end HEX                          SHA-256 of all lines above
//   the texts, one after the other
//
// A head is at most kMaxHead bytes with kMaxLists lists. parse_head() takes exactly what
// write_head() writes, and nothing else. Pure; allocates.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/result.h"
#include "lists/bundle/manifest.h"
#include "lists/format/format.h"

namespace sluice::lists {

inline constexpr std::size_t kMaxHead = std::size_t{1} << 20;
inline constexpr std::size_t kMaxListsOfVersion = 1024;
inline constexpr std::size_t kMaxHeadText = 512;  // bytes of a label, a validator, a name

// What a list is, and for whom.
struct Purpose {
  MemberKind kind = MemberKind::list;
  std::string app;  // "*": every app; empty: of an image
  friend bool operator==(const Purpose&, const Purpose&) = default;
};

struct ListPart {
  std::string digest = {};  // 64 hex digits
  std::uint64_t bytes = 0;
  FormatChoice format = {};  // none for an image
  std::string name = {};
  std::optional<Purpose> purpose = {};  // as the manifest of a bundle says; none: not of a bundle
  friend bool operator==(const ListPart&, const ListPart&) = default;
};

struct VersionHead {
  std::string label;
  std::uint64_t number = 0;
  std::string digest;  // 64 hex digits
  std::chrono::sys_seconds taken;
  std::string validator;
  std::optional<std::chrono::sys_seconds> until;  // of a bundle; none: an older Sluice wrote it
  std::vector<ListPart> lists;

  // Without the head.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  friend bool operator==(const VersionHead&, const VersionHead&) = default;
};

// Whether a text may stand in a head: bounded, without control characters.
[[nodiscard]] bool may_be_in_head(std::string_view text) noexcept;

// REQUIRES: digests are 64 hex digits, texts may be in a head, images and no others have no app, at
// most kMaxListsOfVersion lists of at most 2^62 bytes together; no time before 1970.
[[nodiscard]] std::string write_head(const VersionHead& head);

struct ParsedHead {
  VersionHead head;
  std::size_t size = 0;  // where the texts start
};
// `bytes`: the file, or its first kMaxHead bytes. Error: the reason.
[[nodiscard]] Result<ParsedHead, std::string> parse_head(std::string_view bytes);

}  // namespace sluice::lists
