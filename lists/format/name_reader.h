#pragma once

// From a name as a list writes it to its wire form; else an operator's reason why it is none.
// Private to lists/format.
//
// Names of ASCII letters, digits, `-` and `_` take a short way without allocation; all others
// (escapes, stars, U-labels, what will be refused) a long one.

#include <array>
#include <string>
#include <string_view>

#include "filters/base/result.h"
#include "filters/name/name.h"
#include "lists/format/entry.h"

namespace sluice::lists {

enum class Globs : std::uint8_t { refused, taken };

struct ReadName {
  Bytes wire;  // in the reader, until it reads the next
  bool is_glob = false;
  bool has_a_label = false;  // some label starts with xn--
  bool says_more = false;    // the text cannot be had back from the wire form
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

// Hands a name on as an entry of a line, with a warning where its A-labels give cause. `written` is
// the whole entry in the list.
void hand_on(const Sink& sink, const ReadName& name, match::EntryKind kind, std::uint32_t line,
             std::string_view written);

}  // namespace sluice::lists
