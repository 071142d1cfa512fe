// Prints answers with keys for Encrypted ClientHello, before and after hide_ech:
// `name hex-before hex-after` a line. hide_ech_clients_test.py asks real clients about them.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "filters/craft/hide_ech.h"
#include "tests/support/dns_response.h"

namespace sluice::test {
namespace {

using namespace std::string_view_literals;

constexpr std::uint16_t kHttps = 65;
constexpr std::uint16_t kSvcb = 64;

// An ECHConfigList of one configuration, as RFC 9849 section 4 has it: clients show it.
std::string keys(std::string_view public_name = "public.example") {
  std::string contents("\x07\0\x20\0\x20"sv);  // id, KEM, length of the key
  contents += std::string(32, 'k');
  contents += "\0\x04\0\x01\0\x01\0"sv;  // suites, longest name
  contents += static_cast<char>(public_name.size());
  contents += public_name;
  contents += "\0\0"sv;  // no extensions
  std::string list("\xfe\x0d\0"sv);
  list += static_cast<char>(contents.size());
  list += contents;
  const std::string size{0, static_cast<char>(list.size())};
  return size + list;
}
std::string param(std::uint16_t key, std::string_view value) {
  std::string text{static_cast<char>(key >> 8), static_cast<char>(key & 0xff),
                   static_cast<char>(value.size() >> 8), static_cast<char>(value.size() & 0xff)};
  return text.append(value);
}
std::string rdata(std::initializer_list<std::string> params, std::string_view target = "\0"sv) {
  std::string data = std::string("\0\1"sv) + std::string(target);
  for (const std::string& each : params) data += each;
  return data;
}
std::string ech() {
  return param(5, keys());
}
const std::string kAlpn = param(1, "\2h2\2h3"sv);
const std::string kHint4 = param(4, "\xc0\0\2\7"sv);
const std::string kHint6 = param(6, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"sv);

std::string hex(Bytes bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4];
    text += kDigits[std::to_integer<unsigned>(b) & 0xf];
  }
  return text;
}

bool print(std::string_view name, const DnsResponse& answer) {
  const ByteVector before = answer.build();
  ByteVector after = before;
  const auto response = std::make_unique<dns::Response>();
  if (!dns::parse_response(after, *response) || !craft::hide_ech(after, *response)) {
    std::fprintf(stderr, "%s: cannot be hidden\n", std::string(name).c_str());
    return false;
  }
  std::printf("%s %s %s\n", std::string(name).c_str(), hex(before).c_str(), hex(after).c_str());
  return true;
}

// One record of this RDATA, owned by `name`.test.
bool print(std::string_view name, std::initializer_list<std::string> params,
           std::string_view target = "\0"sv, std::uint16_t type = kHttps) {
  const std::string owner = std::string(name) + ".test";
  return print(name, DnsResponse(owner, type).raw(owner, type, as_bytes(rdata(params, target))));
}

bool print_all() {
  bool all = true;
  all &= print("alone", {kAlpn, ech()});
  all &= print("only", {ech()});
  all &= print("first", {ech(), kHint6});
  all &= print("middle", {kAlpn, kHint4, ech(), kHint6});
  all &= print("svcb", {kAlpn, ech()}, "\0"sv, kSvcb);
  all &= print("target", {kAlpn, ech(), kHint6}, "\3svc\4test\0"sv);
  all &= print("mandatory", {param(0, "\0\1\0\5"sv), kAlpn, ech()});
  all &= print("mandatory-only", {param(0, "\0\5"sv), kAlpn, ech(), kHint6});
  all &= print("mandatory-alone", {param(0, "\0\5"sv), ech()});
  all &= print("mandatory-others", {param(0, "\0\1"sv), kAlpn, ech()});
  all &= print("mandatory-three", {param(0, "\0\1\0\4\0\5"sv), kAlpn, kHint4, ech(), kHint6});
  all &= print("private", {kAlpn, ech(), param(65280, "x"), param(65400, "y")});
  all &= print("private-highest", {kAlpn, ech(), param(65534, "y")});
  all &= print("private-two", {kAlpn, ech(), param(65533, "x"), param(65534, "y")});
  all &= print("unknown-key", {kAlpn, ech(), param(7, "/dns-query{?dns}"), param(2000, "z")});

  all &= print("two-records", DnsResponse("two-records.test", kHttps)
                                  .raw("two-records.test", kHttps, as_bytes(rdata({kAlpn, ech()})))
                                  .raw("two-records.test", kHttps,
                                       as_bytes(rdata({ech(), kHint6}, "\3svc\4test\0"sv))));
  all &= print("duplicates", DnsResponse("duplicates.test", kHttps)
                                 .raw("duplicates.test", kHttps, as_bytes(rdata({kAlpn, ech()})))
                                 .raw("duplicates.test", kHttps, as_bytes(rdata({kAlpn, ech()}))));
  all &= print("alias", DnsResponse("alias.test", kHttps)
                            .cname("alias.test", "svc.alias.test")
                            .raw("svc.alias.test", kHttps, as_bytes(rdata({kAlpn, ech()}))));
  // The target is compressed, which RFC 9460 forbids; clients that take it take it after, too.
  all &= print("compressed", {kAlpn, ech()}, "\xc0\x0c"sv);
  DnsResponse with_others("others.test", kHttps);
  with_others.raw("others.test", kHttps, as_bytes(rdata({kAlpn, ech(), kHint6})))
      .additional()
      .a("others.test", "192.0.2.7")
      .edns();
  all &= print("others", with_others);
  all &= print("large",
               {kAlpn, param(5, keys("public.example")), param(2000, std::string(6000, 'z'))});
  DnsResponse many("many.test", kHttps);
  for (int i = 0; i < 40; ++i) {
    many.raw("many.test", kHttps, as_bytes(rdata({kAlpn, ech(), param(2000, std::to_string(i))})));
  }
  all &= print("many", many);
  return all;
}

}  // namespace
}  // namespace sluice::test

int main() {
  return sluice::test::print_all() ? 0 : 1;
}
