#include "filters/match/domain_image.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "filters/match/label_sum.h"
#include "tests/filters/match/name_of.h"

extern "C" std::uint32_t longest_suffix_with_rules(const void* image, const std::uint8_t* name);

namespace sluice::match {
namespace {

using test::name_of;

DomainSet some_set() {
  DomainSetBuilder builder({3, 4});
  const AppId app = *builder.app("app");
  const ListId list = *builder.list("list", "1");
  std::uint32_t line = 0;
  for (const char* text : {"example.com", "a.b.example.com", "x.org", "zip"}) {
    builder.add(name_of(text), EntryKind::suffix, app, list, ++line).value();
  }
  for (int i = 0; i < 2000; ++i) {
    builder.add(name_of("n" + std::to_string(i) + ".net"), EntryKind::suffix, app, list, ++line)
        .value();
  }
  return builder.build()->set;
}

// Aligned as an image has to be.
class Copy {
 public:
  explicit Copy(Bytes image)
      : memory_(DomainSetBuilder::allocate_plain(image.size())), size_(image.size()) {
    std::memcpy(memory_.get(), image.data(), image.size());
  }
  [[nodiscard]] SluiceImageHeader& header() {
    return *reinterpret_cast<SluiceImageHeader*>(memory_.get());
  }
  [[nodiscard]] MutableBytes bytes() { return {memory_.get(), size_}; }
  [[nodiscard]] Result<DomainSet, ImageError> open(std::size_t size) const {
    return DomainSet::open(Bytes(memory_.get(), size), memory_);
  }
  [[nodiscard]] Result<DomainSet, ImageError> open() const { return open(size_); }

 private:
  std::shared_ptr<std::byte> memory_;
  std::size_t size_;
};

TEST(DomainImage, FoldsLettersAndNothingElse) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned place = 0; place < 8; ++place) {
      const std::uint64_t others = 0x5a415b407a607b80U & ~(std::uint64_t{0xff} << (8 * place));
      const std::uint64_t word = others | std::uint64_t{byte} << (8 * place);
      const auto folded = static_cast<std::uint8_t>(sluice_fold_word(word) >> (8 * place));
      const bool upper = byte >= 'A' && byte <= 'Z';
      ASSERT_EQ(folded, upper ? byte + 32 : byte) << byte << " at " << place;
    }
  }
}

TEST(DomainImage, TheFastSumOfALabelEqualsThePlainOne) {
  std::mt19937_64 random(1);
  SluiceHashKey key{};
  for (std::uint64_t& word : key.words) word = random();
  std::vector<std::byte> buffer(100);
  for (int round = 0; round < 200; ++round) {
    for (std::byte& byte : buffer) byte = static_cast<std::byte>(random());
    for (std::uint32_t size = 1; size <= 63; ++size) {
      for (const std::uint32_t at : {0U, 1U, 2U, 7U, 8U, 15U, 16U, 30U}) {
        const auto plain =
            sluice_label_sum(reinterpret_cast<const std::uint8_t*>(buffer.data()) + at, size, &key);
        ASSERT_EQ(label_sum(buffer, {at, size}, key), plain) << size << " at " << at;
      }
    }
  }
}

TEST(DomainImage, TheCReaderAgreesWithTheCppReader) {
  const DomainSet set = some_set();
  std::vector<std::string> names = {"example.com",   "a.b.example.com", "q.a.b.example.com",
                                    "b.example.com", "x.org",           "y.org",
                                    "zip",           "a.b.c.zip",       "com",
                                    "EXAMPLE.com",   "Q.EXAMPLE.COM"};
  for (int i = 0; i < 4000; ++i) names.push_back("www.n" + std::to_string(i) + ".net");
  for (const std::string& text : names) {
    const name::Name name = name_of(text);
    EXPECT_EQ(longest_suffix_with_rules(set.image().data(),
                                        reinterpret_cast<const std::uint8_t*>(name.wire().data())),
              set.find(name).labels)
        << text;
  }
}

TEST(DomainImage, TruncatedImagesAreRefused) {
  const DomainSet set = some_set();
  const Copy copy(set.image());
  ASSERT_TRUE(copy.open());
  for (std::size_t size = 0; size < set.image().size(); size += 61) {
    EXPECT_EQ(copy.open(size).error(), ImageError::truncated) << size;
  }
}

TEST(DomainImage, InvalidImagesAreRefusedWithTheReason) {
  const DomainSet set = some_set();
  const auto error_of = [&](auto&& change) {
    Copy copy(set.image());
    change(copy.header());
    const auto opened = copy.open();
    return opened ? "opened" : std::string(to_string(opened.error()));
  };
  const auto text = [](ImageError error) { return std::string(to_string(error)); };
  EXPECT_EQ(error_of([](auto& h) { h.magic[0] = 'X'; }), text(ImageError::not_an_image));
  EXPECT_EQ(error_of([](auto& h) { ++h.version; }), text(ImageError::other_version));
  EXPECT_EQ(error_of([](auto& h) { h.byte_order = 0x04030201; }),
            text(ImageError::other_byte_order));
  EXPECT_EQ(error_of([](auto& h) { h.home_buckets = 0; }), text(ImageError::bad_sections));
  EXPECT_EQ(error_of([](auto& h) { h.home_buckets += kSluiceMaxProbe; }),
            text(ImageError::bad_sections));
  EXPECT_EQ(error_of([](auto& h) { h.rule_bytes.at += 4; }), text(ImageError::bad_sections));
  EXPECT_EQ(error_of([](auto& h) { h.rule_bytes.count = ~std::uint64_t{0}; }),
            text(ImageError::bad_sections));
  EXPECT_EQ(error_of([](auto& h) { h.buckets.at = 0; }), text(ImageError::bad_sections));
  EXPECT_EQ(error_of([](auto& h) { h.buckets.count -= 1; }), text(ImageError::bad_sections));
  EXPECT_EQ(error_of([](auto& h) { h.apps = 65; }), text(ImageError::bad_strings));
  EXPECT_EQ(error_of([](auto& h) { h.lists = 300; }), text(ImageError::bad_strings));
}

class AddressSection : public testing::Test {
 protected:
  AddressSection() {
    DomainSetBuilder builder({3, 4});
    const AppId app = *builder.app("app");
    const ListId list = *builder.list("list", "1");
    builder.add(name_of("example.com"), EntryKind::suffix, app, list, 1).value();
    std::uint32_t line = 1;
    for (const char* range : {"2001:db8::/32", "203.0.113.0/24", "203.0.113.0/25", "192.0.2.7"}) {
      builder.add(*IpPrefix::parse(range), EntryKind::exact, app, list, ++line).value();
    }
    builder.add(*IpPrefix::parse("203.0.113.0/24"), EntryKind::exact_exception, AppId{}, list, 9)
        .value();
    set_ = builder.build()->set;
  }

  // What open() says of the image after `change` was made to its address rules.
  template <typename Change>
  std::string opened(Change&& change) {
    Copy copy(set_.image());
    const SluiceSection section = copy.header().addresses;
    auto* const first = reinterpret_cast<SluiceAddressRule*>(copy.bytes().data() + section.at);
    change(std::span(first, section.count));
    const auto opened = copy.open();
    return opened ? "opened" : std::string(to_string(opened.error()));
  }

  DomainSet set_;
};

TEST_F(AddressSection, HoldsTheRangesInTheOrderOfTheirAddresses) {
  std::vector<std::string> texts;
  set_.for_each_rule([&](RuleId id) { texts.push_back(rule_text(set_, id)); });
  EXPECT_EQ(texts, (std::vector<std::string>{"example.com", "192.0.2.7/32", "@@203.0.113.0/24",
                                             "203.0.113.0/24", "203.0.113.0/25", "2001:db8::/32"}));
  EXPECT_EQ(set_.size(), 6U);
  EXPECT_EQ(set_.name_count(), 1U);
  const SluiceAddressRule& rule = set_.address_rules()[0];
  EXPECT_EQ(rule.length, 128);
  EXPECT_EQ(rule.line, 5U);
}

TEST_F(AddressSection, NamesThatLookLikeAddressesStayNames) {
  EXPECT_FALSE(set_.find(name_of("192.0.2.7")).rule.valid());
  EXPECT_FALSE(set_.find(name_of("192.0.2.7/32._address")).rule.valid());
}

TEST_F(AddressSection, IsCheckedWhenTheImageIsOpened) {
  const std::string bad(to_string(ImageError::bad_addresses));
  using Rules = std::span<SluiceAddressRule>;
  EXPECT_EQ(opened([](Rules) {}), "opened");
  EXPECT_EQ(opened([](Rules rules) { std::swap(rules[0], rules[1]); }), bad);
  EXPECT_EQ(opened([](Rules rules) { std::swap(rules[1], rules[2]); }), bad);
  EXPECT_EQ(opened([](Rules rules) { rules[0] = rules[1]; }), bad);  // the same twice
  EXPECT_EQ(opened([](Rules rules) { rules[0].length = 129; }), bad);
  EXPECT_EQ(opened([](Rules rules) { rules[3].length = 96 + 8; }), bad);  // bits behind the length
  EXPECT_EQ(opened([](Rules rules) { rules[0].bits = 0; }), bad);         // not exact
  EXPECT_EQ(opened([](Rules rules) { rules[0].bits |= SLUICE_RULE_GLOB; }), bad);
}

TEST_F(AddressSection, LiesInsideTheImage) {
  Copy copy(set_.image());
  copy.header().addresses.count = copy.bytes().size();
  EXPECT_EQ(copy.open().error(), ImageError::bad_sections);
}

// If a damaged image opens, look-ups stay inside it (the sanitizers check) and end.
TEST(DomainImage, LookUpsInADamagedImageStayInsideIt) {
  const DomainSet set = some_set();
  std::mt19937 random(2);
  const std::vector<std::string> names = {"example.com", "q.a.b.example.com", "n7.net", "n8.net",
                                          "zip"};
  for (int round = 0; round < 3000; ++round) {
    Copy copy(set.image());
    const MutableBytes bytes = copy.bytes();
    for (int i = 0; i < 200; ++i) {
      bytes[sizeof(SluiceImageHeader) + random() % (bytes.size() - sizeof(SluiceImageHeader))] =
          static_cast<std::byte>(random());
    }
    const auto damaged = copy.open();
    if (!damaged) continue;
    for (const std::string& text : names) {
      const Match match = damaged->find(HostName::from(text));
      if (!match.rule.valid()) continue;
      static_cast<void>(rule_text(*damaged, match.rule));
      static_cast<void>(damaged->rule_source(match.rule));
      static_cast<void>(damaged->list_name(damaged->rule(match.rule).list));
    }
  }
}

}  // namespace
}  // namespace sluice::match
