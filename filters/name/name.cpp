#include "filters/name/name.h"

#include <algorithm>
#include <optional>

#include "filters/base/byte_reader.h"

namespace sluice::name {
namespace {

constexpr std::uint8_t kLabelTypeMask = 0xc0;  // 00: a label; 11: a pointer; others reserved

std::byte to_lower(std::byte byte) {
  return static_cast<std::byte>(to_lower_ascii(static_cast<char>(byte)));
}

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads one character of presentation form at `text[at]` and moves `at`; nullopt: a bad escape.
std::optional<std::byte> unescape(std::string_view text, std::size_t& at) {
  if (text[at] != '\\') return static_cast<std::byte>(text[at++]);
  ++at;
  if (at == text.size()) return std::nullopt;
  if (!is_digit(text[at])) return static_cast<std::byte>(text[at++]);
  if (text.size() - at < 3 || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) {
    return std::nullopt;
  }
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  at += 3;
  if (value > 255) return std::nullopt;
  return static_cast<std::byte>(value);
}

// Splits off the leftmost label of a host.
std::string_view take_label(std::string_view& host) {
  const std::size_t dot = host.find('.');
  const std::string_view label = host.substr(0, dot);
  host.remove_prefix(dot == std::string_view::npos ? host.size() : dot + 1);
  return label;
}

constexpr bool fits_a_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelBytes;
}

constexpr std::string_view kNoLabel = "?";

// `host` if it fits a name, else the rightmost part that fits behind a "?" label.
std::string_view rightmost_that_fits(std::string_view host) {
  constexpr std::size_t kRoom = kMaxNameBytes - 1;    // less the root
  constexpr std::size_t kRoomBehindMark = kRoom - 2;  // less "?" with its length
  std::size_t bytes = 0;
  std::size_t kept = host.size();
  for (std::size_t end = host.size();;) {
    const std::size_t dot = end == 0 ? std::string_view::npos : host.rfind('.', end - 1);
    const std::size_t from = dot == std::string_view::npos ? 0 : dot + 1;
    bytes += 1 + (fits_a_label(host.substr(from, end - from)) ? end - from : kNoLabel.size());
    if (bytes > kRoom) return host.substr(kept);
    if (dot == std::string_view::npos) return host;
    if (bytes <= kRoomBehindMark) kept = from;
    end = dot;
  }
}

}  // namespace

std::string_view to_string(NameError error) noexcept {
  switch (error) {
    case NameError::empty_label:
      return "empty label";
    case NameError::label_too_long:
      return "a label is longer than 63 bytes";
    case NameError::name_too_long:
      return "longer than 255 bytes";
    case NameError::bad_escape:
      return "bad escape";
    case NameError::truncated:
      return "ends before its root label";
    case NameError::compressed:
      return "compressed where it may not be";
  }
  return "?";
}

Result<void, NameError> Name::append(Bytes label) noexcept {
  if (label.empty()) return fail(NameError::empty_label);
  if (label.size() > kMaxLabelBytes) return fail(NameError::label_too_long);
  const std::size_t used = size_ - std::size_t{1};
  // One byte for this label's length, one for the root.
  if (used + 1 + label.size() + 1 > kMaxNameBytes) return fail(NameError::name_too_long);
  offsets_[labels_++] = static_cast<std::uint8_t>(used);
  std::byte* at = buffer_.data() + kHeadroom + used;
  *at++ = static_cast<std::byte>(label.size());
  for (const std::byte byte : label) *at++ = to_lower(byte);
  size_ = static_cast<std::uint8_t>(used + 1 + label.size() + 1);
  end_at(used + 1 + label.size());
  return {};
}

Result<Name, NameError> Name::from_wire(Bytes wire) noexcept {
  Name name;
  ByteReader reader(wire);
  while (true) {
    const std::uint8_t length = reader.u8();
    if (!reader.ok()) return fail(NameError::truncated);
    if (length == 0) return name;
    if ((length & kLabelTypeMask) != 0) return fail(NameError::compressed);
    const Bytes label = reader.take(length);
    if (!reader.ok()) return fail(NameError::truncated);
    if (const auto added = name.append(label); !added) return fail(added.error());
  }
}

Result<Name, NameError> Name::from_text(std::string_view text) noexcept {
  Name name;
  if (text.empty() || text == ".") return name;
  std::array<std::byte, kMaxLabelBytes> label;
  std::size_t size = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (const auto added = name.append(Bytes(label).first(size)); !added) {
        return fail(added.error());
      }
      size = 0;
      ++at;
      continue;
    }
    const auto byte = unescape(text, at);
    if (!byte) return fail(NameError::bad_escape);
    if (size == label.size()) return fail(NameError::label_too_long);
    label[size++] = *byte;
  }
  if (size > 0) {
    if (const auto added = name.append(Bytes(label).first(size)); !added) {
      return fail(added.error());
    }
  }
  return name;
}

void Name::assign_host(std::string_view host) noexcept {
  clear();
  while (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return;
  const std::string_view kept = rightmost_that_fits(host);
  if (kept.size() < host.size()) static_cast<void>(append(as_bytes(kNoLabel)));
  for (std::string_view rest = kept;;) {
    const bool last = rest.find('.') == std::string_view::npos;
    const std::string_view label = take_label(rest);
    static_cast<void>(append(as_bytes(fits_a_label(label) ? label : kNoLabel)));
    if (last) return;
  }
}

Bytes Name::label(std::size_t index) const noexcept {
  const std::size_t at = offsets_[index];
  return wire().subspan(at + 1, std::to_integer<std::size_t>(wire()[at]));
}

Bytes Name::suffix(std::size_t count) const noexcept {
  return count == 0 ? wire().last(1) : wire().subspan(offsets_[labels_ - count]);
}

std::string_view to_text(const Name& name, std::array<char, kMaxTextBytes>& out) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    if (i > 0) out[size++] = '.';
    for (const std::byte byte : name.label(i)) {
      const auto value = std::to_integer<unsigned>(byte);
      const char c = static_cast<char>(value);
      if (value < 0x21 || value > 0x7e) {
        out[size++] = '\\';
        out[size++] = static_cast<char>('0' + value / 100);
        out[size++] = static_cast<char>('0' + value / 10 % 10);
        out[size++] = static_cast<char>('0' + value % 10);
      } else {
        if (c == '\\' || c == '.') out[size++] = '\\';
        out[size++] = c;
      }
    }
  }
  return {out.data(), size};
}

}  // namespace sluice::name
