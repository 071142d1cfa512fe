#pragma once

// DNS questions (RFC 1035 section 4.1; EDNS, RFC 6891). Answers: response.h.
//
// Input: one DNS message (UDP payload, or a message that dns/framing.h took from a TCP stream).
// Output: the questions by value, names decompressed and canonical.
// Pure: no allocation, no exceptions.
//
// Lenient where servers are (bytes after the questions, odd flags, pointers that lead forward, as
// public resolvers follow them). Strict where leniency would hide a name: if one question cannot be
// read, the message is refused.

#include <array>
#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "filters/dns/message.h"

namespace sluice::dns {

enum class QueryError : std::uint8_t {
  not_query,           // a response, another opcode, no question, or too short for a header
  malformed,           // a question cannot be read
  too_many_questions,  // over kMaxQuestions: no server answers more than one
};
inline constexpr std::size_t kQueryErrors = 3;

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  bool has_edns = false;          // an OPT record stands in the additional section
  bool dnssec_ok = false;         // its DO bit
  std::uint16_t udp_size = 0;     // what it says that its sender takes over UDP
  std::size_t questions_end = 0;  // offset behind the last question
  std::size_t count = 0;
  std::array<Question, kMaxQuestions> questions;

  // Sets what the header says and clears the rest.
  void take_header(const Header& header) noexcept;
  void take_edns(const Record& opt) noexcept;
};

// Fills `query`. It is large: keep one for each worker.
[[nodiscard]] Result<void, QueryError> parse_query(Bytes message, Query& query) noexcept;

[[nodiscard]] std::string_view to_string(QueryError error) noexcept;

}  // namespace sluice::dns
