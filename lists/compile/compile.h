#pragma once

// From list files to a DomainSet: reads, parses, guards, builds.
//
// A list that cannot be read fails the whole compilation, so that the caller keeps the set that is
// in force; bad lines do not, they are reported. Guards: an entry that is a public suffix (libpsl,
// ICANN and private parts), or a glob right below one, is refused with file, line and reason unless
// forced; one that covers a critical name is refused always. The outcome is the same whatever the
// number of threads. Allocates, reads files, starts threads; not for workers.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/keyed_hash.h"
#include "filters/base/result.h"
#include "filters/match/domain_set.h"
#include "lists/format/entry.h"

namespace sluice::lists {

struct ListSpec {
  std::string name;  // for people: `wechat`; unique
  std::filesystem::path file;
  Format format = Format::domains;
  std::string app;          // "*": of no app (exceptions only)
  bool exceptions = false;  // every entry is an exception
  bool forced = false;      // public suffixes are taken
};

struct CompileOptions {
  std::filesystem::path critical;  // names that may never be blocked, one a line; empty: none
  std::filesystem::path popular;   // names whose block is worth a warning, one a line; empty: none
  bool forced = false;             // as if every list were
  unsigned threads = 0;            // 0: one a processor
  std::optional<HashKey> seed;     // for an image that can be built again; else from the kernel
};

struct LoadedList {
  ListSpec spec;
  std::string version;  // first 16 hex digits of the SHA-256 of the file
  std::uint64_t entries = 0;
  std::chrono::system_clock::time_point modified;  // of the file
  std::vector<LineError> errors;                   // refused lines, bounded
  std::uint64_t error_count = 0;                   // all of them
  std::vector<LineWarning> warnings;  // of lines that are taken, and duplicates; bounded
  std::uint64_t warning_count = 0;
  std::uint64_t duplicates =
      0;  // entries that were left out: they stand there for their app already
};

struct Compiled {
  match::DomainSet domains;
  std::vector<LoadedList> lists;        // by ListId::index
  std::string version;                  // of all lists together: first 16 hex digits
  std::chrono::nanoseconds reading{};   // files read, parsed, guarded
  std::chrono::nanoseconds building{};  // the image
};

struct CompileError {
  std::filesystem::path file;
  std::string reason;
  [[nodiscard]] std::string to_string() const {
    return file.empty() ? reason : file.string() + ": " + reason;
  }
};

[[nodiscard]] Result<Compiled, CompileError> compile(const std::vector<ListSpec>& lists,
                                                     const CompileOptions& options = {});

}  // namespace sluice::lists
