#pragma once

// Suggester: puts together what workers and the background resolver found of names that lead to
// banned apps (engine/tie_table.h), and keeps the file that `sluice lists suggest` reads.
//
//   TieTable of each ─► gather() ─► candidates ─► write() ─► FILE ─► the next start
//
// Tables are read while their threads go on; nothing waits. Sketches of clients stay in memory: a
// start knows of earlier clients only how many they were, so numbers of clients are lower bounds.
// Bounds: `most` candidates; those of the fewest clients, then the least evidence, give way. For
// the main thread. Allocates; write() blocks for the disk.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "filters/base/result.h"
#include "gateway/engine/client_sketch.h"
#include "gateway/engine/snapshot.h"
#include "gateway/engine/tie_table.h"
#include "gateway/suggest/candidate.h"

namespace sluice::app {

class Suggester {
 public:
  // `file`: as an earlier start left it, or missing. One that is damaged is set aside, and `notes`
  // has a line about it. Writes it once, so that what cannot be written is known at the start.
  // Error: one line.
  [[nodiscard]] static Result<Suggester, std::string> open(std::filesystem::path file,
                                                           std::size_t most,
                                                           std::vector<std::string>& notes);

  // `table` outlives this object. All tables have one key.
  void watch(const engine::TieTable& table);

  // What came since the last call. Names that a list has by now, and those of apps that no list is
  // of any more, go.
  void gather(const engine::Snapshot& snapshot);
  [[nodiscard]] std::vector<suggest::Candidate> candidates() const;
  // If there is news. Error: one line; the old file stays.
  [[nodiscard]] Result<void, std::string> write();

 private:
  Suggester(std::filesystem::path file, std::size_t most) : file_(std::move(file)), most_(most) {}

  struct Found {
    suggest::Candidate candidate;
    engine::ClientSketch clients;  // since the start
  };
  struct Seen {  // of one place of a table, when it was read last
    std::uint64_t life = 0, shared = 0;
    std::array<std::uint64_t, engine::kTieKinds> counts{};
  };
  struct Watched {
    const engine::TieTable* table;
    std::vector<Seen> places;
  };
  using Key = std::pair<std::string, std::string>;  // name, app
  void add(const std::string& app, const engine::TieTable::Kept& kept, Seen& seen);
  void drop_what_is_listed(const engine::Snapshot& snapshot,
                           const std::map<engine::AppTag, std::string>& apps);
  void keep_the_best();

  std::filesystem::path file_;
  std::size_t most_;
  std::vector<Watched> watched_;
  std::map<Key, Found> found_;
  bool is_news_ = true;
};

}  // namespace sluice::app
