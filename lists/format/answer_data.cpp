#include "lists/format/answer_data.h"

#include <algorithm>

namespace sluice::lists {
namespace {

constexpr std::size_t kV4Bytes = 4;

}  // namespace

bool is_sinkhole(const IpAddress& address) noexcept {
  constexpr std::byte kLoopback4{127};
  const Bytes bytes = address.wire();
  if (address.is_v4() && bytes.front() == kLoopback4) return true;
  const auto is_zero = [](std::byte it) { return it == std::byte{}; };
  const bool zero_but_last = std::ranges::all_of(bytes.first(bytes.size() - 1), is_zero);
  // 0.0.0.0, :: and ::1
  return zero_but_last &&
         (is_zero(bytes.back()) || (!address.is_v4() && bytes.back() == std::byte{1}));
}

match::Answer AnswerData::of(const IpAddress& address) noexcept {
  if (is_sinkhole(address)) return {};
  const auto mapped = address.mapped();
  const bool v4 = address.is_v4();
  const std::size_t size = v4 ? kV4Bytes : mapped.size();
  std::ranges::copy(std::span(mapped).last(size), bytes_.begin());
  return record(v4 ? kTypeA : kTypeAaaa, size);
}

match::Answer AnswerData::cname(Bytes name) noexcept {
  std::ranges::copy(name, bytes_.begin());
  return record(kTypeCname, name.size());
}

match::Answer AnswerData::txt(std::string_view text) noexcept {
  bytes_[0] = static_cast<std::byte>(text.size());
  std::ranges::copy(as_bytes(text), bytes_.begin() + 1);
  return record(kTypeTxt, 1 + text.size());
}

}  // namespace sluice::lists
