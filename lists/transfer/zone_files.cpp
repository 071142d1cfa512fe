#include "lists/transfer/zone_files.h"

#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "lists/compile/load.h"
#include "lists/transfer/zone_records.h"

namespace sluice::lists {
namespace {

constexpr std::string_view kHead = "; sluice zone 1\n";
constexpr std::string_view kSoa = "; soa ";
constexpr std::string_view kFrom = "; from ";
constexpr std::string_view kEnd = "; end ";

std::string hex(std::uint64_t value) {
  std::array<char, 16> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, 16);
  return {text.data(), end};
}

std::int64_t now_in_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string numbers_of(const Soa& soa) {
  return std::to_string(soa.serial) + ' ' + std::to_string(soa.refresh) + ' ' +
         std::to_string(soa.retry) + ' ' + std::to_string(soa.expire) + ' ' +
         std::to_string(now_in_seconds());
}

// The next number of a line; words between are read over.
std::optional<std::int64_t> take_number(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  if (error != std::errc{}) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  return number;
}

struct Version {
  Soa soa;
  std::chrono::system_clock::time_point seen;
};
std::optional<Version> take_version(std::string_view& line) {
  std::array<std::int64_t, 5> numbers{};
  for (std::int64_t& number : numbers) {
    const auto taken = take_number(line);
    if (!taken) return std::nullopt;
    number = *taken;
  }
  const auto u32 = [&](std::size_t i) { return static_cast<std::uint32_t>(numbers[i]); };
  return Version{{u32(0), u32(1), u32(2), u32(3)},
                 std::chrono::system_clock::time_point(std::chrono::seconds(numbers[4]))};
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end == text.npos ? end : end + 1);
  text.remove_prefix(line.size());
  return line;
}

// A block up to its line `end`, which is left out; empty: there is no whole one.
std::optional<std::string_view> take_block(std::string_view& text) {
  std::size_t end = text.starts_with(kEnd) ? 0 : text.find(std::string("\n") + std::string(kEnd));
  if (end == text.npos) return std::nullopt;
  if (end > 0) ++end;
  const std::string_view block = text.substr(0, end);
  std::string_view rest = text.substr(end);
  const std::string_view line = take_line(rest);
  if (line != std::string(kEnd) + hex(XXH3_64bits(block.data(), block.size())) + '\n') {
    return std::nullopt;
  }
  text = rest;
  return block;
}

std::string os_error() {
  return std::system_category().message(errno);
}

// What the journal makes of the lines of a file.
struct Net {
  std::unordered_set<std::uint64_t> removed;  // of the file
  std::unordered_map<std::uint64_t, std::string> added;
};

void take_changes(std::string_view block, const ZoneRecords& hashes, Net& net) {
  while (!block.empty()) {
    std::string_view line = take_line(block);
    const char mark = line.front();
    line.remove_prefix(1);
    const std::uint64_t hash = hashes.hash_of(line);
    if (mark == '+') net.added.insert_or_assign(hash, std::string(line));
    if (mark == '-' && net.added.erase(hash) == 0) net.removed.insert(hash);
  }
}

std::string applied(std::string_view zone, const Net& net, const ZoneRecords& hashes) {
  std::string text;
  text.reserve(zone.size());
  while (!zone.empty()) {
    const std::string_view line = take_line(zone);
    if (line.starts_with(';') || line.starts_with('$') ||
        !net.removed.contains(hashes.hash_of(line))) {
      text += line;
    }
  }
  for (const auto& [hash, line] : net.added) text += line;
  return text;
}

}  // namespace

std::string_view StoredZone::records() const noexcept {
  std::string_view lines = text;
  while (lines.starts_with(';') || lines.starts_with('$')) take_line(lines);
  return lines;
}

bool ZoneFiles::exists() const {
  std::error_code error;
  return std::filesystem::exists(file_, error);
}

Result<StoredZone, std::string> ZoneFiles::load() const {
  auto file = load_file(file_);
  if (!file) return fail(file.error());
  std::string_view rest = file->text;
  const auto zone = take_block(rest);
  if (!zone) return fail(std::string("damaged: its digest is wrong, or it is cut off"));
  std::string_view lines = *zone;
  if (take_line(lines) != kHead || take_line(lines) != "$ORIGIN " + zone_ + '\n') {
    return fail("not the zone " + zone_);
  }
  std::string_view soa_line = take_line(lines);
  auto version = soa_line.starts_with(kSoa) ? take_version(soa_line) : std::nullopt;
  if (!version) return fail(std::string("damaged: it has no SOA numbers"));
  StoredZone stored{{}, version->soa, version->seen};
  const auto journal = load_file(this->journal());
  const ZoneRecords hashes(0);
  Net net;
  bool changed = false;
  std::string_view blocks = journal ? std::string_view(journal->text) : std::string_view{};
  while (auto block = take_block(blocks)) {
    std::string_view head = take_line(*block);
    if (!head.starts_with(kFrom)) break;
    const auto from = take_number(head);
    const auto to = take_version(head);
    if (!from || !to) break;
    if (*from != stored.soa.serial) continue;
    take_changes(*block, hashes, net);
    stored.soa = to->soa;
    stored.seen = to->seen;
    changed = true;
  }
  stored.whole = blocks.empty();
  stored.text = changed ? applied(*zone, net, hashes) : std::string(*zone);
  return stored;
}

struct ZoneFiles::Writer::Stream {
  explicit Stream(const ZoneFiles& files)
      : path(files.file_), journal(files.journal()), zone(files.zone_) {
    XXH3_64bits_reset(digest.get());
    out = std::fopen(temporary().c_str(), "we");
  }
  ~Stream() {
    if (out != nullptr) std::fclose(out);
  }
  [[nodiscard]] std::string temporary() const { return path.string() + ".new"; }
  void put(std::string_view text) {
    XXH3_64bits_update(digest.get(), text.data(), text.size());
    good = good && out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size();
  }

  const std::filesystem::path path, journal;
  const std::string zone;
  std::FILE* out = nullptr;
  bool good = true;
  std::unique_ptr<XXH3_state_t, void (*)(XXH3_state_t*)> digest{
      XXH3_createState(), [](XXH3_state_t* state) { XXH3_freeState(state); }};
};

ZoneFiles::Writer::Writer(const ZoneFiles& files) : stream_(std::make_unique<Stream>(files)) {}

ZoneFiles::Writer::~Writer() {
  if (stream_ == nullptr) return;
  std::error_code error;
  std::filesystem::remove(stream_->temporary(), error);
}

void ZoneFiles::Writer::begin(const Soa& soa) {
  stream_->put(std::string(kHead) + "$ORIGIN " + stream_->zone + '\n' + std::string(kSoa) +
               numbers_of(soa) + '\n');
}

void ZoneFiles::Writer::add(std::string_view line) {
  stream_->put(line);
}

Result<void, std::string> ZoneFiles::Writer::finish() {
  const std::string end = std::string(kEnd) + hex(XXH3_64bits_digest(stream_->digest.get())) + '\n';
  stream_->put(end);
  Stream& stream = *stream_;
  if (!stream.good || std::fflush(stream.out) != 0 || ::fsync(::fileno(stream.out)) != 0 ||
      std::rename(stream.temporary().c_str(), stream.path.c_str()) != 0) {
    return fail(os_error());
  }
  std::error_code error;
  std::filesystem::remove(stream.journal, error);  // else its blocks do not follow, and are ignored
  stream_ = nullptr;
  return {};
}

Result<void, std::string> ZoneFiles::append(std::uint32_t from, const Soa& to,
                                            std::string_view removed, std::string_view added) {
  std::string block = std::string(kFrom) + std::to_string(from) + " to " + numbers_of(to) + '\n';
  while (!removed.empty()) block.append("-").append(take_line(removed));
  while (!added.empty()) block.append("+").append(take_line(added));
  block += std::string(kEnd) + hex(XXH3_64bits(block.data(), block.size())) + '\n';
  const int out = ::open(journal().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (out < 0) return fail(os_error());
  const ::off_t end_before = ::lseek(out, 0, SEEK_END);
  const bool written =
      ::write(out, block.data(), block.size()) == static_cast<ssize_t>(block.size()) &&
      ::fdatasync(out) == 0;
  const std::string why = written ? std::string() : os_error();
  // What follows half a block would not count.
  if (!written && end_before >= 0) static_cast<void>(::ftruncate(out, end_before) < 0);
  ::close(out);
  if (!written) return fail(why);
  return {};
}

bool ZoneFiles::should_rewrite() const {
  std::error_code error;
  const auto journal_bytes = std::filesystem::file_size(journal(), error);
  if (error) return false;
  const auto file_bytes = std::filesystem::file_size(file_, error);
  return !error && journal_bytes > file_bytes / 4 + (std::uintmax_t{1} << 20);
}

}  // namespace sluice::lists
