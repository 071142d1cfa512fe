#pragma once

// What a list says, entry by entry, before anything is compiled.
//
// A format turns text into entries, errors and warnings and gives them to a sink in the order of
// lines, so a list of millions needs no memory here. A bad line is reported and never drops the
// rest. No I/O: compile/source.h reads files.
//
// Validity (from, until; by default always) joins Entry when a format has it. compile/ carries it
// on: see to_entry_kind() in compile/compile.cpp, and match::NewEntry.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/function_ref.h"
#include "filters/base/ip_address.h"
#include "filters/match/answer.h"

namespace sluice::lists {

enum class Kind : std::uint8_t {
  name,       // a domain name, or a signature as match/pseudo_name.h writes it
  glob,       // a name with stars in its labels
  addresses,  // a range of server addresses
};
enum class Action : std::uint8_t {
  block,
  allow,   // an exception: longer ones, and those of equal length, prevail over blocks
  exempt,  // the other entries of this line do not cover the name, nor what is below it
};
enum class Scope : std::uint8_t {
  subtree,  // the name and all below it
  itself,   // the name alone
  below,    // all below the name, but not the name; never of a glob
};

// The views are valid only while the sink is called.
struct Entry {
  Kind kind = Kind::name;
  Action action = Action::block;
  Scope scope = Scope::subtree;  // a range is always `itself`
  bool important = false;        // prevails over all that is not, longer ones too
  std::uint32_t line = 0;        // 1 is the first
  // Of a block: what a DNS question for it is answered with, if its policy enforces. Entries that
  // differ only in records are one entry with several records.
  match::Answer answer = {};
  Bytes name = {};      // name, glob: wire form, lower case, not the root
  IpPrefix range = {};  // addresses
  // As the list writes it, where kind, scope and name cannot tell (an IDN, an escape).
  std::string_view source = {};
};

struct LineError {
  std::uint32_t line = 0;
  std::string text;                  // the entry as written; escaped and cut to a readable length
  std::string reason;                // what is wrong, and what would be right
  std::string_view code = "syntax";  // for machines, and stable: lists/README.md has all
};
using LineWarning = LineError;  // about an entry that is taken

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

// Takes what a format finds, in the order of lines.
struct Sink {
  FunctionRef<void(const Entry&)> entry;
  FunctionRef<void(LineError&&)> error;
  FunctionRef<void(LineWarning&&)> warning;
};

// The text of a list, or a part of it that starts at the start of a line.
struct TextPart {
  std::string_view bytes;
  std::uint32_t first_line = 1;  // a byte order mark is one only at the start of line 1
};

}  // namespace sluice::lists
