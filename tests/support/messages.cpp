#include "tests/support/messages.h"

#include <stdexcept>
#include <string>

namespace sluice::test {

Octets dns_name_bytes(std::string_view name) {
  OctetWriter writer;
  if (name.ends_with('.')) name.remove_suffix(1);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > 63) throw std::invalid_argument(std::string(name));
    writer.counted(1, as_bytes(label));
    name.remove_prefix(label.size());
    if (name.starts_with('.')) name.remove_prefix(1);
  }
  return writer.u8(0).take();
}

Octets dns_query_bytes(std::string_view name, std::uint16_t qtype, const DnsQueryOptions& options) {
  const bool edns = options.edns || options.cookie || options.dnssec_ok;
  const unsigned flags =
      (options.recursion_desired ? 0x0100U : 0U) | (options.checking_disabled ? 0x0010U : 0U);
  OctetWriter writer;
  writer.u16(options.id).u16(flags).u16(1).u16(0).u16(0).u16(edns ? 1 : 0);
  writer.bytes(dns_name_bytes(name)).u16(qtype).u16(1);
  if (edns) {
    OctetWriter data;
    if (options.cookie) data.u16(10).u16(8).u32(0x24a5d1c3).u32(0x9f07e658);
    writer.u8(0).u16(41).u16(1232).u32(options.dnssec_ok ? 0x8000 : 0).counted(2, data.view());
  }
  return writer.take();
}

Octets dns_framed(Bytes message) {
  return OctetWriter().counted(2, message).take();
}

Octets http_request_bytes(std::string_view host, std::string_view target) {
  OctetWriter writer;
  writer.text("GET ").text(target).text(" HTTP/1.1\r\nHost: ").text(host);
  writer.text("\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0\r\n");
  writer.text("Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n");
  return writer.take();
}

}  // namespace sluice::test
