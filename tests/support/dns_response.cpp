#include "tests/support/dns_response.h"

#include <cstdlib>

namespace sluice::test {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kFlags = 2, kAuthority = 8, kAdditional = 10;
constexpr std::size_t kFarthestPointer = 0x3fff;

IpAddress address(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  if (!parsed) std::abort();
  return *parsed;
}

void append_param(ByteVector& to, unsigned key, const ByteVector& value) {
  append_u16(to, key);
  append_u16(to, static_cast<unsigned>(value.size()));
  append(to, value);
}

void append_hints(ByteVector& to, unsigned key, const std::vector<std::string_view>& hints) {
  if (hints.empty()) return;
  ByteVector value;
  for (const std::string_view hint : hints) append(value, address(hint).wire());
  append_param(to, key, value);
}

}  // namespace

DnsResponse::DnsResponse(std::string_view question, std::uint16_t qtype, std::uint16_t id) {
  append_u16(message_, id);
  append_u16(message_, 0x8180);
  append_u16(message_, 1);
  for (int i = 0; i < 3; ++i) append_u16(message_, 0);
  name(question);
  append_u16(message_, qtype);
  append_u16(message_, 1);
}

void DnsResponse::name(std::string_view text, bool compress) {
  for (std::string_view rest = text; !rest.empty();) {
    if (const auto before = names_.find(rest); compress && before != names_.end()) {
      append_u16(message_, 0xc000U | static_cast<unsigned>(before->second));
      return;
    }
    if (message_.size() <= kFarthestPointer) names_.emplace(rest, message_.size());
    const std::string_view label = rest.substr(0, rest.find('.'));
    append_u8(message_, static_cast<unsigned>(label.size()));
    append(message_, as_bytes(label));
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  append_u8(message_, 0);
}

std::size_t DnsResponse::open_record(std::string_view owner, std::uint16_t type,
                                     std::uint32_t ttl) {
  name(owner);
  append_u16(message_, type);
  append_u16(message_, 1);
  append_u32(message_, ttl);
  append_u16(message_, 0);
  return message_.size();
}

void DnsResponse::close_record(std::size_t data) {
  patch_u16(message_, data - 2, message_.size() - data);
  const std::size_t count = std::to_integer<std::size_t>(message_[section_]) << 8 |
                            std::to_integer<std::size_t>(message_[section_ + 1]);
  patch_u16(message_, section_, count + 1);
}

DnsResponse& DnsResponse::raw(std::string_view owner, std::uint16_t type, Bytes data) {
  const std::size_t at = open_record(owner, type);
  append(message_, data);
  close_record(at);
  return *this;
}

DnsResponse& DnsResponse::a(std::string_view owner, std::string_view text, std::uint32_t ttl) {
  const std::size_t at = open_record(owner, 1, ttl);
  append(message_, address(text).wire());
  close_record(at);
  return *this;
}

DnsResponse& DnsResponse::aaaa(std::string_view owner, std::string_view text, std::uint32_t ttl) {
  const std::size_t at = open_record(owner, 28, ttl);
  append(message_, address(text).wire());
  close_record(at);
  return *this;
}

DnsResponse& DnsResponse::pointing(std::string_view owner, std::uint16_t type,
                                   std::string_view fields, std::string_view target) {
  const std::size_t at = open_record(owner, type);
  append(message_, as_bytes(fields));
  name(target);
  close_record(at);
  return *this;
}

DnsResponse& DnsResponse::cname(std::string_view owner, std::string_view target) {
  return pointing(owner, 5, "", target);
}

DnsResponse& DnsResponse::dname(std::string_view owner, std::string_view target) {
  return pointing(owner, 39, "", target);
}

DnsResponse& DnsResponse::mx(std::string_view owner, std::string_view target) {
  return pointing(owner, 15, "\0\12"sv, target);
}

DnsResponse& DnsResponse::srv(std::string_view owner, std::string_view target) {
  return pointing(owner, 33, "\0\1\0\1\x01\xbb"sv, target);
}

DnsResponse& DnsResponse::ns(std::string_view owner, std::string_view target) {
  return pointing(owner, 2, "", target);
}

DnsResponse& DnsResponse::https(std::string_view owner, std::string_view target,
                                const ServiceParams& params) {
  const std::size_t at = open_record(owner, 65);
  append_u16(message_, params.priority);
  name(target, false);
  if (!params.alpn.empty()) {
    ByteVector value;
    append_u8(value, static_cast<unsigned>(params.alpn.size()));
    append(value, as_bytes(params.alpn));
    append_param(message_, 1, value);
  }
  append_hints(message_, 4, params.ipv4_hints);
  if (params.ech > 0) append_param(message_, 5, ByteVector(params.ech, std::byte{0xec}));
  append_hints(message_, 6, params.ipv6_hints);
  close_record(at);
  return *this;
}

DnsResponse& DnsResponse::edns() {
  const std::size_t at = open_record("", 41, 0);
  patch_u16(message_, at - 8, 1232);  // its class is a payload size
  close_record(at);
  return *this;
}

DnsResponse& DnsResponse::flags(std::uint16_t flags) {
  patch_u16(message_, kFlags, flags);
  return *this;
}

DnsResponse& DnsResponse::authority() {
  section_ = kAuthority;
  return *this;
}

DnsResponse& DnsResponse::additional() {
  section_ = kAdditional;
  return *this;
}

}  // namespace sluice::test
