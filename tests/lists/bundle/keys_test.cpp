// Keys on disk: what openssl makes is read, what we make openssl reads, and nothing is overwritten.

#include "lists/bundle/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "lists/compile/digest.h"

namespace sluice::lists {
namespace {

using testing::HasSubstr;

// RFC 8032 section 7.1, test 1: known to everybody.
constexpr const char* kKnownKey =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kKnownSignature =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b4"
    "6b"
    "d25bf5f0595bbe24655141438e7a100b";

class KeysTest : public testing::Test {
 protected:
  KeysTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~KeysTest() override { std::filesystem::remove_all(folder_); }
  KeysTest(const KeysTest&) = delete;
  KeysTest& operator=(const KeysTest&) = delete;

  std::string path(const char* name) const { return (folder_ / name).string(); }
  void put(const char* name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  std::string text(const char* name) const {
    std::ostringstream out;
    out << std::ifstream(path(name), std::ios::binary).rdbuf();
    return out.str();
  }
  // In the folder. False: it failed.
  bool openssl(const std::string& words) const {
    const std::string line = "cd '" + folder_.string() + "' && openssl " + words + " >out 2>&1";
    return std::system(line.c_str()) == 0;  // NOLINT(bugprone-command-processor)
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("sluice_keys_" + std::to_string(::getpid()));
};

TEST(Keys, SignAsTheRfcDoes) {
  const auto key = PrivateKey::parse(kKnownKey);
  ASSERT_TRUE(key) << key.error();
  const Signature signature = key->sign("");
  EXPECT_EQ(to_hex(signature), kKnownSignature);
  EXPECT_TRUE(key->public_key().verifies("", signature));
  EXPECT_FALSE(key->public_key().verifies("x", signature));
  EXPECT_FALSE(key->public_key().verifies("", Bytes(signature).first(63)));
  EXPECT_FALSE(PrivateKey::generate()->public_key().verifies("", signature));
}

TEST(Keys, TheIdIsTheBeginningOfADigestOfTheRawKey) {
  EXPECT_EQ(to_string(PrivateKey::parse(kKnownKey)->public_key().id()), "21fe31dfa154a261");
}

TEST_F(KeysTest, APrivateKeyIsForItsOwnerAlone) {
  const auto key = PrivateKey::generate();
  ASSERT_TRUE(key);
  const mode_t before = ::umask(0);
  const auto written = key->write(path("a.key"));
  ::umask(before);
  ASSERT_TRUE(written) << written.error();
  struct stat status{};
  ASSERT_EQ(::stat(path("a.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const auto read = PrivateKey::read(path("a.key"));
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->public_key().id(), key->public_key().id());
}

TEST_F(KeysTest, NothingIsOverwritten) {
  const auto key = PrivateKey::generate();
  put("a.key", "old");
  EXPECT_FALSE(key->write(path("a.key")));
  EXPECT_EQ(text("a.key"), "old");
  std::filesystem::create_symlink(path("elsewhere"), path("link"));
  EXPECT_FALSE(key->write(path("link")));
  EXPECT_FALSE(std::filesystem::exists(path("elsewhere")));
  EXPECT_FALSE(key->write(path("no/a.key")));
}

TEST_F(KeysTest, OfOpensslAreRead) {
  ASSERT_TRUE(openssl("genpkey -algorithm ed25519 -out a.key")) << text("out");
  ASSERT_TRUE(openssl("pkey -in a.key -pubout -out a.pub")) << text("out");
  const auto secret = PrivateKey::read(path("a.key"));
  const auto open = PublicKey::read(path("a.pub"));
  ASSERT_TRUE(secret && open);
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ(open->front().id(), secret->public_key().id());
  EXPECT_TRUE(open->front().verifies("text", secret->sign("text")));
}

TEST_F(KeysTest, OpensslVerifiesWhatOursSign) {
  const auto key = PrivateKey::generate();
  ASSERT_TRUE(key);
  put("a.pub", key->public_key().pem());
  put("message", "text");
  put("signature", std::string(as_text(key->sign("text"))));
  const std::string verify = "pkeyutl -verify -pubin -inkey a.pub -rawin -sigfile signature -in ";
  EXPECT_TRUE(openssl(verify + "message")) << text("out");
  put("message", "test");
  EXPECT_FALSE(openssl(verify + "message"));
  ASSERT_TRUE(key->write(path("a.key")));
  EXPECT_TRUE(openssl("pkey -in a.key -check -noout")) << text("out");
}

TEST_F(KeysTest, AFileMayHoldSeveralPublicKeys) {
  const PublicKey a = PrivateKey::generate()->public_key();
  const PublicKey b = PrivateKey::generate()->public_key();
  const auto both = PublicKey::parse("of 2026\n" + a.pem() + "\nof 2027\n" + b.pem());
  ASSERT_TRUE(both) << both.error();
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[0].id(), a.id());
  EXPECT_EQ((*both)[1].id(), b.id());
  std::string many;
  for (std::size_t i = 0; i <= PublicKey::kMostInFile; ++i) many += a.pem();
  EXPECT_THAT(PublicKey::parse(many).error(), HasSubstr("more than 64 keys"));
}

TEST_F(KeysTest, WhatIsNoPublicKeyIsSaid) {
  const std::string good = PrivateKey::generate()->public_key().pem();
  EXPECT_THAT(PublicKey::parse("").error(), HasSubstr("no public key in it"));
  EXPECT_THAT(PublicKey::parse("chat.example\n").error(), HasSubstr("no public key in it"));
  EXPECT_THAT(PublicKey::parse(good + kKnownKey).error(), HasSubstr("a private key"));
  EXPECT_THAT(PublicKey::parse(good + good.substr(0, good.size() / 2)).error(),
              HasSubstr("damaged"));
  EXPECT_THAT(PublicKey::parse(std::string(100'000, 'x')).error(), HasSubstr("too large"));
  EXPECT_FALSE(PublicKey::read(path("none")));
  ASSERT_TRUE(openssl("genpkey -algorithm X25519 -out x.key")) << text("out");
  ASSERT_TRUE(openssl("pkey -in x.key -pubout -out x.pub")) << text("out");
  EXPECT_THAT(PublicKey::read(path("x.pub")).error(), HasSubstr("not an Ed25519 one"));
  EXPECT_THAT(PrivateKey::read(path("x.key")).error(), HasSubstr("not an Ed25519 one"));
}

TEST_F(KeysTest, NobodyIsAskedForAPassphrase) {
  put("a.key", kKnownKey);
  ASSERT_TRUE(openssl("pkcs8 -topk8 -in a.key -out b.key -passout pass:secret")) << text("out");
  EXPECT_THAT(PrivateKey::read(path("b.key")).error(), HasSubstr("an encrypted key"));
  EXPECT_THAT(PrivateKey::parse("").error(), HasSubstr("no private key in it"));
}

}  // namespace
}  // namespace sluice::lists
