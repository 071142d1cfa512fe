#include "lists/versions/version_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "filters/base/bytes.h"
#include "lists/compile/digest.h"
#include "lists/compile/load.h"
#include "lists/compile/regular_file.h"

namespace sluice::lists {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVersion = ".version";
constexpr std::string_view kNew = ".new";
constexpr std::string_view kCandidate = "candidate-";
constexpr mode_t kFileMode = 0640;
constexpr std::size_t kShortDigest = 16;

std::string os_error() {
  return std::system_category().message(errno);
}

std::string digest_of(std::string_view text) {
  return to_hex(Bytes(sha256(as_bytes(text))));
}

std::optional<std::uint64_t> number_in(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

// Of `12.version`.
std::optional<std::uint64_t> number_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.ends_with(kVersion)) return std::nullopt;
  return number_in(std::string_view(name).substr(0, name.size() - kVersion.size()));
}

bool sync_folder(const fs::path& folder) noexcept {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced;
}

// A file that gets its name when it is whole, and leaves nothing otherwise.
class NewFile {
 public:
  explicit NewFile(fs::path path)
      : path_(std::move(path)),
        fd_(::open(temporary().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode)) {}
  ~NewFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!placed_) ::unlink(temporary().c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool write(std::string_view text) noexcept {
    while (fd_ >= 0 && !text.empty()) {
      const ssize_t written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return fd_ >= 0;
  }
  bool place() noexcept {
    placed_ = fd_ >= 0 && ::fsync(fd_) == 0 && ::rename(temporary().c_str(), path_.c_str()) == 0;
    return placed_ && sync_folder(path_.parent_path());
  }

 private:
  [[nodiscard]] std::string temporary() const { return path_.string() + std::string(kNew); }

  fs::path path_;
  int fd_;
  bool placed_ = false;
};

// A part of a file. REQUIRES: it is so long.
Result<std::string, std::string> read_part(int fd, std::uint64_t at, std::uint64_t size) {
  std::string text;
  text.resize(size);
  for (std::size_t got = 0; got < size;) {
    const ssize_t now = ::pread(fd, text.data() + got, size - got, static_cast<::off_t>(at + got));
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) return fail(os_error());
    if (now == 0) return fail(std::string("damaged: it is cut off"));
    got += static_cast<std::size_t>(now);
  }
  return text;
}

Result<std::string, std::string> read_list_at(const RegularFile& file, const ListPart& part,
                                              std::uint64_t at) {
  auto text = read_part(file.descriptor(), at, part.bytes);
  if (text && digest_of(*text) != part.digest) {
    return fail(std::string("damaged: a digest is wrong"));
  }
  return text;
}

// All texts.
Result<void, std::string> verify(const Version& version) {
  const auto file = RegularFile::open(version.file, kMaxFile + kMaxHead);
  if (!file) return fail(file.error());
  std::uint64_t at = version.texts_at;
  for (const ListPart& part : version.head.lists) {
    if (const auto text = read_list_at(*file, part, at); !text) return fail(text.error());
    at += part.bytes;
  }
  return {};
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    files.push_back(it->path());
  }
  return files;
}

}  // namespace

Result<std::vector<std::string>, std::string> VersionStore::prepare() const {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail(folder_.string() + ": " + error.message());
  for (const fs::path& file : files_in(folder_)) {
    const std::string name = file.filename().string();
    if (name.ends_with(kNew) || name.starts_with(kCandidate)) fs::remove(file, error);
  }
  std::vector<std::string> lines;
  for (const fs::path& file : numbered()) {
    const auto version = open(file);
    const auto whole =
        version ? verify(*version) : Result<void, std::string>(fail(version.error()));
    if (whole) continue;
    lines.push_back(file.string() + ": " + whole.error() + "; it is set aside");
    fs::rename(file, file.string() + ".damaged", error);
  }
  return lines;
}

std::vector<fs::path> VersionStore::numbered() const {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  for (const fs::path& file : files_in(folder_)) {
    if (const auto number = number_of(file)) found.emplace_back(*number, file);
  }
  std::ranges::sort(found, std::greater{}, &std::pair<std::uint64_t, fs::path>::first);
  std::vector<fs::path> files;
  files.reserve(found.size());
  for (auto& [number, file] : found) files.push_back(std::move(file));
  return files;
}

Result<Version, std::string> VersionStore::open(const fs::path& path) const {
  const auto file = RegularFile::open(path, kMaxFile + kMaxHead);
  if (!file) return fail(file.error());
  const auto start = read_part(file->descriptor(), 0, std::min(file->size(), kMaxHead));
  if (!start) return fail(start.error());
  auto parsed = parse_head(*start);
  if (!parsed) return fail(parsed.error());
  if (parsed->size + parsed->head.bytes() != file->size()) {
    return fail(std::string("damaged: it is cut off, or too long"));
  }
  return Version{.number = number_of(path).value_or(0),
                 .head = std::move(parsed->head),
                 .file = path,
                 .texts_at = parsed->size,
                 .seen = file->modified()};
}

std::vector<Version> VersionStore::versions() const {
  std::vector<Version> versions;
  for (const fs::path& file : numbered()) {
    if (auto version = open(file)) versions.push_back(std::move(*version));
  }
  return versions;
}

std::optional<Version> VersionStore::in_force() const {
  std::vector<Version> all = versions();
  if (all.empty()) return std::nullopt;
  const auto pinned_number = pinned();
  if (!pinned_number) return std::move(all.front());
  // If the pinned one is damaged, the one before it: certainly not a newer one.
  const auto found = std::ranges::find_if(
      all, [&](const Version& version) { return version.number <= *pinned_number; });
  return std::move(found == all.end() ? all.back() : *found);
}

std::optional<StoredList> VersionStore::find(const Version& version, std::string_view list) {
  std::uint64_t at = version.texts_at;
  for (const ListPart& part : version.head.lists) {
    if (part.name.empty() || part.name == list) return StoredList{part, at};
    at += part.bytes;
  }
  return std::nullopt;
}

Result<std::string, std::string> VersionStore::read(const Version& version,
                                                    const StoredList& list) {
  const auto file = RegularFile::open(version.file, kMaxFile + kMaxHead);
  if (!file) return fail(file.error());
  return read_list_at(*file, list.part, list.at);
}

Result<fs::path, std::string> VersionStore::put_candidate(
    VersionHead head, const std::vector<std::string_view>& texts) const {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    head.lists[i].digest = digest_of(texts[i]);
    head.lists[i].bytes = texts[i].size();
  }
  fs::path path = folder_ / (std::string(kCandidate) + head.digest.substr(0, kShortDigest));
  drop_candidates();
  NewFile file(path);
  bool good = file.write(write_head(head));
  for (const std::string_view text : texts) good = good && file.write(text);
  if (!good || !file.place()) return fail(path.string() + ": " + os_error());
  return path;
}

void VersionStore::drop_candidates() const {
  for (const fs::path& file : files_in(folder_)) {
    std::error_code error;
    if (file.filename().string().starts_with(kCandidate)) fs::remove(file, error);
  }
}

Result<Version, std::string> VersionStore::accept(const fs::path& candidate) const {
  auto version = open(candidate);
  if (!version) return fail(candidate.string() + ": " + version.error());
  std::uint64_t number = 1;
  const auto files = numbered();
  if (!files.empty()) number = number_of(files.front()).value_or(0) + 1;
  // Before the version is there, so that it cannot be lost with it.
  if (version->head.number > highest().number) {
    const std::string text =
        std::to_string(version->head.number) + ' ' + version->head.digest + '\n';
    if (const auto kept = put("highest", text); !kept) return fail(kept.error());
  }
  const fs::path file = folder_ / (std::to_string(number) + std::string(kVersion));
  if (::rename(candidate.c_str(), file.c_str()) != 0 || !sync_folder(folder_)) {
    return fail(file.string() + ": " + os_error());
  }
  if (const auto ended = unpin(); !ended) return fail(ended.error());
  std::error_code error;
  for (std::size_t i = std::max<std::size_t>(keep_, 1) - 1; i < files.size(); ++i) {
    fs::remove(files[i], error);
  }
  version->number = number;
  version->file = file;
  return version;
}

void VersionStore::saw_newest() const {
  const auto files = numbered();
  if (files.empty()) return;
  std::error_code error;
  fs::last_write_time(files.front(), fs::file_time_type::clock::now(), error);
}

HighestVersion VersionStore::highest() const {
  HighestVersion highest;
  constexpr std::uintmax_t kMost = 256;
  if (const auto file = load_file(folder_ / "highest", kMost)) {
    const std::string_view text = file->text;
    const std::size_t blank = std::min(text.find(' '), text.size());
    if (const auto number = number_in(text.substr(0, blank))) highest.number = *number;
    highest.digest = text.substr(blank, text.find('\n') - blank);
    if (!highest.digest.empty()) highest.digest.erase(0, 1);
  }
  // If somebody deleted the file, the versions still tell.
  for (const Version& version : versions()) {
    if (version.head.number > highest.number) {
      highest = {version.head.number, version.head.digest};
    }
  }
  return highest;
}

Result<void, std::string> VersionStore::put(const char* name, std::string_view text) const {
  NewFile file(folder_ / name);
  if (file.write(text) && file.place()) return {};
  return fail((folder_ / name).string() + ": " + os_error());
}

std::optional<std::uint64_t> VersionStore::pinned() const {
  constexpr std::uintmax_t kMost = 64;
  const auto file = load_file(folder_ / "pin", kMost);
  if (!file) return std::nullopt;
  const std::string_view text = file->text;
  return number_in(text.substr(0, text.find('\n')));
}

Result<void, std::string> VersionStore::pin(std::uint64_t number) const {
  return put("pin", std::to_string(number) + '\n');
}

Result<void, std::string> VersionStore::unpin() const {
  const fs::path file = folder_ / "pin";
  if ((::unlink(file.c_str()) == 0 && sync_folder(folder_)) || errno == ENOENT) return {};
  return fail(file.string() + ": " + os_error());
}

Result<StoreLock, std::string> StoreLock::take(const fs::path& folder) {
  const fs::path path = folder / "lock";
  StoreLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (lock.fd_ < 0) return fail(path.string() + ": " + os_error());
  struct flock whole{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  if (::fcntl(lock.fd_, F_SETLK, &whole) != 0) {
    return fail(path.string() + ": another gateway uses this folder");
  }
  return lock;
}

int StoreLock::holder(const fs::path& folder) {
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return 0;
  struct flock whole{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
  const bool asked = ::fcntl(fd, F_GETLK, &whole) == 0;
  ::close(fd);
  return asked && whole.l_type != F_UNLCK ? whole.l_pid : 0;
}

StoreLock::~StoreLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace sluice::lists
