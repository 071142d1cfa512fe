#pragma once

// Capture files as a dataplane: pcap and pcapng in (capture_reader.h), pcap out (libpcap).
//
// Frames that pass are written to the output, as they came or as they were replaced, with their
// time stamps (nanoseconds) and lengths. A pcap file has one link type: the output has that of the
// first frame. Frames of other link types, which pcapng may hold, are not written, and error() says
// so at the end. If a file ends in the middle of a record, the frames before it come up, then
// `ended`, and error() names the packet and the reason. No entries for flows: every frame comes up.
// Nothing is known of checksums or merged segments. One thread. Allocates at open only.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "filters/base/result.h"
#include "gateway/dataplane/dataplane.h"

namespace sluice::io {

class CaptureFile final : public Dataplane {
 public:
  // `output` empty: frames that pass are not written. Error: one line that names the file and the
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

  // For a progress bar. A total of 0: not known (a pipe).
  [[nodiscard]] std::uint64_t bytes_read() const noexcept;
  [[nodiscard]] std::uint64_t bytes_total() const noexcept;
  // Frames of link types that nobody decodes, one line for the operator; empty: none.
  [[nodiscard]] std::string undecoded() const;
  // Frames stored shorter than they were on the wire.
  [[nodiscard]] std::uint64_t cut_frames() const noexcept;

 private:
  struct State;
  explicit CaptureFile(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
