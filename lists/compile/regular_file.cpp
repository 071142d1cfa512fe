#include "lists/compile/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::lists {
namespace {

std::chrono::system_clock::time_point time_of(const timespec& time) {
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(
          std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec)));
}

std::string problem_of(const struct stat& status, std::uintmax_t most) {
  if (S_ISDIR(status.st_mode)) return "a directory, not a file";
  if (!S_ISREG(status.st_mode)) return "not a regular file";
  if (static_cast<std::uintmax_t>(status.st_size) <= most) return {};
  constexpr std::uintmax_t kMiB = std::uintmax_t{1} << 20;
  return "larger than " +
         (most >= kMiB ? std::to_string(most / kMiB) + " MiB" : std::to_string(most) + " bytes");
}

}  // namespace

Result<RegularFile, std::string> RegularFile::open(const std::filesystem::path& path,
                                                   std::uintmax_t most) {
  // Without O_NONBLOCK the open of a pipe would wait for a writer.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return fail(std::string(std::strerror(errno)));
  struct stat status{};
  RegularFile file(fd, 0, {});
  if (::fstat(fd, &status) != 0) return fail(std::string(std::strerror(errno)));
  if (auto problem = problem_of(status, most); !problem.empty()) return fail(std::move(problem));
  file.size_ = static_cast<std::size_t>(status.st_size);
  file.modified_ = time_of(status.st_mtim);
  return file;
}

RegularFile::~RegularFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void, std::string> RegularFile::read(MutableBytes to) {
  while (!to.empty()) {
    const ssize_t count = ::read(fd_, to.data(), to.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(std::string(std::strerror(errno)));
    if (count == 0) return fail(std::string("shrank while it was being read"));
    to = to.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

bool RegularFile::changed() const noexcept {
  struct stat status{};
  return ::fstat(fd_, &status) != 0 || static_cast<std::size_t>(status.st_size) != size_ ||
         time_of(status.st_mtim) != modified_;
}

}  // namespace sluice::lists
