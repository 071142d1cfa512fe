#pragma once

// Where newer versions of lists come from: a folder, a URL, a zone transfer. One interface, so that
// whatever follows is written once: verification, compiling aside, the reload guard, the versions
// on disk, metrics.
//
//   a source's thread:   ┌► wait(bell) ─► fetch(known) ─► verified ─► offered to the event loop ─┐
//                        └───────────────────────────────────────────────────────────────────────┘
//   the event loop:      compiles it aside ─► guard ─► publishes it, or refuses it with a reason
//
// A Feed only says what the newest bytes are and when to look again. It keeps nothing on disk: the
// caller keeps accepted versions (lists/versions/version_store.h) and hands back what the feed
// needs to ask for less.
//
// A zone transfer (lists/transfer) keeps its zone on disk itself, because a change of a hundred
// records must not cost the whole zone: `file` is where the newest version is, and after an IXFR
// `changes` says what differs from the version before. `bytes` is empty then. Who has that version
// in force amends it (lists/compile/amend.h); everybody else reads the file. SOA expire is only
// reported: what is in force stays.
//
// Threads: a feed belongs to the thread of its source, which alone calls fetch() and wait(). Only
// the Bell is shared, and when a certificate ends. Both calls block and allocate; neither throws,
// but for memory.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "lists/format/format.h"
#include "lists/update/bell.h"
#include "lists/update/refusal.h"

namespace sluice::lists {

// What fetch() gave last.
struct Known {
  std::string digest;          // of its bytes, as Fetched names it; empty: nothing yet
  std::string validator;       // as the feed gave it: an ETag, a serial. Empty: ask for everything
  std::filesystem::path file;  // the bytes of the version in force, on disk; empty: none
};

// From one version to the next: texts of a list format.
struct Changes {
  std::string from;  // label of the version that they apply to
  std::string removed, added;
};

// One list of several that come together.
struct NamedList {
  std::string name;     // as the configuration calls it; empty: the only one
  FormatChoice format;  // none: found by the text
  std::string text;
};

struct Fetched {
  std::string bytes = {};               // a bundle, or the text of a list, complete
  std::vector<NamedList> lists = {};    // of a folder, in place of `bytes`
  std::filesystem::path file = {};      // if the feed keeps it on disk itself, in place of both
  std::optional<Changes> changes = {};  // if the feed knows them
  std::string label = {};      // the version for people, if the bytes do not tell: a zone's serial
  std::string validator = {};  // opaque to all but the feed; kept on disk beside the bytes
  std::chrono::system_clock::time_point modified = {};  // the epoch: not known
};

class Feed {
 public:
  virtual ~Feed() = default;
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // The newest version; none: nothing newer than `known`. Bounded in bytes and in time. Gives up
  // soon once bell.stopped(). A version that was refused downstream is not newer either.
  [[nodiscard]] virtual Result<std::optional<Fetched>, Refusal> fetch(const Known& known,
                                                                      const Bell& bell) = 0;
  // Returns when it is time for the next fetch(): after an interval, after a pause that grows with
  // each fetch() that failed, when the place tells of a change, or when the bell rang.
  virtual void wait(Bell& bell) = 0;
  // Until when the certificate of the server is valid that was asked last; none: not known. From
  // any thread.
  [[nodiscard]] virtual std::optional<std::chrono::sys_seconds> certificate_until() const noexcept {
    return std::nullopt;
  }

 protected:
  Feed() = default;
};

}  // namespace sluice::lists
