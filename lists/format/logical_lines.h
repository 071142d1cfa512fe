#pragma once

// The logical lines of a zone file (RFC 1035 section 5.1): without comments, and what parentheses
// hold together on one line. Private to lists/format. Views and one buffer; no I/O.

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::lists {

struct LogicalLine {
  std::string text;  // blanks in front stay, because they stand for the owner of the line before
  std::uint32_t number = 0;  // of its first line
  std::string_view problem;  // why it cannot be read; empty: it can
};

class LogicalLines {
 public:
  explicit LogicalLines(std::string_view text);

  // False: there are no more. Lines without text are left out.
  [[nodiscard]] bool next(LogicalLine& line);

 private:
  void read_line(LogicalLine& line);

  std::string_view rest_;
  std::uint32_t number_ = 0;
  unsigned depth_ = 0;  // open parentheses
};

}  // namespace sluice::lists
