#pragma once

// From list files to a DomainSet: reads, parses, guards, builds.
//
// A list that cannot be read fails the whole compilation, so that the caller keeps the set that is
// in force; bad lines do not, they are reported. Guards: an entry that is a public suffix (libpsl,
// ICANN and private parts) is refused with file, line and reason unless the list is `forced`.
// Allocates, reads files; not for workers.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

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

struct LoadedList {
  ListSpec spec;
  std::string version;  // first 16 hex digits of the SHA-256 of the file
  std::uint64_t entries = 0;
  std::chrono::system_clock::time_point modified;  // of the file
  std::vector<LineError> errors;                   // refused lines, bounded
  std::uint64_t error_count = 0;                   // all of them
  std::uint64_t duplicates = 0;
};

struct Compiled {
  match::DomainSet domains;
  std::vector<LoadedList> lists;  // by ListId::index
  std::string version;            // of all lists together: first 16 hex digits
};

struct CompileError {
  std::filesystem::path file;
  std::string reason;
  [[nodiscard]] std::string to_string() const { return file.string() + ": " + reason; }
};

// Draws the seed of the set from the kernel.
[[nodiscard]] Result<Compiled, CompileError> compile(const std::vector<ListSpec>& lists);

}  // namespace sluice::lists
