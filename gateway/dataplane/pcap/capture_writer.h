#pragma once

// A pcap file to write (libpcap): nanoseconds, one link type.
//
// write() may buffer; flush() says whether all of it is in the file. One thread. Allocates at open
// only.

#include <pcap/pcap.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "filters/base/bytes.h"
#include "filters/base/link_type.h"
#include "filters/base/result.h"
#include "filters/base/time.h"
#include "gateway/dataplane/pcap/close_pcap.h"

namespace sluice::io {

class CaptureWriter {
 public:
  // `-` is standard output. Error: one line that names the file and the reason.
  [[nodiscard]] static Result<CaptureWriter, std::string> open(const std::filesystem::path& file,
                                                               LinkType link);

  // Of the link type of this file. `length`: of the whole frame, of which `bytes` may be a part.
  void write(Nanos time, std::uint32_t length, Bytes bytes) noexcept;
  // Error: one line that names the file and the reason. failed(): of an earlier write().
  [[nodiscard]] Result<void, std::string> flush();
  [[nodiscard]] bool failed() const noexcept;
  // Of the error at hand.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] LinkType link() const noexcept { return link_; }

 private:
  struct CloseDumper {
    void operator()(pcap_dumper_t* dumper) const noexcept { pcap_dump_close(dumper); }
  };

  CaptureWriter(std::string file, LinkType link) : file_(std::move(file)), link_(link) {}

  std::string file_;
  LinkType link_;
  std::unique_ptr<pcap_t, ClosePcap> format_;
  std::unique_ptr<pcap_dumper_t, CloseDumper> dumper_;
};

}  // namespace sluice::io
