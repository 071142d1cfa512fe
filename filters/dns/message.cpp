#include "filters/dns/message.h"

namespace sluice::dns {
namespace {

constexpr std::uint8_t kPointer = 0xc0;

// Skips a name; false: it is cut off.
bool skip_name(ByteReader& reader) noexcept {
  while (true) {
    const std::uint8_t length = reader.u8();
    if ((length & kPointer) == kPointer) reader.skip(1);
    if (!reader.ok()) return false;
    if (length == 0 || (length & kPointer) == kPointer) return true;
    reader.skip(length);
  }
}

// Calls `take` with each label of the name at `offset` and follows its pointers. Returns the offset
// behind the name, or nullopt if it cannot be read or `take` refused a label.
template <typename Take>
std::optional<std::size_t> walk_name(Bytes message, std::size_t offset, JumpsLeft& jumps_left,
                                     Take take) noexcept {
  std::size_t end = 0;
  std::size_t jumps = 0;
  ByteReader reader(message);
  reader.skip(offset);
  while (true) {
    const std::uint8_t length = reader.u8();
    if (!reader.ok()) return std::nullopt;
    if (length == 0) return jumps == 0 ? reader.position() : end;
    if ((length & kPointer) == kPointer) {
      const std::size_t target = static_cast<std::size_t>(length & 0x3fU) << 8 | reader.u8();
      if (!reader.ok() || jumps_left == 0 || ++jumps > kMaxJumps) return std::nullopt;
      --jumps_left;
      if (jumps == 1) end = reader.position();
      reader = ByteReader(message);
      reader.skip(target);
      continue;
    }
    if ((length & kPointer) != 0) return std::nullopt;  // reserved label types
    const Bytes label = reader.take(length);
    if (!reader.ok() || !take(label)) return std::nullopt;
  }
}

}  // namespace

bool is_response(Bytes message) noexcept {
  const auto header = read_header(message);
  return header && header->is_response();
}

std::optional<std::size_t> read_questions(Bytes message, std::size_t count,
                                          std::array<Question, kMaxQuestions>& questions) noexcept {
  std::size_t offset = kHeaderBytes;
  for (std::size_t i = 0; i < count; ++i) {
    JumpsLeft jumps = kMaxJumps;
    const auto end = read_name_into(questions[i].name, message, offset, jumps);
    if (!end) return std::nullopt;
    ByteReader fields(message);
    fields.skip(*end);
    questions[i].qtype = fields.u16();
    questions[i].qclass = fields.u16();
    if (!fields.ok()) return std::nullopt;
    offset = fields.position();
  }
  return offset;
}

std::optional<std::size_t> read_name_into(name::Name& name, Bytes message, std::size_t offset,
                                          JumpsLeft& jumps) noexcept {
  name.clear();
  return walk_name(message, offset, jumps,
                   [&](Bytes label) { return name.append(label).has_value(); });
}

std::optional<NameRead> read_name(Bytes message, std::size_t offset, JumpsLeft& jumps) noexcept {
  std::optional<NameRead> read(std::in_place);
  const auto end = read_name_into(read->name, message, offset, jumps);
  if (!end) return std::nullopt;
  read->end = *end;
  return read;
}

std::optional<std::size_t> write_name(Bytes message, std::size_t offset,
                                      ByteWriter& writer) noexcept {
  JumpsLeft jumps = kMaxJumps;
  const auto end = walk_name(message, offset, jumps, [&](Bytes label) {
    writer.u8(static_cast<std::uint8_t>(label.size()));
    writer.bytes(label);
    return writer.ok();
  });
  writer.u8(0);
  return end;
}

std::optional<Record> read_record(ByteReader& reader) noexcept {
  Record record;
  record.owner = reader.position();
  if (!skip_name(reader)) return std::nullopt;
  // Types that have no name here are kept as they are.
  // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
  record.type = static_cast<RecordType>(reader.u16());
  record.record_class = reader.u16();
  record.ttl = reader.u32();
  record.size = reader.u16();
  record.data = reader.position();
  reader.skip(record.size);
  if (!reader.ok()) return std::nullopt;
  return record;
}

}  // namespace sluice::dns
