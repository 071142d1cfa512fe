#pragma once

// What a rule itself wants a DNS question to be answered with. Values and views.

#include <cstdint>
#include <string_view>

#include "filters/base/bytes.h"

namespace sluice::match {

enum class AnswerKind : std::uint8_t {
  of_policy,  // as the policy says
  nxdomain,   // no such name
  nodata,     // the name has no records of this type
  refused,
  drop,      // no answer
  truncate,  // over UDP an empty answer with TC, so that the client asks over TCP
  record,    // a record; nodata for questions about other types
};

inline constexpr std::uint16_t kTypeCname = 5;  // IANA; it answers questions of every type

struct Answer {
  AnswerKind kind = AnswerKind::of_policy;
  // Of a record:
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Bytes rdata = {};  // in wire form, without compression
};

[[nodiscard]] constexpr std::string_view to_string(AnswerKind kind) noexcept {
  switch (kind) {
    case AnswerKind::of_policy:
      return "policy";
    case AnswerKind::nxdomain:
      return "NXDOMAIN";
    case AnswerKind::nodata:
      return "NODATA";
    case AnswerKind::refused:
      return "REFUSED";
    case AnswerKind::drop:
      return "DROP";
    case AnswerKind::truncate:
      return "TCP-only";
    case AnswerKind::record:
      return "record";
  }
  return "?";
}

}  // namespace sluice::match
