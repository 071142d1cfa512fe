#include "filters/inspect/server_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "filters/inspect/parse_error.h"

namespace sluice::inspect {
namespace {

std::string text_of(const name::Name& name) {
  std::array<char, name::kMaxTextBytes> text;
  return std::string(name::to_text(name, text));
}
std::vector<std::string> names_in(const FindingList& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings) names.push_back(text_of(finding.name));
  return names;
}

TEST(CanonicalHost, IsWhatServersMakeOfIt) {
  for (const char* as_sent :
       {"www.wechat.com", "WWW.WeChat.com", "www.wechat.com:443", "www.wechat.com.",
        "www.wechat.com.:443", " www.wechat.com ", "\twww.wechat.com:443 \r", "www.wechat.com..",
        "www.wechat.com :443", "\xa0www.wechat.com\x85:80", "www.wech%61t%2Ecom",
        "[www.wechat.com]:443", "www.wechat.com:443:80"}) {
    EXPECT_EQ(text_of(canonical_host(as_sent)), "www.wechat.com") << as_sent;
  }
  EXPECT_EQ(text_of(canonical_host("%zz%4.wechat.com%")), "%zz%4.wechat.com%");
  EXPECT_TRUE(
      text_of(canonical_host(std::string(20'000, 'a') + ".wech%61t.com")).ends_with("wechat.com"));
  EXPECT_EQ(text_of(canonical_host("")), "");
  EXPECT_EQ(text_of(canonical_host(":443")), "");
  EXPECT_EQ(text_of(canonical_host("[2001:db8::1]:443")), "2001:db8::1");
}

// nginx serves the host in front of the colon.
TEST(ServerNameEvasion, APortBehindAServerName) {
  const tls::ClientHello hello{
      .server_name = "www.wechat.com:443", .has_server_name = true, .has_ech = true};
  for (const Protocol protocol : {Protocol::tls, Protocol::quic}) {
    FindingList findings;
    add_server_name(hello, protocol, findings);
    ASSERT_EQ(names_in(findings), std::vector<std::string>{"www.wechat.com"});
    EXPECT_EQ(findings[0].protocol, protocol);
    EXPECT_EQ(findings[0].source, Source::server_name);
    EXPECT_EQ(findings[0].raw, "www.wechat.com:443");
    EXPECT_TRUE(findings[0].has_ech);
  }
}

TEST(AddServerName, AddsNothingForAHelloWithoutOne) {
  FindingList findings;
  add_server_name({}, Protocol::tls, findings);
  EXPECT_EQ(findings.size(), 0U);
}

std::vector<std::string> names_of_host(std::string_view as_sent) {
  FindingList findings;
  EXPECT_TRUE(add_host(as_sent, findings)) << as_sent;
  return names_in(findings);
}

// Servers differ on where user information ends, so every reading counts.
TEST(ServerNameEvasion, UserInformationInFrontOfAHost) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(names_of_host("user@www.wechat.com:443"), (Names{"user", "www.wechat.com"}));
  EXPECT_EQ(names_of_host("www.wechat.com:x@a.example"), (Names{"www.wechat.com", "a.example"}));
}

// Go takes the first part, HAProxy any part of a list, a server in C what lies in front of a zero.
TEST(ServerNameEvasion, PartsThatServersCutOff) {
  using namespace std::string_view_literals;
  for (const std::string_view host :
       {"www.wechat.com/x"sv, "www.wechat.com, a"sv, "a, WWW.wechat.com.:80"sv,
        "www.wechat.com\f"sv, "\vwww.wechat.com"sv, "www.wechat.com\0.a"sv, "www.wechat.com?a"sv,
        "www.wechat.com#"sv, "www.wechat.com\\a"sv, "a;www.wechat.com"sv, "\"www.wechat.com\""sv,
        "http://www.wechat.com/"sv, "a www.wechat.com"sv, "www.wechat.com:80/x, a"sv}) {
    FindingList findings;
    const tls::ClientHello hello{.server_name = host, .has_server_name = true};
    add_server_name(hello, Protocol::tls, findings);
    EXPECT_EQ(names_of_host(host), names_in(findings));
    EXPECT_EQ(std::ranges::count(names_in(findings), "www.wechat.com"), 1) << host;
  }
}

TEST(ServerNameEvasion, MorePartsThanAreTold) {
  FindingList findings;
  EXPECT_TRUE(add_host("a, b, c, d", findings));
  EXPECT_FALSE(add_host("a, b, c, d, www.wechat.com", findings));
}

TEST(AddHost, AnEmptyHostIsAFindingToo) {
  EXPECT_EQ(names_of_host(""), std::vector<std::string>{""});
  EXPECT_EQ(names_of_host(" , "), std::vector<std::string>{""});
}

TEST(ParseErrors, HaveATextAndAProtocolEach) {
  EXPECT_EQ(to_string(ParseError::none), "none");
  EXPECT_EQ(to_string(ParseError::http_ambiguous_body), "ambiguous_body");
  EXPECT_EQ(protocol_of(ParseError::http_ambiguous_body), Protocol::http);
  EXPECT_EQ(to_string(ParseError::quic_too_large), "too_large");
  EXPECT_EQ(protocol_of(ParseError::quic_too_large), Protocol::quic);
  EXPECT_EQ(kParseErrors, static_cast<std::size_t>(ParseError::quic_too_large) + 1);
}

TEST(Protocols, HaveATextEach) {
  EXPECT_EQ(to_string(Protocol::dns), "dns");
  EXPECT_EQ(to_string(Protocol::mmtls), "mmtls");
  EXPECT_EQ(to_string(Protocol::ip), "ip");
  EXPECT_EQ(kProtocols, static_cast<std::size_t>(Protocol::ip) + 1);
}

}  // namespace
}  // namespace sluice::inspect
