#pragma once

// A dataplane over frames in memory, for tests and benchmarks: hands out the frames that were
// added, and keeps what became of each, and the frames that were injected.
//
// With flow_verdicts it is a fake offloading dataplane: it keeps entries for flows (flow_entries.h)
// and handles their frames itself, out of the worker's sight. One thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/dataplane/dataplane.h"
#include "tests/support/flow_entries.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

class MemoryDataplane final : public io::Dataplane {
 public:
  struct Fate {
    io::Verdict verdict = io::Verdict::pass;
    bool came_up = false;  // false: the dataplane handled the frame itself
  };

  struct Injected {
    io::Side side;
    ByteVector frame;
    bool behind_batch;  // after its verdicts were submitted
  };

  struct Replaced {
    std::size_t index;  // in its batch
    ByteVector frame;
  };

  struct Watched {
    IpAddress address;
    bool behind_batch;  // after its verdicts were submitted: too late
  };

  explicit MemoryDataplane(io::Capabilities can = {.drop = true, .inject = true, .replace = true},
                           const FlowEntries::Limits& limits = {})
      : can_(can), entries_(limits) {}

  // `frame` outlives its batch.
  void add(const io::Frame& frame) { frames_.push_back(frame); }
  // Hands out all frames once more.
  void rewind() { next_ = 0; }
  void clear() {
    frames_.clear();
    next_ = 0;
  }

  // One for each frame that was taken from what was added, in that order.
  [[nodiscard]] const std::vector<Fate>& fates() const { return fates_; }
  [[nodiscard]] const std::vector<Injected>& injected() const { return injected_; }
  [[nodiscard]] const std::vector<Replaced>& replaced() const { return replaced_; }
  [[nodiscard]] const std::vector<Watched>& watched() const { return watched_; }
  // Frames so far that never came up.
  [[nodiscard]] std::size_t handled() const { return handled_; }
  // Flow verdicts with a key that is not their frame's own: the engine must not give any.
  [[nodiscard]] std::size_t foreign_keys() const { return foreign_keys_; }
  [[nodiscard]] const FlowEntries& entries() const { return entries_; }
  void forget_results() {
    fates_.clear();
    replaced_.clear();
    injected_.clear();
  }
  // False: neither fates nor frames of ours are kept, and nothing is allocated.
  void keep_fates(bool keep) { keep_fates_ = keep; }

  [[nodiscard]] io::Capabilities capabilities() const noexcept override { return can_; }
  [[nodiscard]] io::Poll poll(io::Batch& batch) noexcept override {
    batch.count = 0;
    is_submitted_ = false;
    if (is_plain()) return poll_plainly(batch);
    entries_.poll();
    for (; next_ < frames_.size() && batch.count < io::Batch::kCapacity; ++next_) {
      const io::Frame& frame = frames_[next_];
      if (const auto handled = offload(frame)) {
        if (keep_fates_) fates_.push_back({*handled, false});
        ++handled_;
        continue;
      }
      handed_out_[batch.count] = {next_, fates_.size()};
      if (keep_fates_) fates_.push_back({io::Verdict::pass, true});
      batch.frames[batch.count++] = frame;
    }
    return batch.count == 0 ? io::Poll::ended : io::Poll::frames;
  }
  void submit(std::span<const io::FrameVerdict> verdicts) noexcept override {
    is_submitted_ = true;
    for (std::size_t i = 0; i < verdicts.size() && keep_fates_; ++i) {
      fates_[handed_out_[i].fate].verdict = verdicts[i].verdict;
    }
    if (!can_.flow_verdicts) return;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      if (is_foreign(verdicts[i], frames_[handed_out_[i].frame])) ++foreign_keys_;
    }
    entries_.submit(verdicts);
  }
  void publish(io::Generation generation) noexcept override { entries_.publish(generation); }
  void watch_address(const IpAddress& address) noexcept override {
    watched_.push_back({address, is_submitted_});
  }
  void revoke(const io::FlowKey& flow) noexcept override { entries_.revoke(flow); }
  bool inject(io::Side side, Bytes frame) noexcept override {
    if (keep_fates_)
      injected_.push_back({side, ByteVector(frame.begin(), frame.end()), is_submitted_});
    return true;
  }
  bool replace(std::size_t index, Bytes frame) noexcept override {
    if (frame.size() > frames_[frame_at(index)].bytes.size()) return false;
    if (keep_fates_) replaced_.push_back({index, ByteVector(frame.begin(), frame.end())});
    return true;
  }
  void stop() noexcept override {}
  [[nodiscard]] io::DataplaneCounts counts() const noexcept override { return {}; }
  [[nodiscard]] std::string error() const override { return {}; }

 private:
  struct HandedOut {
    std::size_t frame = 0, fate = 0;  // indices
  };

  [[nodiscard]] bool is_plain() const { return !keep_fates_ && !can_.flow_verdicts; }
  // Which frame is at this place of the batch.
  [[nodiscard]] std::size_t frame_at(std::size_t index) const {
    return is_plain() ? plain_first_ + index : handed_out_[index].frame;
  }
  // For benchmarks: nothing but the frames.
  [[nodiscard]] io::Poll poll_plainly(io::Batch& batch) {
    plain_first_ = next_;
    batch.count = std::min(frames_.size() - next_, io::Batch::kCapacity);
    std::copy_n(frames_.begin() + static_cast<std::ptrdiff_t>(next_), batch.count,
                batch.frames.begin());
    next_ += batch.count;
    return batch.count == 0 ? io::Poll::ended : io::Poll::frames;
  }
  [[nodiscard]] std::optional<io::Verdict> offload(const io::Frame& frame) {
    return can_.flow_verdicts ? entries_.handle(frame) : std::nullopt;
  }
  [[nodiscard]] static bool is_foreign(const io::FrameVerdict& answer, const io::Frame& frame) {
    if (answer.verdict != io::Verdict::pass_flow && answer.verdict != io::Verdict::drop_flow) {
      return false;
    }
    const auto packet = packet::decode(frame.bytes, frame.link);
    return !packet || flow_key_of(*packet) != answer.flow;
  }

  io::Capabilities can_;
  FlowEntries entries_;
  std::vector<io::Frame> frames_;
  std::size_t next_ = 0;
  std::size_t plain_first_ = 0;                               // of the batch, by poll_plainly()
  std::array<HandedOut, io::Batch::kCapacity> handed_out_{};  // by index in the batch
  bool keep_fates_ = true;
  bool is_submitted_ = false;
  std::size_t handled_ = 0;
  std::size_t foreign_keys_ = 0;
  std::vector<Fate> fates_;
  std::vector<Injected> injected_;
  std::vector<Watched> watched_;
  std::vector<Replaced> replaced_;
};

}  // namespace sluice::test
