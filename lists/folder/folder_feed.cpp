#include "lists/folder/folder_feed.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lists/compile/load.h"
#include "lists/format/format.h"

namespace sluice::lists {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostFiles = 1024;
constexpr std::size_t kMostName = 255;
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;

struct File {
  fs::path path;
  struct stat status{};
};

bool is_left_out(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kEnds = {"~", ".swp", ".tmp", ".new", ".part"};
  return name.starts_with('.') || name.starts_with('#') || name.size() > kMostName ||
         std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); });
}

Refusal refusal(RefusalReason reason, std::string text) {
  return {reason, std::move(text)};
}

// By name.
Result<std::vector<File>, Refusal> files_of(const fs::path& folder, bool bundles) {
  std::error_code error;
  std::vector<File> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    File file{it->path()};
    const std::string name = file.path.filename().string();
    if (is_left_out(name) || (bundles && !name.ends_with(".bundle"))) continue;
    if (::stat(file.path.c_str(), &file.status) != 0 || !S_ISREG(file.status.st_mode)) continue;
    if (files.size() == kMostFiles) {
      return fail(refusal(RefusalReason::too_large, "it has over 1024 files"));
    }
    files.push_back(std::move(file));
  }
  if (error) return fail(refusal(RefusalReason::unreachable, error.message()));
  if (files.empty()) return fail(refusal(RefusalReason::unreachable, "there is no list in it"));
  std::ranges::sort(files, {}, &File::path);
  return files;
}

// Differs when a file differs, unless somebody hides it.
std::string stamp_of(const std::vector<File>& files) {
  std::string all;
  for (const File& file : files) {
    const struct stat& it = file.status;
    all += file.path.filename().string() + '\n';
    for (const auto number : {it.st_size, static_cast<decltype(it.st_size)>(it.st_ino),
                              static_cast<decltype(it.st_size)>(it.st_mtim.tv_sec),
                              static_cast<decltype(it.st_size)>(it.st_mtim.tv_nsec)}) {
      all += std::to_string(number) + '\n';
    }
  }
  return short_digest(all);
}

}  // namespace

FolderFeed::FolderFeed(FolderSettings settings)
    : settings_(std::move(settings)),
      pause_(settings_.interval, settings_.first_retry, random_seed()),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FolderFeed::~FolderFeed() {
  if (inotify_ >= 0) ::close(inotify_);
}

// Anew each time: the folder may be another one by that name.
void FolderFeed::watch() {
  if (inotify_ < 0) return;
  const int now = ::inotify_add_watch(inotify_, settings_.folder.c_str(), kEvents);
  if (watched_ >= 0 && now != watched_) static_cast<void>(::inotify_rm_watch(inotify_, watched_));
  watched_ = now;
}

bool FolderFeed::take_events() const {
  alignas(inotify_event) std::array<char, 4096> events;
  bool any = false;
  while (inotify_ >= 0 && ::read(inotify_, events.data(), events.size()) > 0) any = true;
  return any;
}

Result<std::optional<Fetched>, Refusal> FolderFeed::fetch(const Known& known,
                                                          const Bell& /*bell*/) {
  watch();
  static_cast<void>(take_events());  // what they tell of is seen now
  auto outcome = look(known);
  outcome ? pause_.succeeded() : pause_.failed();
  if (!outcome) outcome.error().text = settings_.folder.string() + ": " + outcome.error().text;
  return outcome;
}

FolderFeed::Outcome FolderFeed::look(const Known& known) {
  auto files = files_of(settings_.folder, settings_.bundles);
  if (!files) return fail(files.error());
  if (settings_.bundles) {
    const auto newest = std::ranges::max_element(*files, {}, [](const File& file) {
      return std::pair(file.status.st_mtim.tv_sec, file.status.st_mtim.tv_nsec);
    });
    *files = {*newest};
  }
  Fetched fetched{.validator = stamp_of(*files)};
  if (fetched.validator == known.validator) return std::nullopt;
  std::uint64_t left = settings_.most_bytes;
  for (const File& file : *files) {
    const std::string file_name = file.path.filename().string();
    const auto loaded = load_file(file.path, left);
    if (!loaded) {
      const bool large = static_cast<std::uint64_t>(file.status.st_size) > left;
      return fail(refusal(large ? RefusalReason::too_large : RefusalReason::unreachable,
                          file_name + ": " + loaded.error()));
    }
    left -= loaded->text.size();
    std::string name = list_name_of_file(file.path.native());
    if (std::ranges::find(fetched.lists, name, &NamedList::name) != fetched.lists.end()) {
      return fail(refusal(RefusalReason::unusable, "two files are the list " + name));
    }
    if (settings_.bundles) {
      fetched.bytes = loaded->text;
    } else {
      fetched.lists.push_back(
          {std::move(name), format_of_file(file_name), std::string(loaded->text)});
    }
  }
  return fetched;
}

void FolderFeed::wait(Bell& bell) {
  const auto end = Clock::now() + pause_.next();
  std::optional<Clock::time_point> first;
  auto until = end;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return;
    std::array<pollfd, 2> waited{pollfd{bell.descriptor(), POLLIN, 0}, pollfd{inotify_, POLLIN, 0}};
    static_cast<void>(::poll(waited.data(), waited.size(), static_cast<int>(left.count())) < 0);
    if ((waited[0].revents & POLLIN) != 0) return bell.answer();
    if (!take_events()) continue;
    const auto now = Clock::now();
    if (!first) first = now;
    until = std::min(now + settings_.quiet, *first + settings_.most_unquiet);
  }
}

}  // namespace sluice::lists
