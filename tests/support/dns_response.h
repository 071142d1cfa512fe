#pragma once

// DNS answers for tests.
//
//   DnsResponse("a.example").cname("a.example", "b.example").a("b.example", "192.0.2.7").build()
//
// A name that the message already has is compressed, as owner and as target, except in SVCB and
// HTTPS records. Terminates the test program on an invalid name or address.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/packet_builder.h"

namespace sluice::test {

struct ServiceParams {
  std::uint16_t priority = 1;
  std::string_view alpn = "h2";
  std::vector<std::string_view> ipv4_hints{};
  std::size_t ech = 0;  // bytes of its value; 0: none
  std::vector<std::string_view> ipv6_hints{};
};

class DnsResponse {
 public:
  explicit DnsResponse(std::string_view question, std::uint16_t qtype = 1,
                       std::uint16_t id = 0x1234);

  DnsResponse& a(std::string_view owner, std::string_view address, std::uint32_t ttl = 300);
  DnsResponse& aaaa(std::string_view owner, std::string_view address, std::uint32_t ttl = 300);
  DnsResponse& cname(std::string_view owner, std::string_view target);
  DnsResponse& dname(std::string_view owner, std::string_view target);
  DnsResponse& mx(std::string_view owner, std::string_view target);
  DnsResponse& srv(std::string_view owner, std::string_view target);
  DnsResponse& ns(std::string_view owner, std::string_view target);
  DnsResponse& https(std::string_view owner, std::string_view target,
                     const ServiceParams& params = {});
  DnsResponse& raw(std::string_view owner, std::uint16_t type, Bytes data);
  DnsResponse& edns();

  DnsResponse& flags(std::uint16_t flags);  // default: QR, RD, RA
  DnsResponse& authority();                 // records that follow are of this section
  DnsResponse& additional();

  [[nodiscard]] ByteVector build() const { return message_; }

 private:
  void name(std::string_view text, bool compress = true);
  std::size_t open_record(std::string_view owner, std::uint16_t type, std::uint32_t ttl = 300);
  void close_record(std::size_t data);
  DnsResponse& pointing(std::string_view owner, std::uint16_t type, std::string_view fields,
                        std::string_view target);

  ByteVector message_;
  std::map<std::string, std::size_t, std::less<>> names_;  // offsets of what stands there
  std::size_t section_ = 6;                                // offset of its count in the header
};

}  // namespace sluice::test
