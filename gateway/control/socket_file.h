#pragma once

// A Unix stream socket that listens at a path, and the file there.
//
// A socket that a dead process left behind is replaced; one that somebody listens at is refused,
// and so is a file of another kind. The file is never more open than its mode, not even for a
// moment; it goes with this object, unless somebody else has put another one there.

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "filters/base/result.h"
#include "gateway/os/descriptor.h"

namespace sluice::control {

class SocketFile {
 public:
  // The folder has to exist. Error: one line with the path.
  [[nodiscard]] static Result<SocketFile, std::string> open(std::filesystem::path path,
                                                            mode_t mode);
  SocketFile(SocketFile&&) = default;
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile();

  [[nodiscard]] int descriptor() const noexcept { return socket_.value(); }

 private:
  SocketFile(std::filesystem::path path, os::Descriptor socket)
      : path_(std::move(path)), socket_(std::move(socket)) {}

  std::filesystem::path path_;
  os::Descriptor socket_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// A socket that is connected to the one at `path`. Error: errno.
[[nodiscard]] Result<os::Descriptor, int> connect_to(const std::filesystem::path& path);

}  // namespace sluice::control
