#include "lists/compile/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace sluice::lists {
namespace {

namespace fs = std::filesystem;

std::string last_error() {
  return std::system_category().message(errno);
}

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] bool ok() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// A new file beside `target`, deleted unless it is put in the target's place.
class Replacement {
 public:
  explicit Replacement(fs::path target)
      : target_(std::move(target)),
        path_(target_.string() + ".XXXXXX"),
        file_(::mkostemp(path_.data(), O_CLOEXEC)) {}
  ~Replacement() {
    if (file_.ok() && !placed_) ::unlink(path_.c_str());
  }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  [[nodiscard]] bool ok() const noexcept { return file_.ok(); }
  [[nodiscard]] bool set_mode(mode_t mode) const { return ::fchmod(file_.get(), mode) == 0; }

  [[nodiscard]] bool write(Bytes bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
  }

  // Synced before the rename: after a crash the target is never half of a file.
  [[nodiscard]] bool place() {
    if (::fsync(file_.get()) != 0 || ::rename(path_.c_str(), target_.c_str()) != 0) return false;
    placed_ = true;
    // Sync the rename as well; some file systems cannot.
    const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
    const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.ok()) ::fsync(opened.get());
    return true;
  }

 private:
  fs::path target_;
  std::string path_;
  Descriptor file_;
  bool placed_ = false;
};

// A link stays; the file that it leads to is replaced.
Result<fs::path, std::string> target_of(const fs::path& path) {
  std::error_code error;
  fs::path target = path;
  if (fs::is_symlink(path, error)) {
    target = fs::canonical(path, error);
    if (error) return fail(error.message());
  }
  const auto status = fs::status(target, error);
  if (fs::is_directory(status)) return fail(std::string("a directory, not a file"));
  // A device must not be replaced by a file.
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return fail(std::string("not a regular file"));
  }
  return target;
}

mode_t mode_for(const fs::path& target, mode_t mode) {
  struct stat old{};
  return ::stat(target.c_str(), &old) == 0 ? old.st_mode & 07777 : mode;
}

}  // namespace

Result<void, std::string> replace_file(const fs::path& path, std::span<const Bytes> parts,
                                       mode_t mode) {
  const auto target = target_of(path);
  if (!target) return fail(target.error());
  Replacement file(*target);
  const auto write = [&](Bytes part) { return file.write(part); };
  if (!file.ok() || !file.set_mode(mode_for(*target, mode)) || !std::ranges::all_of(parts, write) ||
      !file.place()) {
    return fail(last_error());
  }
  return {};
}

}  // namespace sluice::lists
