#pragma once

// From lists to a DomainSet, in steps:
//
//   Source ─► ListText (bytes, version) ─► Entry (kind, action, scope) ─► guarded ─► DomainSet
//   source.h                               format/format.h   guard.h match/domain_set_builder.h
//
// or from a ready image, which went through them when it was built.
//
// A list that cannot be read fails the whole compilation, so that the caller keeps the set that is
// in force. Bad lines do not: they are reported. Guards: an entry that is a public suffix (libpsl,
// ICANN and private parts), or a glob right below one, is refused with file, line and reason unless
// forced. One that covers a critical name is always refused. The outcome does not depend on the
// number of threads. Allocates, reads files, starts threads; not for workers.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "filters/match/domain_set.h"
#include "filters/match/domain_set_builder.h"
#include "lists/compile/source.h"
#include "lists/format/format.h"

namespace sluice::lists {

struct ListSpec {
  std::string name;  // for people: `wechat`; unique
  Source source;
  FormatChoice format;      // none: found by the text
  std::string app;          // "*": every app (exceptions only)
  bool exceptions = false;  // every entry is an exception
  bool forced = false;      // public suffixes are taken
  bool apart = false;       // an entry that another list has as well is no duplicate
};

struct CompileOptions {
  std::filesystem::path critical;  // names that may never be blocked, one a line; empty: none
  std::filesystem::path popular;   // names whose block is worth a warning, one a line; empty: none
  bool forced = false;             // every list is
  unsigned threads = 0;            // 0: one a processor
  std::optional<HashKey> seed;     // for an image that can be reproduced; empty: from the kernel
  bool amendable = false;          // keeps what amend.h needs: 12 bytes a duplicate
};

struct LoadedList {
  ListSpec spec;
  std::string version;  // of its text
  FormatChoice format;  // that it was read as; none: a ready image
  std::uint64_t entries = 0;
  std::chrono::system_clock::time_point modified;
  std::vector<LineError> errors;      // refused lines, bounded
  std::uint64_t error_count = 0;      // all of them
  std::vector<LineWarning> warnings;  // about lines that are taken, and duplicates; bounded
  std::uint64_t warning_count = 0;
  std::uint64_t duplicates = 0;  // entries that were left out: their app has them already
};

// `adblock`, `adblock (found by its first lines)`; empty: of a ready image.
[[nodiscard]] std::string format_said(const LoadedList& list);

class Guard;

struct Compiled {
  match::DomainSet domains;
  std::vector<LoadedList> lists;        // by ListId::index
  std::string version;                  // of all lists together: first 16 hex digits
  std::chrono::nanoseconds reading{};   // time to read, parse and guard; 0: a ready image
  std::chrono::nanoseconds building{};  // time to build the image; 0: a ready image
  // If it is amendable: every duplicate, and what refuses entries. Else null.
  std::shared_ptr<const std::vector<match::LeftOut>> left_out = nullptr;
  std::shared_ptr<const Guard> guard = nullptr;
};

struct CompileError {
  std::string source;  // the file; empty: no one of them
  std::string reason;
  [[nodiscard]] std::string to_string() const {
    return source.empty() ? reason : source + ": " + reason;
  }
};

// Of all lists together: the first 16 hex digits of a digest.
[[nodiscard]] std::string version_of(const std::vector<LoadedList>& lists);

[[nodiscard]] Result<Compiled, CompileError> compile(const std::vector<ListSpec>& lists,
                                                     const CompileOptions& options = {});

// The image that `sluice lists build` wrote. Refused if it blocks a critical name; warnings name
// the popular ones. Public suffixes were guarded when it was built.
[[nodiscard]] Result<Compiled, CompileError> load_image(const std::filesystem::path& file,
                                                        const CompileOptions& options = {});
// The same of bytes in memory, which are copied: a member of a bundle. `name` is for messages.
[[nodiscard]] Result<Compiled, CompileError> load_image(
    Bytes bytes, const std::string& name, std::chrono::system_clock::time_point modified,
    const CompileOptions& options = {});
// The same of an image that was read, or was not. `file` is for messages.
[[nodiscard]] Result<Compiled, CompileError> load_image(
    Result<match::DomainSet, std::string> set, const std::string& file,
    std::chrono::system_clock::time_point modified, const CompileOptions& options);

// Where a ready image comes from, as Source says of lists.
using LoadImage = std::function<Result<Compiled, CompileError>(const CompileOptions&)>;

}  // namespace sluice::lists
