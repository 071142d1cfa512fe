#pragma once

// A name as a list writes it, to its wire form; or why it is no name, for an operator. Private to
// lists/format.
//
// Names of ASCII letters, digits, `-` and `_` take a fast path that does not allocate. All others
// (escapes, stars, U-labels, bad names) take a slow one.

#include <array>
#include <string>
#include <string_view>

#include "filters/base/result.h"
#include "filters/name/name.h"
#include "lists/format/entry.h"

namespace sluice::lists {

enum class Globs : std::uint8_t { refused, taken };

struct ReadName {
  Bytes wire;  // lies in the reader until it reads the next name
  bool is_glob = false;
  bool has_a_label = false;   // some label starts with xn--
  bool needs_source = false;  // the wire form does not tell how the name was written
};

class NameReader {
 public:
  [[nodiscard]] Result<ReadName, std::string> read(std::string_view text, Globs globs);

 private:
  bool read_plain(std::string_view text, ReadName& read);
  Result<ReadName, std::string> read_ascii(std::string_view text, Globs globs);
  Result<ReadName, std::string> read_international(std::string_view text, Globs globs);

  std::array<std::byte, name::kMaxNameBytes> bytes_;
};

// A name that is in wire form already. It must outlive the result.
[[nodiscard]] ReadName as_read(const name::Name& name);

// Whether the name is one that hosts files give the machine itself: localhost, ip6-allnodes, …
[[nodiscard]] bool is_own_name(Bytes wire);

// Gives the entry of a name to the sink, after a warning if its A-labels are doubtful. `entry` has
// action, scope and line; `written` is the whole entry in the list.
void emit_name(const Sink& sink, const ReadName& name, Entry entry, std::string_view written);

}  // namespace sluice::lists
