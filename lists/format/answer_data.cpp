#include "lists/format/answer_data.h"

#include <algorithm>

namespace sluice::lists {
namespace {

constexpr std::size_t kV4Bytes = 4;

}  // namespace

bool is_sinkhole(const IpAddress& address) noexcept {
  static const std::array<IpPrefix, 4> sinkholes = {
      *IpPrefix::parse("0.0.0.0"), *IpPrefix::parse("127.0.0.0/8"), *IpPrefix::parse("::"),
      *IpPrefix::parse("::1")};
  return std::ranges::any_of(sinkholes, [&](const IpPrefix& it) { return it.contains(address); });
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
