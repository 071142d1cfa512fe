#pragma once

// The chain of an audit trail: each line ends in a value that follows from it and from all lines
// before it, so a line that was changed, taken out or put in shows.
//
//   {"v":1, … ,"chain":"9f86d081884c7d65 9a2feaa0c55ad015"}      32 hex digits, without the blank
//
// value = the first 16 bytes of SHA-256(value before, line without `,"chain":…`), or, under a key,
// of HMAC-SHA-256 of the same. Without a key whoever can write the file can make a chain anew;
// under a key only its holder can. What a chain cannot show is that its last lines were cut off:
// note the last value elsewhere, and give it to `sluice audit verify --expect`. One thread.
// Allocates.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::audit {

// Lower case, two digits a byte.
[[nodiscard]] std::string to_hex(std::span<const unsigned char> bytes);

using ChainValue = std::array<unsigned char, 16>;
[[nodiscard]] std::string to_text(const ChainValue& value);
// nullopt: not 32 lower-case hex digits.
[[nodiscard]] std::optional<ChainValue> parse_chain_value(std::string_view text) noexcept;

class Chain {
 public:
  // An empty key: no key.
  explicit Chain(std::string key, const ChainValue& before = {})
      : key_(std::move(key)), value_(before) {}

  // Puts the value at the end of a line, which is a JSON object.
  void add(std::string& line);
  [[nodiscard]] const ChainValue& value() const noexcept { return value_; }

 private:
  std::string key_;
  ChainValue value_;
};

// A line that has a value, in two.
struct ChainedLine {
  std::string body;  // the line as it was before add()
  ChainValue value{};
};
[[nodiscard]] std::optional<ChainedLine> split_chained(std::string_view line);

// The value of the last whole line of a file; nullopt: it has none, or no such file is there. Reads
// its last 16 KiB.
[[nodiscard]] std::optional<ChainValue> last_value_of(const std::filesystem::path& file);

// Looks at lines in the order in which they were written, of one file after the other.
class ChainCheck {
 public:
  explicit ChainCheck(std::string key) : key_(std::move(key)) {}

  enum class Finding : std::uint8_t {
    follows,
    begins,       // a process began a chain, having found none to go on with
    within,       // the first line: what was before it is not known
    broken,       // it does not follow from the line before
    not_chained,  // it has no value, or is half a line
  };
  Finding take(std::string_view line);
  // Of the last line that has one.
  [[nodiscard]] std::optional<ChainValue> last() const noexcept { return last_; }

 private:
  [[nodiscard]] bool follows(const ChainedLine& line, const ChainValue& before) const;

  std::string key_;
  std::optional<ChainValue> last_;
};

}  // namespace sluice::audit
