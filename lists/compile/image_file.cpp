#include "lists/compile/image_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "filters/match/domain_image.h"
#include "filters/match/domain_set_builder.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/regular_file.h"

namespace sluice::lists {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kMode = 0640;
// Names fill at most 2 GiB, and what a lookup reads is smaller.
constexpr std::uintmax_t kMaxImage = std::uintmax_t{8} << 30;

std::string last_error() {
  return std::strerror(errno);
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

  // Synced before the rename: after a crash the target is never half of an image.
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

struct FreeState {
  void operator()(XXH3_state_t* state) const noexcept { XXH3_freeState(state); }
};

// `header` is the image's own, with a checksum of zero.
std::uint64_t checksum_of(const SluiceImageHeader& header, Bytes image) {
  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_64bits_reset(state.get());
  XXH3_64bits_update(state.get(), &header, sizeof header);
  XXH3_64bits_update(state.get(), image.data() + sizeof header, image.size() - sizeof header);
  return XXH3_64bits_digest(state.get());
}

// The header of an image with a checksum of zero.
SluiceImageHeader unsigned_header(Bytes image) {
  SluiceImageHeader header;
  std::memcpy(&header, image.data(), sizeof header);
  header.checksum = 0;
  return header;
}

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

mode_t mode_for(const fs::path& target) {
  struct stat old{};
  return ::stat(target.c_str(), &old) == 0 ? old.st_mode & 07777 : kMode;
}

}  // namespace

Result<void, std::string> write_image(const match::DomainSet& set, const fs::path& path) {
  if (set.image().empty()) {  // the empty set has no image
    const auto built = match::DomainSetBuilder({}).build();
    if (!built) return fail(std::string(match::to_string(built.error())));
    return write_image(built->set, path);
  }
  const auto target = target_of(path);
  if (!target) return fail(target.error());
  SluiceImageHeader header = unsigned_header(set.image());
  header.checksum = checksum_of(header, set.image());
  Replacement file(*target);
  if (!file.ok() || !file.set_mode(mode_for(*target)) ||
      !file.write(std::as_bytes(std::span(&header, 1))) ||
      !file.write(set.image().subspan(sizeof header)) || !file.place()) {
    return fail(last_error());
  }
  return {};
}

namespace {

// An image must look like one before memory is taken for it.
Result<RegularFile, std::string> open_file(const fs::path& path) {
  auto file = RegularFile::open(path, kMaxImage);
  if (!file) return file;
  SluiceImageHeader header{};
  const ssize_t got = ::pread(file->descriptor(), &header, sizeof header, 0);
  if (got < 0) return fail(last_error());
  if (const auto problem =
          match::header_problem(header, static_cast<std::size_t>(got), file->size())) {
    return fail(std::string(match::to_string(*problem)));
  }
  return file;
}

// Verifies the checksum.
Result<match::DomainSet, std::string> set_over(Bytes image, std::shared_ptr<const void> owner) {
  auto set = match::DomainSet::open(image, std::move(owner));
  if (!set) return fail(std::string(match::to_string(set.error())));
  const SluiceImageHeader header = unsigned_header(image);
  std::uint64_t stored = 0;
  std::memcpy(&stored, image.data() + offsetof(SluiceImageHeader, checksum), sizeof stored);
  if (checksum_of(header, image) != stored) {
    return fail(std::string("damaged: its checksum is wrong"));
  }
  return std::move(*set);
}

}  // namespace

Result<match::DomainSet, std::string> open_image(const fs::path& path) {
  const auto file = open_file(path);
  if (!file) return fail(file.error());
  const std::size_t size = file->size();
  // Populated, because the checksum reads every page: 13 ms instead of 20 for 4 million rules
  // (179 MB) in the page cache.
  void* const memory =
      ::mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, file->descriptor(), 0);
  if (memory == MAP_FAILED) return fail(last_error());
  std::shared_ptr<const void> owner(memory, [=](void* mapped) { ::munmap(mapped, size); });
  return set_over(Bytes(static_cast<const std::byte*>(memory), size), std::move(owner));
}

Result<match::DomainSet, std::string> read_image(const fs::path& path) {
  auto file = open_file(path);
  if (!file) return fail(file.error());
  const std::shared_ptr<std::byte> memory = allocate_image(file->size());
  const MutableBytes image(memory.get(), file->size());
  if (const auto read = file->read(image); !read) return fail(read.error());
  return set_over(image, memory);
}

Result<match::DomainSet, std::string> read_image(Bytes bytes) {
  SluiceImageHeader header{};
  const std::size_t got = std::min(bytes.size(), sizeof header);
  std::memcpy(&header, bytes.data(), got);
  if (const auto problem = match::header_problem(header, got, bytes.size())) {
    return fail(std::string(match::to_string(*problem)));
  }
  const std::shared_ptr<std::byte> memory = allocate_image(bytes.size());
  const MutableBytes image(memory.get(), bytes.size());
  copy_bytes(bytes, image);
  return set_over(image, memory);
}

}  // namespace sluice::lists
