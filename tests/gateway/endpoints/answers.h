#pragma once

// DNS answers for tests: the question of a query, followed by records one by one.

#include <string_view>

#include "filters/dns/query.h"
#include "filters/name/name.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

class Answer {
 public:
  // Answers `query` and repeats its question. `flags` as in the header: 0x8000 or more.
  explicit Answer(Bytes query, unsigned flags = 0x8180) : bytes_(query.begin(), query.end()) {
    dns::Query parsed;
    if (dns::parse_query(query, parsed)) bytes_.resize(parsed.questions_end);
    put(2, flags);
    put(8, 0);
    put(10, 0);
  }
  Answer& address(std::string_view owner, std::string_view address, std::uint32_t ttl = 60) {
    const auto parsed = IpAddress::parse(address);
    const Bytes wire = parsed->wire();
    return record(owner, wire.size() == 4 ? 1 : 28, ttl, wire);
  }
  Answer& alias(std::string_view owner, std::string_view target) {
    const name::Name name = *name::Name::from_text(target);
    return record(owner, 5, 60, name.wire());
  }
  [[nodiscard]] ByteVector build() {
    put(6, records_);
    return bytes_;
  }

 private:
  Answer& record(std::string_view owner, unsigned type, std::uint32_t ttl, Bytes data) {
    append(bytes_, name::Name::from_text(owner)->wire());
    append_u16(bytes_, type);
    append_u16(bytes_, 1);
    append_u32(bytes_, ttl);
    append_u16(bytes_, static_cast<unsigned>(data.size()));
    append(bytes_, data);
    ++records_;
    return *this;
  }
  void put(std::size_t at, unsigned value) {
    bytes_[at] = static_cast<std::byte>(value >> 8);
    bytes_[at + 1] = static_cast<std::byte>(value & 0xff);
  }

  ByteVector bytes_;
  unsigned records_ = 0;
};

}  // namespace sluice::test
