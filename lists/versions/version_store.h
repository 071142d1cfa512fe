#pragma once

// The accepted versions of one source on disk, in a folder of its own:
//
//   7.version, 8.version …   accepted, in this order (version_file.h); the last `keep` of them
//   candidate-DIGEST         verified, and not (yet) accepted: on trial, or refused by the guard
//   highest                  the highest version of a bundle that was ever accepted, and its digest
//   pin                      the number of the version that an operator put in force (roll back)
//   lock                     the running gateway holds a lock on it (fcntl)
//   *.damaged                what was found damaged; nobody reads it
//
// In force is the pinned version, else the last one. Accepting is one rename(2): whatever happens,
// a version is there or it is not; files are synced before they get their name. What cannot be
// written leaves all as it was.
//
// Threads: any; each call reads the folder anew, and two that write at the same time must be kept
// apart by the caller. Blocks; allocates. Errors: one line.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/base/result.h"
#include "lists/versions/version_file.h"

namespace sluice::lists {

struct Version {
  std::uint64_t number = 0;  // counts those that were accepted, from 1; 0: a candidate
  VersionHead head;
  std::filesystem::path file;
  std::size_t texts_at = 0;                    // in the file
  std::chrono::system_clock::time_point seen;  // the source last had it
};

// Where a list lies in the file of its version.
struct StoredList {
  ListPart part;
  std::uint64_t at = 0;
};

// Of a bundle.
struct HighestVersion {
  std::uint64_t number = 0;
  std::string digest;
};

class VersionStore {
 public:
  VersionStore(std::filesystem::path folder, std::size_t keep)
      : folder_(std::move(folder)), keep_(keep) {}

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  // For the one that writes: makes the folder, removes what an earlier process left unfinished, and
  // sets damaged versions aside, which are returned as lines. Reads everything.
  [[nodiscard]] Result<std::vector<std::string>, std::string> prepare() const;

  // Newest first; without those whose head or length is wrong.
  [[nodiscard]] std::vector<Version> versions() const;
  [[nodiscard]] std::optional<Version> in_force() const;
  [[nodiscard]] Result<Version, std::string> open(const std::filesystem::path& file) const;
  // Nothing: the version has no such list. A list without a name has all.
  [[nodiscard]] static std::optional<StoredList> find(const Version& version,
                                                      std::string_view list);
  // The text of a list of this version. Error: damaged.
  [[nodiscard]] static Result<std::string, std::string> read(const Version& version,
                                                             const StoredList& list);

  // Writes a candidate; the path of its file. Fills in digests and sizes of `head.lists`, whose
  // texts these are.
  [[nodiscard]] Result<std::filesystem::path, std::string> put_candidate(
      VersionHead head, const std::vector<std::string_view>& texts) const;
  void drop_candidates() const;
  // The candidate is the newest version from now on; ends a pin. Older versions over `keep` go.
  [[nodiscard]] Result<Version, std::string> accept(const std::filesystem::path& candidate) const;
  // The source has the newest version still.
  void saw_newest() const;

  [[nodiscard]] HighestVersion highest() const;

  [[nodiscard]] std::optional<std::uint64_t> pinned() const;
  // REQUIRES: a version has that number.
  [[nodiscard]] Result<void, std::string> pin(std::uint64_t number) const;
  [[nodiscard]] Result<void, std::string> unpin() const;

 private:
  [[nodiscard]] std::vector<std::filesystem::path> numbered() const;  // newest first
  [[nodiscard]] Result<void, std::string> put(const char* name, std::string_view text) const;

  std::filesystem::path folder_;
  std::size_t keep_;
};

// Held by the gateway that writes to a store as long as it runs.
class StoreLock {
 public:
  // Error: another process holds it, or it cannot be made.
  [[nodiscard]] static Result<StoreLock, std::string> take(const std::filesystem::path& folder);
  // The process that holds it; 0: none.
  [[nodiscard]] static int holder(const std::filesystem::path& folder);
  StoreLock(StoreLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  StoreLock& operator=(StoreLock&&) = delete;
  ~StoreLock();

 private:
  explicit StoreLock(int fd) noexcept : fd_(fd) {}
  int fd_;
};

}  // namespace sluice::lists
