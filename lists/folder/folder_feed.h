#pragma once

// The files of a folder as lists (inotify): each file is a list, named by its stem; or, for
// bundles, the file *.bundle that was written last.
//
// Left out: hidden files, and those that end in ~, .swp, .tmp, .new, .part. A change is looked at
// once the folder was quiet for a moment, so that an editor that writes and renames is no half
// change; a file that somebody writes to while it is read refuses the version. The folder is looked
// at again after an interval too, should inotify miss something (network file systems).
//
// Threads: that of its source (feed.h).

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "lists/update/feed.h"
#include "lists/update/pause.h"

namespace sluice::lists {

struct FolderSettings {
  std::filesystem::path folder;
  bool bundles = false;
  std::uint64_t most_bytes = std::uint64_t{256} << 20;  // of all files together
  std::chrono::milliseconds interval{60'000}, first_retry{1'000};
  std::chrono::milliseconds quiet{300}, most_unquiet{5'000};
};

class FolderFeed final : public Feed {
 public:
  explicit FolderFeed(FolderSettings settings);
  ~FolderFeed() override;

  [[nodiscard]] Result<std::optional<Fetched>, Refusal> fetch(const Known& known,
                                                              const Bell& bell) override;
  void wait(Bell& bell) override;

 private:
  using Outcome = Result<std::optional<Fetched>, Refusal>;
  [[nodiscard]] Outcome look(const Known& known);
  void watch();
  // True: something happened.
  [[nodiscard]] bool take_events() const;

  FolderSettings settings_;
  Pause pause_;
  int inotify_;  // -1: there is none, only the interval
  int watched_ = -1;
};

}  // namespace sluice::lists
