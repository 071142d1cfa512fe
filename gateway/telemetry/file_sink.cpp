#include "gateway/telemetry/file_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace sluice::telemetry {
namespace {

constexpr mode_t kMode = 0666;  // the umask takes from it

}  // namespace

Result<std::unique_ptr<FileSink>, std::string> FileSink::open(std::filesystem::path file) {
  std::unique_ptr<FileSink> sink(new FileSink(std::move(file)));
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
  for (std::string_view left = pending_; !left.empty();) {
    const ssize_t count = ::write(descriptor_, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("cannot be written");
    left.remove_prefix(static_cast<std::size_t>(count));
    if (count > 0) half_line_ = *(left.data() - 1) != '\n';
  }
  return true;
}

}  // namespace sluice::telemetry
