#pragma once

// The entries of a dataplane with flow_verdicts, exactly as the contract in
// gateway/dataplane/dataplane.h says: what MemoryDataplane offloads with, and the model for the
// maps of real dataplanes. One thread. Allocates at construction only.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "filters/packet/packet.h"
#include "gateway/dataplane/frame.h"
#include "gateway/dataplane/verdict.h"

namespace sluice::test {

// The key of a frame's own flow; nullopt if the contract hands such frames to the worker.
[[nodiscard]] std::optional<io::FlowKey> flow_key_of(const packet::Packet& packet);

class FlowEntries {
 public:
  struct Limits {
    std::size_t entries = 16;          // one more evicts the oldest
    std::size_t frames_per_entry = 0;  // an entry is evicted after so many frames; 0: never
  };
  explicit FlowEntries(const Limits& limits) : limits_(limits) {
    entries_.reserve(limits.entries);
    revoked_.reserve(io::Batch::kCapacity);
  }

  // The verdict on a frame that the dataplane handles itself; nullopt if the worker gets it.
  [[nodiscard]] std::optional<io::Verdict> handle(const io::Frame& frame);

  // Opens a batch, and closes it with its verdicts, which make entries.
  void poll() { revoked_.clear(); }
  void submit(std::span<const io::FrameVerdict> verdicts);
  void publish(io::Generation generation);
  void revoke(const io::FlowKey& flow);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    io::FlowKey flow;
    io::Verdict verdict = io::Verdict::pass_flow;
    io::Generation generation = 0;
    std::size_t frames = 0;  // handled
  };

  void add(const io::FrameVerdict& answer);
  void remove(const io::FlowKey& flow);

  Limits limits_;
  io::Generation generation_ = 0;
  std::vector<Entry> entries_;        // the oldest first
  std::vector<io::FlowKey> revoked_;  // in this batch
};

}  // namespace sluice::test
