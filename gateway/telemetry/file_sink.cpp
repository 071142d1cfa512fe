#include "gateway/telemetry/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

namespace sluice::telemetry {
namespace {

constexpr mode_t kMode = 0666;  // the umask takes from it
constexpr auto kLookEvery = std::chrono::minutes(10);

std::chrono::sys_days today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}

// Of the last line of a file. nullopt: no such file.
std::optional<std::chrono::sys_days> last_day_of(const std::filesystem::path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec)));
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

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
  day_ = last_day_of(file_).value_or(today());
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
  idle();
  return written;
}

void FileSink::idle() {
  const auto now = std::chrono::steady_clock::now();
  if (options_.keep_days.count() == 0 || now < next_look_) return;
  next_look_ = now + kLookEvery;
  remove_old();
}

// A file without lines stays: a new one would be no other.
void FileSink::begin_day() {
  const auto day = today();
  if (day_ != day && ::lseek(descriptor_, 0, SEEK_END) > 0) rotate();
  day_ = day;
}

// On a quiet network the file itself may be too old.
void FileSink::remove_old() {
  const auto oldest = today() - options_.keep_days;
  if (descriptor_ >= 0 && day_ < oldest && ::lseek(descriptor_, 0, SEEK_END) > 0) rotate();
  const std::string stem = file_.filename().string() + '.';
  const auto folder = file_.has_parent_path() ? file_.parent_path() : ".";
  std::error_code error;
  std::filesystem::directory_iterator each(folder, error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    const std::string name = each->path().filename();
    if (!name.starts_with(stem) || !is_number(std::string_view(name).substr(stem.size()))) continue;
    std::error_code ignored;
    const auto day = last_day_of(each->path());
    if (day && *day < oldest) std::filesystem::remove(each->path(), ignored);
  }
}

bool FileSink::write_pending() {
  if (options_.keep_days.count() > 0) begin_day();
  if (descriptor_ < 0) return false;  // rotated, and cannot be opened again
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
