#pragma once

// Reads a capture file a record at a time: classic pcap with libpcap, pcapng with our own reader
// (pcapng.h).

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "filters/base/bytes.h"
#include "filters/base/link_type.h"
#include "filters/base/result.h"
#include "filters/base/time.h"

namespace sluice::io {

struct Record {
  Bytes bytes;  // valid until the next one is read
  LinkType link = LinkType::ethernet;
  std::uint32_t wire_length = 0;  // as it was on the wire
  Nanos time{0};                  // since the Unix epoch
};

class CaptureReader {
 public:
  enum class Next : std::uint8_t { record, end, damaged };

  CaptureReader() = default;
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;
  virtual ~CaptureReader() = default;

  // Error: why it cannot be read, without the file's name. Pipes are read with libpcap, which reads
  // pcapng too, but of one link type only.
  [[nodiscard]] static Result<std::unique_ptr<CaptureReader>, std::string> open(
      const std::filesystem::path& file);

  [[nodiscard]] virtual Next next(Record& record) noexcept = 0;
  [[nodiscard]] virtual std::string problem() const = 0;  // of the last `damaged`
  // Link type of the first record, or of the file if it has no record.
  [[nodiscard]] virtual LinkType first_link() const noexcept = 0;
  [[nodiscard]] virtual std::uint64_t bytes_read() const noexcept = 0;
};

}  // namespace sluice::io
