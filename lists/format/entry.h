#pragma once

// What a list file says, line by line, before anything is compiled.
//
// Every format is one function: text in, entries and line errors out. One bad line never drops the
// rest, and never goes unsaid. Allocates; no I/O (compile/load.h reads files).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/match/rule.h"
#include "filters/name/name.h"

namespace sluice::lists {

struct Entry {
  name::Name name;
  match::EntryKind kind = match::EntryKind::suffix;
  std::uint32_t line = 0;  // 1 is the first
};

struct LineError {
  std::uint32_t line = 0;
  std::string text;    // the entry as written, escaped and cut to a readable length
  std::string reason;  // for an operator: what is wrong, and what would be right
};

struct Parsed {
  std::vector<Entry> entries;
  std::vector<LineError> errors;  // at most kMaxErrors; `error_count` counts them all
  std::uint64_t error_count = 0;
  static constexpr std::size_t kMaxErrors = 1000;
};

enum class Format : std::uint8_t { domains, hosts };

}  // namespace sluice::lists
