#pragma once

// What a list file says, line by line, before anything is compiled.
//
// Every format is one function: text in; entries, errors and warnings out to a sink, as they come.
// Nothing is kept, so a list of millions costs no memory here. One bad line never drops the rest,
// and never goes unsaid. No I/O (compile/load.h reads files).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/function_ref.h"
#include "filters/match/rule.h"

namespace sluice::lists {

// Its views are valid only while the sink is called.
struct Entry {
  Bytes name;  // wire form, lower case, not the root; stars stand in the labels of a glob
  match::EntryKind kind = match::EntryKind::suffix;
  bool is_glob = false;
  std::uint32_t line = 0;        // 1 is the first
  std::string_view source = {};  // as written, where that says more than name and kind; else empty
};

struct LineError {
  std::uint32_t line = 0;
  std::string text;    // the entry as written, escaped and cut to a readable length
  std::string reason;  // for an operator: what is wrong, and what would be right
};
using LineWarning = LineError;  // said of an entry that is taken

// The first of many, and how many there were.
struct Notes {
  std::vector<LineError> shown;
  std::uint64_t count = 0;
  static constexpr std::size_t kMost = 1000;

  void add(LineError note) {
    ++count;
    if (shown.size() < kMost) shown.push_back(std::move(note));
  }
};

// Where a format hands its findings; lines come in order.
struct Sink {
  FunctionRef<void(const Entry&)> entry;
  FunctionRef<void(LineError&&)> error;
  FunctionRef<void(LineWarning&&)> warning;
};

// A list, or a part of one that starts where a line starts.
struct ListText {
  std::string_view bytes;
  std::uint32_t first_line = 1;  // a byte order mark means something at the start of line 1 only
};

enum class Format : std::uint8_t { domains, hosts, endpoints };

}  // namespace sluice::lists
