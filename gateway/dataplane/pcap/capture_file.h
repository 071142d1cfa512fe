#pragma once

// Capture files as a dataplane: pcap and pcapng in (capture_reader.h), pcap out (libpcap).
//
// Frames that pass go to the output as they were (or as they were replaced), with their time stamps
// (nanoseconds) and lengths. pcap has one link type a file: the output has that of the first frame,
// and frames of others that pcapng may hold are not written; error() says so, at the end. A file
// that ends in the middle of a record gives the frames before it, then `ended` with error() naming
// the packet and the reason. Verdicts for flows are not kept: every frame is judged. Threads: one.
// Allocates at open only.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"

namespace sluice::io {

class CaptureFile final : public Dataplane {
 public:
  // `output` empty: frames that pass go nowhere. Error: one line that names the file and the
  // reason.
  [[nodiscard]] static Result<std::unique_ptr<CaptureFile>, std::string> open(
      const std::filesystem::path& input, const std::filesystem::path& output);
  ~CaptureFile() override;

  [[nodiscard]] Capabilities capabilities() const noexcept override;
  [[nodiscard]] Poll poll(Batch& batch) noexcept override;
  void submit(std::span<const FrameVerdict> verdicts) noexcept override;
  bool inject(Side side, Bytes frame) noexcept override;
  bool replace(std::size_t index, Bytes frame) noexcept override;
  void stop() noexcept override;
  [[nodiscard]] DataplaneCounts counts() const noexcept override;
  [[nodiscard]] std::string error() const override;

  // For a progress bar; total 0: not known (a pipe).
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::uint64_t bytes_total() const noexcept;
  // Frames stored shorter than they were on the wire.
  [[nodiscard]] std::uint64_t cut_frames() const noexcept;

 private:
  struct State;
  explicit CaptureFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
