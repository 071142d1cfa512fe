#include "filters/proxy/head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::proxy {
namespace {

std::string byte_vector(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}
const std::string kZero(1, '\0');

// "size host", or the error.
std::string outcome(std::string_view stream) {
  const auto head = parse_head(as_bytes(stream));
  if (head) return std::to_string(head->size) + ' ' + std::string(head->host);
  return head.error() == HeadError::need_more ? "need_more" : "not_head";
}

struct Case {
  std::string head;
  std::string host;
};

const std::string kLogin = byte_vector({1, 4}) + "user" + byte_vector({6}) + "secret";
const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {byte_vector({4, 1, 1, 187, 192, 0, 2, 1}) + "me" + kZero, ""},
      {byte_vector({4, 1, 1, 187, 0, 0, 0, 9}) + kZero + "wechat.com" + kZero, "wechat.com"},
      {byte_vector({5, 1, 0, 5, 1, 0, 1, 192, 0, 2, 1, 1, 187}), ""},
      {byte_vector({5, 2, 0, 2}) + kLogin + byte_vector({5, 1, 0, 3, 10}) + "wechat.com" +
           byte_vector({1, 187}),
       "wechat.com"},
      {byte_vector({5, 1, 0, 5, 1, 0, 4}) + std::string(16, 'x') + byte_vector({1, 187}), ""},
      {"PROXY TCP4 192.0.2.1 198.51.100.2 5000 443\r\n", ""},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 5000 443\r\n", ""},
      {"PROXY UNKNOWN\r\n", ""},
      {kSignature + byte_vector({0x21, 0x11, 0, 12}) + std::string(12, 'x'), ""},
      {kSignature + byte_vector({0x20, 0, 0, 0}), ""},
      {kSignature + byte_vector({0x21, 0x11, 0, 28}) + std::string(12, 'x') +
           byte_vector({3, 0, 0, 2, 0, 10}) + "wechat.com",
       "wechat.com"},
  };
  return kCases;
}

TEST(Head, GivesTheHostAndItsSize) {
  for (const Case& one : cases()) {
    const std::string expected = std::to_string(one.head.size()) + ' ' + one.host;
    EXPECT_EQ(outcome(one.head), expected);
    EXPECT_EQ(outcome(one.head + "GET / HTTP/1.1\r\n"), expected);
  }
}

TEST(Head, APrefixNeedsMore) {
  for (const Case& one : cases()) {
    for (std::size_t size = 0; size < one.head.size(); ++size) {
      EXPECT_EQ(outcome(one.head.substr(0, size)), "need_more") << size;
    }
  }
}

TEST(Head, WhatIsNone) {
  for (const std::string& text :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXY HTTP/1.1\r\n"), byte_vector({5, 0}),
        byte_vector({5, 1, 2, 3}), byte_vector({5, 1, 0, 5, 1, 0, 2}), byte_vector({5, 1, 0, 5, 9}),
        byte_vector({4, 3}), byte_vector({4, 1, 0, 0}), kSignature + byte_vector({0x11}),
        "PROXY TCP4 " + std::string(200, '1'),
        byte_vector({4, 1, 0, 80, 192, 0, 2, 1}) + std::string(kMaxHead, 'x')}) {
    EXPECT_EQ(outcome(text), "not_head") << text;
  }
}

}  // namespace
}  // namespace sluice::proxy
