#include "gateway/control/socket_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include "tests/gateway/control/folder.h"

namespace sluice::control {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TheSocketFile : public testing::Test {
 protected:
  [[nodiscard]] std::string refusal() const {
    const auto file = SocketFile::open(path, 0600);
    return file ? "it was opened" : file.error();
  }
  [[nodiscard]] mode_t mode() const {
    struct stat found{};
    EXPECT_EQ(::lstat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  test::SocketFolder folder;
  fs::path path = folder / "control.sock";
};

TEST_F(TheSocketFile, HasItsModeWhateverTheUmask) {
  for (const mode_t wanted : {mode_t{0600}, mode_t{0666}}) {
    const mode_t before = ::umask(027);
    const auto file = SocketFile::open(path, wanted);
    ::umask(before);
    ASSERT_TRUE(file) << file.error();
    EXPECT_EQ(mode(), wanted);
    EXPECT_TRUE(connect_to(path));
  }
}

TEST_F(TheSocketFile, GoesWithItsOwner) {
  {
    EXPECT_TRUE(SocketFile::open(path, 0600));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(TheSocketFile, ThatADeadProcessLeftIsReplaced) {
  {
    auto file = SocketFile::open(path, 0600);
    ASSERT_TRUE(file);
    fs::rename(path, folder / "kept");
  }
  fs::rename(folder / "kept", path);  // nobody listens at it any more
  ASSERT_TRUE(fs::is_socket(path));
  const auto file = SocketFile::open(path, 0600);
  ASSERT_TRUE(file) << file.error();
  EXPECT_TRUE(connect_to(path));
}

TEST_F(TheSocketFile, ThatSomebodyListensAtIsRefused) {
  const auto first = SocketFile::open(path, 0600);
  ASSERT_TRUE(first);
  EXPECT_THAT(refusal(), HasSubstr("control.sock: another process listens there"));
  EXPECT_TRUE(fs::is_socket(path));
  // Also if it has no time to accept.
  std::vector<os::Descriptor> peers;
  for (;;) {
    auto peer = connect_to(path);
    if (!peer) {
      EXPECT_EQ(peer.error(), EAGAIN);
      break;
    }
    peers.push_back(std::move(*peer));
  }
  EXPECT_THAT(refusal(), HasSubstr("another process listens there"));
}

TEST_F(TheSocketFile, OfAnotherKindIsLeftAlone) {
  std::ofstream(path) << "precious";
  EXPECT_THAT(refusal(), HasSubstr("a file that is no socket is there"));
  EXPECT_EQ(fs::file_size(path), 8U);
  fs::remove(path);
  fs::create_symlink(folder / "elsewhere", path);
  EXPECT_THAT(refusal(), HasSubstr("a file that is no socket is there"));
}

// A second gateway may have taken the place meanwhile.
TEST_F(TheSocketFile, RemovesNoSocketOfOthers) {
  auto first = SocketFile::open(path, 0600);
  ASSERT_TRUE(first);
  std::optional<SocketFile> mine(std::move(*first));
  fs::remove(path);
  const auto second = SocketFile::open(path, 0600);
  ASSERT_TRUE(second);
  mine.reset();
  EXPECT_TRUE(connect_to(path));
}

TEST_F(TheSocketFile, NeedsAFolderAndAPathThatFits) {
  path = folder / "none/control.sock";
  EXPECT_THAT(refusal(), HasSubstr("none/control.sock: No such file or directory"));
  path = folder / std::string(200, 'a').c_str();
  EXPECT_THAT(refusal(), HasSubstr("1 to 107 bytes"));
  path = "";
  EXPECT_THAT(refusal(), HasSubstr("1 to 107 bytes"));
}

}  // namespace
}  // namespace sluice::control
