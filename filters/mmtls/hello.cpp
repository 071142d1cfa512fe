#include "filters/mmtls/hello.h"

#include "filters/base/byte_reader.h"

namespace sluice::mmtls {
namespace {

constexpr std::uint8_t kHandshake = 0x16;
constexpr std::uint8_t kEarlyData = 0x19;
constexpr std::uint8_t kVersion = 0xf1;  // the other byte is 3 or 4
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint32_t kSectionHeadBytes = 4;

constexpr bool is_minor(std::uint8_t byte) {
  return byte == 3 || byte == 4;
}

}  // namespace

Detection looks_like_hello(Bytes stream) noexcept {
  ByteReader reader(stream);
  // A field that is not all there can still become anything.
  const auto is_wrong = [&](auto value, auto is_right) { return reader.ok() && !is_right(value); };
  if (is_wrong(reader.u8(), [](auto type) { return type == kHandshake || type == kEarlyData; }) ||
      is_wrong(reader.u8(), [](auto major) { return major == kVersion; }) ||
      is_wrong(reader.u8(), is_minor)) {
    return Detection::no;
  }
  const std::uint32_t record = reader.u16();
  const auto is_record = [&](auto section) { return section + kSectionHeadBytes == record; };
  if (is_wrong(reader.u32(), is_record) ||
      is_wrong(reader.u8(), [](auto type) { return type == kClientHello; }) ||
      is_wrong(reader.u8(), is_minor) ||
      is_wrong(reader.u8(), [](auto major) { return major == kVersion; })) {
    return Detection::no;
  }
  return reader.ok() ? Detection::yes : Detection::maybe;
}

}  // namespace sluice::mmtls
