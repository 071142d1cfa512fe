#pragma once

// Reads an audit trail, a line at a time, in both formats of gateway/telemetry/README.md: our own,
// and EVE.
//
// Lines may be anything: a line that is no record is counted, and never stops the reading. Pure but
// for the stream that it is given; allocates.

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::audit {

struct Line {
  enum class Kind : std::uint8_t { decision, unjudged, start, update, lost };
  Kind kind = Kind::decision;
  std::string time;  // RFC 3339, UTC, in both formats
  std::string action, would, app, name, protocol, client, policy, list, list_version;
  std::string reason;              // unjudged
  std::uint64_t suppressed = 0;    // unjudged: such drops without a record
  std::uint64_t lost = 0;          // lost: records
  std::uint64_t generation = 0;    // update
  std::string result;              // update
  std::vector<std::string> lists;  // update: `name version`
  std::string version;             // start: of the program
};

// nullopt: no record of these formats.
[[nodiscard]] std::optional<Line> parse_line(std::string_view text);

// A line of any length, without its end; over kMostBytes it is cut. False: there is no more.
inline constexpr std::size_t kMostBytes = 64 * 1024;
bool next_line(std::istream& in, std::string& line);

// `192.0.2.1:5000` or `[2001:db8::1]:5000` without the port; a pseudonym as it is.
[[nodiscard]] std::string_view without_port(std::string_view client) noexcept;

}  // namespace sluice::audit
