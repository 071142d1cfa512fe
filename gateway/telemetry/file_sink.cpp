#include "gateway/telemetry/file_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

namespace sluice::telemetry {
namespace {

constexpr mode_t kMode = 0666;  // the umask takes from it

}  // namespace

Result<std::unique_ptr<FileSink>, std::string> FileSink::open(std::filesystem::path file,
                                                              const Options& options) {
  std::unique_ptr<FileSink> sink(new FileSink(std::move(file), options));
  if (!sink->reopen()) return fail(sink->error());
  return sink;
}

FileSink::~FileSink() {
  close();
}

void FileSink::close() {
  if (descriptor_ >= 0 && !is_stdout()) ::close(descriptor_);
  descriptor_ = -1;
}

bool FileSink::reopen() {
  close();
  descriptor_ = is_stdout()
                    ? STDOUT_FILENO
                    : ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
  return descriptor_ >= 0 || failed("cannot be opened for writing");
}

bool FileSink::failed(const char* what) {
  error_ = file_.string() + ": " + what + ": " + std::strerror(errno);
  return false;
}

void FileSink::write(std::span<const std::string> lines) {
  for (const std::string& line : lines) {
    pending_ += line;
    pending_ += '\n';
  }
}

bool FileSink::flush() {
  const bool written = (descriptor_ >= 0 || reopen()) && write_pending();
  pending_.clear();
  // The disk may have room again, or the folder may be back, the next time.
  if (!written) close();
  return written;
}

bool FileSink::write_pending() {
  if (half_line_ && !pending_.empty()) pending_.insert(0, 1, '\n');
  const std::int64_t before = ::lseek(descriptor_, 0, SEEK_END);  // -1: no regular file
  for (std::string_view left = pending_; !left.empty();) {
    const ssize_t count = ::write(descriptor_, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      failed("cannot be written");
      take_back(before);
      return false;
    }
    left.remove_prefix(static_cast<std::size_t>(count));
    if (count > 0) half_line_ = *(left.data() - 1) != '\n';
  }
  if (options_.sync && ::fdatasync(descriptor_) != 0 && errno != EINVAL) {
    failed("cannot be brought to the disk");
    take_back(before);
    return false;
  }
  const auto after = before + static_cast<std::int64_t>(pending_.size());
  if (before >= 0 && options_.rotate_bytes > 0 &&
      static_cast<std::uint64_t>(after) >= options_.rotate_bytes) {
    rotate();
  }
  return true;
}

void FileSink::take_back(std::int64_t size) {
  if (size < 0 || ::ftruncate(descriptor_, size) != 0) return;
  half_line_ = size > 0 && pending_.starts_with('\n');  // as before
}

// What cannot be renamed stays, and the file grows on.
void FileSink::rotate() {
  if (is_stdout()) return;
  const auto numbered = [&](unsigned number) {
    return std::filesystem::path(file_.string() + '.' + std::to_string(number));
  };
  std::error_code ignored;
  if (options_.keep == 0) {
    std::filesystem::remove(file_, ignored);
  } else {
    for (unsigned number = options_.keep - 1; number > 0; --number) {
      std::filesystem::rename(numbered(number), numbered(number + 1), ignored);
    }
    std::filesystem::rename(file_, numbered(1), ignored);
  }
  reopen();
}

}  // namespace sluice::telemetry
