#pragma once

// What DNS queries and responses have in common (RFC 1035 section 4.1): header, questions, names
// that may be compressed, resource records.
//
//   | id | flags | QD AN NS AR counts | questions … | answers … | authority … | additional … |
//   0    2       4                    12
//
// Pure views and values over one message; no allocation, no exceptions. Compression pointers
// are followed a bounded number of times, forward ones too (public resolvers do), so no message can
// loop.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "filters/base/byte_reader.h"
#include "filters/base/byte_writer.h"
#include "filters/base/bytes.h"
#include "filters/name/name.h"

namespace sluice::dns {

inline constexpr std::size_t kHeaderBytes = 12;
inline constexpr std::size_t kMaxQuestions = 16;  // no server answers more than one
inline constexpr std::size_t kMaxJumps = 64;      // compression pointers in one name

// NOLINTNEXTLINE(performance-enum-size): as wide as on the wire
enum class RecordType : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  mx = 15,
  aaaa = 28,
  srv = 33,
  dname = 39,  // RFC 6672
  opt = 41,    // RFC 6891
  svcb = 64,   // RFC 9460
  https = 65,
};
inline constexpr std::uint16_t kClassInternet = 1;

struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authority = 0;
  std::uint16_t additional = 0;

  [[nodiscard]] bool is_response() const noexcept { return (flags & 0x8000) != 0; }
  [[nodiscard]] bool is_standard_query() const noexcept { return (flags & 0x7800) == 0; }  // opcode
  [[nodiscard]] bool truncated() const noexcept { return (flags & 0x0200) != 0; }
  [[nodiscard]] bool recursion_desired() const noexcept { return (flags & 0x0100) != 0; }
  [[nodiscard]] bool checking_disabled() const noexcept { return (flags & 0x0010) != 0; }
  // Resource records of all three sections.
  [[nodiscard]] std::size_t records() const noexcept {
    return std::size_t{0} + answers + authority + additional;
  }
};
// nullopt: shorter than a header.
[[nodiscard]] inline std::optional<Header> read_header(Bytes message) noexcept {
  ByteReader reader(message);
  Header header;
  header.id = reader.u16();
  header.flags = reader.u16();
  header.questions = reader.u16();
  header.answers = reader.u16();
  header.authority = reader.u16();
  header.additional = reader.u16();
  if (!reader.ok()) return std::nullopt;
  return header;
}
// False too if the message is shorter than a header.
[[nodiscard]] bool is_response(Bytes message) noexcept;

struct Question {
  name::Name name;
  std::uint16_t qtype = 0;
  std::uint16_t qclass = 0;
};
// Reads `count` questions behind the header; returns the offset behind the last one, or nullopt if
// one cannot be read. REQUIRES: count <= kMaxQuestions.
[[nodiscard]] std::optional<std::size_t> read_questions(
    Bytes message, std::size_t count, std::array<Question, kMaxQuestions>& questions) noexcept;

// Compression pointers that may still be followed, where names are many.
using JumpsLeft = std::size_t;

struct NameRead {
  name::Name name;
  std::size_t end = 0;  // behind the name where it stands, not where its pointers lead
};
[[nodiscard]] std::optional<NameRead> read_name(Bytes message, std::size_t offset,
                                                JumpsLeft& jumps) noexcept;
// The same into the caller's name, which is cut short where nullopt is returned; else the end.
[[nodiscard]] std::optional<std::size_t> read_name_into(name::Name& name, Bytes message,
                                                        std::size_t offset,
                                                        JumpsLeft& jumps) noexcept;
[[nodiscard]] inline std::optional<NameRead> read_name(Bytes message, std::size_t offset) noexcept {
  JumpsLeft jumps = kMaxJumps;
  return read_name(message, offset, jumps);
}

// Writes the name at `offset` without compression, in the case that was sent; returns the offset
// behind it.
[[nodiscard]] std::optional<std::size_t> write_name(Bytes message, std::size_t offset,
                                                    ByteWriter& writer) noexcept;

struct Record {
  RecordType type{};
  std::uint16_t record_class = 0;
  std::uint32_t ttl = 0;
  std::size_t owner = 0;  // offset of its name: read_name(message, owner)
  std::size_t data = 0;   // offset of RDATA, and its bytes
  std::size_t size = 0;

  [[nodiscard]] Bytes data_in(Bytes message) const noexcept { return message.subspan(data, size); }
};
// The record at the reader's position; its names are not read. nullopt: it is cut off.
[[nodiscard]] std::optional<Record> read_record(ByteReader& reader) noexcept;

}  // namespace sluice::dns
