#include "lists/compile/image_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "filters/match/domain_image.h"
#include "filters/match/domain_set_builder.h"

namespace sluice::lists {
namespace {

namespace fs = std::filesystem;
using match::DomainSet;
using match::EntryKind;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

name::Name name_of(std::string_view text) {
  return *name::Name::from_text(text);
}

DomainSet set_of(std::initializer_list<std::string_view> names) {
  match::DomainSetBuilder builder({1, 2});
  const auto app = *builder.app("chat");
  const auto list = *builder.list("names", "0123456789abcdef");
  std::uint32_t line = 0;
  for (const std::string_view name : names) {
    EXPECT_TRUE(builder.add(name_of(name), EntryKind::suffix, app, list, ++line));
  }
  const name::Name pattern = name_of("p16-*.example.net");
  EXPECT_TRUE(builder.add({.name = pattern.wire(),
                           .is_glob = true,
                           .app = app,
                           .list = list,
                           .line = ++line,
                           .source = "P16-*.example.net"}));
  return builder.build()->set;
}

DomainSet small_set() {
  return set_of({"example.com", "a.b.example.org", "test"});
}

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class ImageFile : public testing::Test {
 protected:
  ImageFile() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~ImageFile() override { fs::remove_all(folder_); }
  ImageFile(const ImageFile&) = delete;
  ImageFile& operator=(const ImageFile&) = delete;

  [[nodiscard]] fs::path file(const char* name = "image") const { return folder_ / name; }
  fs::path write(std::string_view bytes, const char* name = "image") const {
    std::ofstream(file(name), std::ios::binary | std::ios::trunc) << bytes;
    return file(name);
  }
  // An image of the small set, as bytes of its file.
  [[nodiscard]] std::string small_image() const {
    EXPECT_TRUE(write_image(small_set(), file("small")));
    return contents(file("small"));
  }
  // The reason; empty: it opened.
  [[nodiscard]] static std::string refusal(const fs::path& path) {
    const auto set = open_image(path);
    if (set) return "";
    EXPECT_THAT(set.error(), testing::Not(IsEmpty()));
    return set.error();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

 private:
  fs::path folder_ = fs::path(testing::TempDir()) /
                     (std::string("sluice_image_") +
                      testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(ImageFile, GivesBackWhatWasWritten) {
  const DomainSet built = small_set();
  ASSERT_TRUE(write_image(built, file()));
  const auto opened = open_image(file());
  ASSERT_TRUE(opened) << opened.error();
  EXPECT_EQ(opened->size(), built.size());
  EXPECT_EQ(opened->name_count(), built.name_count());
  EXPECT_EQ(opened->app_name({0}), "chat");
  EXPECT_EQ(opened->list_name({0}), "names");
  EXPECT_EQ(opened->list_version({0}), "0123456789abcdef");
  for (const char* name : {"example.com", "x.example.com", "a.b.example.org", "b.example.org",
                           "test", "p16-9.example.net", "p17-9.example.net", "other"}) {
    const match::Match wanted = built.find(name_of(name));
    const match::Match found = opened->find(name_of(name));
    EXPECT_EQ(found.rule, wanted.rule) << name;
    EXPECT_EQ(found.labels, wanted.labels) << name;
    if (!found.rule.valid()) continue;
    EXPECT_EQ(opened->rule(found.rule).line, built.rule(found.rule).line);
    EXPECT_EQ(opened->rule_source(found.rule), built.rule_source(found.rule));
  }
}

TEST_F(ImageFile, IsTheImageButForItsChecksum) {
  const DomainSet built = small_set();
  std::string bytes = small_image();
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + offsetof(SluiceImageHeader, checksum), sizeof checksum);
  bytes.replace(offsetof(SluiceImageHeader, checksum), sizeof checksum, sizeof checksum, '\0');
  EXPECT_EQ(bytes, as_text(built.image()));
  EXPECT_EQ(checksum, XXH3_64bits(bytes.data(), bytes.size()));
}

TEST_F(ImageFile, HoldsTheEmptySet) {
  const auto nothing = match::DomainSetBuilder({1, 2}).build();
  ASSERT_TRUE(nothing);
  for (const DomainSet& empty : {DomainSet{}, nothing->set}) {
    ASSERT_TRUE(write_image(empty, file()));
    const auto opened = open_image(file());
    ASSERT_TRUE(opened) << opened.error();
    EXPECT_EQ(opened->size(), 0U);
    EXPECT_FALSE(opened->find(name_of("example.com")).rule.valid());
  }
}

TEST_F(ImageFile, WrittenAgainIsTheSameFile) {
  const std::string first = small_image();
  const auto opened = open_image(file("small"));
  ASSERT_TRUE(opened);
  ASSERT_TRUE(write_image(*opened, file("small")));  // over itself, while it is mapped
  EXPECT_EQ(contents(file("small")), first);
}

TEST_F(ImageFile, AnOpenImageStaysWhenAnotherTakesItsPlace) {
  ASSERT_TRUE(write_image(small_set(), file()));
  const auto before = open_image(file());
  ASSERT_TRUE(before);
  ASSERT_TRUE(write_image(set_of({"other.example"}), file()));
  const auto after = open_image(file());
  ASSERT_TRUE(after);
  EXPECT_TRUE(before->find(name_of("example.com")).rule.valid());
  EXPECT_FALSE(after->find(name_of("example.com")).rule.valid());
  EXPECT_TRUE(after->find(name_of("other.example")).rule.valid());
}

TEST_F(ImageFile, TruncatedAnywhereIsRefused) {
  const std::string whole = small_image();
  SluiceImageHeader header;
  std::memcpy(&header, whole.data(), sizeof header);
  std::vector<std::size_t> lengths = {0, 1, sizeof header - 1, sizeof header, whole.size() - 1};
  for (const SluiceSection& section :
       {header.buckets, header.rule_bytes, header.texts, header.strings}) {
    for (const std::size_t at : {section.at - 1, section.at, section.at + 1}) {
      lengths.push_back(at);
    }
  }
  std::mt19937 chance(1);
  for (int i = 0; i < 200; ++i) lengths.push_back(chance() % whole.size());
  for (const std::size_t length : lengths) {
    write(std::string_view(whole).substr(0, length));
    EXPECT_EQ(refusal(file()), "truncated") << length;
  }
}

TEST_F(ImageFile, EveryBitThatFlipsIsFound) {
  const std::string whole = small_image();
  write(whole);
  const int fd = ::open(file().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      const char flipped = static_cast<char>(whole[at] ^ (1 << bit));
      ASSERT_EQ(::pwrite(fd, &flipped, 1, static_cast<off_t>(at)), 1);
      const std::string reason = refusal(file());
      if (at >= sizeof(SluiceImageHeader)) {
        ASSERT_THAT(reason, AnyOf(HasSubstr("checksum"), HasSubstr("cut off"))) << at;
      } else {
        ASSERT_NE(reason, "") << "byte " << at << " bit " << bit;
      }
    }
    ASSERT_EQ(::pwrite(fd, &whole[at], 1, static_cast<off_t>(at)), 1);
  }
  ::close(fd);
  EXPECT_EQ(refusal(file()), "");
}

TEST_F(ImageFile, MoreBytesThanTheHeaderSaysAreRefused) {
  EXPECT_NE(refusal(write(small_image() + std::string(64, '\0'))), "");
}

TEST_F(ImageFile, OtherVersionsAndMachinesAreToldByName) {
  const std::string whole = small_image();
  std::string other = whole;
  other[offsetof(SluiceImageHeader, version)] = kSluiceImageVersion + 1;
  EXPECT_THAT(refusal(write(other)), HasSubstr("another version"));
  other = whole;
  std::reverse(other.begin() + offsetof(SluiceImageHeader, byte_order),
               other.begin() + offsetof(SluiceImageHeader, byte_order) + 4);
  EXPECT_THAT(refusal(write(other)), HasSubstr("byte order"));
}

TEST_F(ImageFile, WhatIsNoImageIsRefused) {
  EXPECT_EQ(refusal(file("missing")), "No such file or directory");
  EXPECT_EQ(refusal(file().parent_path()), "a directory, not a file");
  EXPECT_EQ(refusal(write("")), "truncated");
  EXPECT_EQ(refusal(write(std::string(1000, 'x'))), "not an image of a domain set");
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal(file("pipe")), "not a regular file");  // and nobody waited for a writer
}

// Bug: the gateway mapped the file, and a copy over it (`cp new.image names.image`) ended the
// process.
TEST_F(ImageFile, WhatTheGatewayReadOutlivesTheFile) {
  write(small_image());
  const auto set = read_image(file());
  ASSERT_TRUE(set);
  fs::resize_file(file(), 0);
  EXPECT_TRUE(set->find(name_of("a.example.com")).rule.valid());
  EXPECT_EQ(read_image(file()).error(), "truncated");
}

// Bug: all pages of a file were asked for before anybody looked whether it is an image.
TEST_F(ImageFile, AHugeFileThatIsNoImageTakesNoMemory) {
  write("");
  fs::resize_file(file(), std::uintmax_t{1} << 32);
  EXPECT_EQ(refusal(file()), "not an image of a domain set");
  EXPECT_EQ(read_image(file()).error(), "not an image of a domain set");
  fs::resize_file(file(), std::uintmax_t{1} << 40);
  EXPECT_EQ(refusal(file()), "larger than 8192 MiB");
}

TEST_F(ImageFile, TheOldImageStaysWhereTheNewOneCannotBeWritten) {
  const std::string old = small_image();
  write(old);
  // The disk is full after 300 bytes, or as good as.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{300, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = write_image(set_of({"other.example"}), file());
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error(), "File too large");
  EXPECT_EQ(contents(file()), old);
  EXPECT_EQ(files(), 2U);  // nothing is left of the attempt: `image` and `small`
}

TEST_F(ImageFile, OnlyFilesAreReplaced) {
  EXPECT_EQ(write_image(small_set(), file("no-folder") / "image").error(),
            "No such file or directory");
  EXPECT_EQ(write_image(small_set(), file().parent_path()).error(), "a directory, not a file");
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  EXPECT_EQ(write_image(small_set(), file("pipe")).error(), "not a regular file");
  EXPECT_TRUE(fs::is_fifo(file("pipe")));
  EXPECT_EQ(files(), 1U);
}

TEST_F(ImageFile, ALinkStaysALink) {
  write("old", "target");
  fs::create_symlink("target", file("link"));
  ASSERT_TRUE(write_image(small_set(), file("link")));
  EXPECT_TRUE(fs::is_symlink(file("link")));
  EXPECT_EQ(refusal(file("target")), "");
  fs::create_symlink("nowhere", file("dangling"));
  EXPECT_EQ(write_image(small_set(), file("dangling")).error(), "No such file or directory");
}

TEST_F(ImageFile, ModesAreForOwnerAndGroupUnlessTheyWereSet) {
  ASSERT_TRUE(write_image(small_set(), file()));
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms{0640});
  fs::permissions(file(), fs::perms{0604});
  ASSERT_TRUE(write_image(small_set(), file()));
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms{0604});
}

}  // namespace
}  // namespace sluice::lists
