#include "filters/http2/field_block.h"

#include <algorithm>
#include <array>
#include <optional>

#include "filters/base/byte_reader.h"

namespace sluice::http2 {
namespace {

// Of the static table (RFC 7541 appendix A).
constexpr std::size_t kStaticEntries = 61;
constexpr std::array<std::size_t, 4> kStaticHosts{1, 4, 5, 38};  // :authority, :path twice, host
constexpr std::array<std::string_view, 3> kHostNames{":authority", ":path", "host"};
// No name of these takes more bytes, in whatever case: no letter has a code of over eight bits.
constexpr std::size_t kLongestName = kHostNames[0].size();

// First symbols in Huffman's code (RFC 7541 appendix B): whether a coded string begins with one.
struct Symbol {
  std::uint8_t code, bits;
};
constexpr Symbol kSlash{0x18, 6}, kColon{0x5c, 7}, kSmallH{0x27, 6}, kBigH{0x63, 7};

bool begins_with(Bytes coded, Symbol symbol) noexcept {
  return !coded.empty() &&
         std::to_integer<unsigned>(coded.front()) >> (8U - symbol.bits) == symbol.code;
}

struct String {
  Bytes bytes;
  bool is_coded = false;
};

class BlockReader {
 public:
  BlockReader(Bytes block, Entries& entries, HuffmanRoom& room,
              FunctionRef<void(std::string_view)> on_value) noexcept
      : reader_(block), entries_(entries), room_(room), on_value_(on_value) {}

  Result<Fields, FieldError> read() noexcept {
    bool good = true;
    while (good && reader_.remaining() > 0) good = read_representation(reader_.u8());
    if (!good) return fail(error_);
    return fields_;
  }

 private:
  bool read_representation(std::uint8_t first) noexcept {
    if ((first & 0x80) != 0) return read_indexed(first);
    if ((first & 0x40) != 0) return read_literal(first, 6, true);
    if ((first & 0x20) != 0) return read_integer(first, 5).has_value();
    return read_literal(first, 4, false);
  }

  bool read_indexed(std::uint8_t first) noexcept {
    const auto index = read_integer(first, 7);
    if (!index || *index == 0) return false;
    if (*index > kStaticEntries && is_host_index(*index)) fields_.repeats_host = true;
    return true;
  }

  bool read_literal(std::uint8_t first, unsigned prefix_bits, bool enters_table) noexcept {
    const auto index = read_integer(first, prefix_bits);
    if (!index) return false;
    bool names_host = is_host_index(*index);
    if (*index == 0) {
      const auto name = read_string();
      if (!name) return false;
      const auto is_host = is_host_name(*name);
      if (!is_host) return false;
      names_host = *is_host;
    }
    const auto value = read_string();
    if (!value) return false;
    if (enters_table) entries_.add(names_host);
    if (!names_host || begins_with_slash(*value)) return true;
    const auto text = text_of(*value);
    if (text) on_value_(*text);
    return text.has_value();
  }

  // RFC 7541 section 5.1; in as many bytes as numbers of 32 bits take.
  std::optional<std::size_t> read_integer(std::uint8_t first, unsigned prefix_bits) noexcept {
    const std::size_t mask = (std::size_t{1} << prefix_bits) - 1;
    std::size_t value = first & mask;
    if (value < mask) return value;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::size_t byte = reader_.u8();
      if (!reader_.ok()) return std::nullopt;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

  // RFC 7541 section 5.2.
  std::optional<String> read_string() noexcept {
    const std::uint8_t first = reader_.u8();
    const auto length = read_integer(first, 7);
    if (!reader_.ok() || !length) return std::nullopt;
    const Bytes bytes = reader_.take(*length);
    if (!reader_.ok()) return std::nullopt;
    return String{.bytes = bytes, .is_coded = (first & 0x80) != 0};
  }

  std::optional<std::string_view> text_of(const String& string) noexcept {
    if (!string.is_coded) return as_text(string.bytes);
    const std::size_t cost = string.bytes.size() + kDecoding;
    if (cost > left_to_decode_) {
      error_ = FieldError::too_large;
      return std::nullopt;
    }
    left_to_decode_ -= cost;
    return room_.decode(string.bytes);
  }

  static bool begins_with_slash(const String& string) noexcept {
    return string.is_coded ? begins_with(string.bytes, kSlash)
                           : as_text(string.bytes).starts_with('/');
  }

  // nullopt: it cannot be decoded. Names are lower case (RFC 9113 section 8.2.1); some server may
  // fold them.
  std::optional<bool> is_host_name(const String& string) noexcept {
    if (string.bytes.size() > kLongestName) return false;
    const bool may_be = begins_with(string.bytes, kColon) || begins_with(string.bytes, kSmallH) ||
                        begins_with(string.bytes, kBigH);
    if (string.is_coded && !may_be) return false;
    const auto name = text_of(string);
    if (!name) return std::nullopt;
    return std::ranges::any_of(kHostNames,
                               [&](auto known) { return equal_ignoring_case(*name, known); });
  }

  bool is_host_index(std::size_t index) const noexcept {
    if (index > kStaticEntries) return entries_.may_name_host(index - kStaticEntries - 1);
    return std::ranges::find(kStaticHosts, index) != kStaticHosts.end();
  }

  ByteReader reader_;
  Entries& entries_;
  HuffmanRoom& room_;
  FunctionRef<void(std::string_view)> on_value_;
  Fields fields_;
  FieldError error_ = FieldError::malformed;
  std::size_t left_to_decode_ = kMaxDecoding;
};

}  // namespace

Result<Fields, FieldError> read_fields(Bytes block, Entries& entries, HuffmanRoom& room,
                                       FunctionRef<void(std::string_view)> on_value) noexcept {
  return BlockReader(block, entries, room, on_value).read();
}

}  // namespace sluice::http2
