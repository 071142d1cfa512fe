#pragma once

// A dataplane over frames in memory, for tests and benchmarks: hands out what was put in, keeps
// verdicts and injected frames. One thread.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/dataplane/dataplane.h"
#include "tests/support/packet_builder.h"

namespace sluice::test {

class MemoryDataplane final : public io::Dataplane {
 public:
  struct Injected {
    io::Side side;
    ByteVector frame;
  };

  struct Replaced {
    std::size_t index;  // in its batch
    ByteVector frame;
  };

  explicit MemoryDataplane(io::Capabilities can = {.drop = true, .inject = true, .replace = true})
      : can_(can) {}

  // `frame` outlives its batch.
  void add(const io::Frame& frame) { frames_.push_back(frame); }
  // Hands out all frames once more.
  void rewind() { next_ = 0; }
  void clear() {
    frames_.clear();
    next_ = 0;
  }

  [[nodiscard]] const std::vector<io::Verdict>& verdicts() const { return verdicts_; }
  [[nodiscard]] const std::vector<Injected>& injected() const { return injected_; }
  [[nodiscard]] const std::vector<Replaced>& replaced() const { return replaced_; }
  void forget_results() {
    verdicts_.clear();
    replaced_.clear();
    injected_.clear();
  }
  // False: neither verdicts nor frames of ours are kept, and nothing is allocated.
  void keep_verdicts(bool keep) { keep_verdicts_ = keep; }

  [[nodiscard]] io::Capabilities capabilities() const noexcept override { return can_; }
  [[nodiscard]] io::Poll poll(io::Batch& batch) noexcept override {
    batch.count = std::min(frames_.size() - next_, io::Batch::kCapacity);
    std::copy_n(frames_.begin() + static_cast<std::ptrdiff_t>(next_), batch.count,
                batch.frames.begin());
    next_ += batch.count;
    return batch.count == 0 ? io::Poll::ended : io::Poll::frames;
  }
  void submit(std::span<const io::FrameVerdict> verdicts) noexcept override {
    if (!keep_verdicts_) return;
    for (const io::FrameVerdict& answer : verdicts) verdicts_.push_back(answer.verdict);
  }
  bool inject(io::Side side, Bytes frame) noexcept override {
    if (keep_verdicts_) injected_.push_back({side, ByteVector(frame.begin(), frame.end())});
    return true;
  }
  bool replace(std::size_t index, Bytes frame) noexcept override {
    if (keep_verdicts_) replaced_.push_back({index, ByteVector(frame.begin(), frame.end())});
    return true;
  }
  void stop() noexcept override {}
  [[nodiscard]] io::DataplaneCounts counts() const noexcept override { return {}; }
  [[nodiscard]] std::string error() const override { return {}; }

 private:
  io::Capabilities can_;
  std::vector<io::Frame> frames_;
  std::size_t next_ = 0;
  bool keep_verdicts_ = true;
  std::vector<io::Verdict> verdicts_;
  std::vector<Injected> injected_;
  std::vector<Replaced> replaced_;
};

}  // namespace sluice::test
