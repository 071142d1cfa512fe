#include "gateway/dataplane/pcap/capture_writer.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "gateway/dataplane/pcap/frame_arena.h"

namespace sluice::io {
namespace {

// libpcap takes DLT_ values, which differ from LINKTYPE_ for bare IP.
int dlt_of(LinkType link) noexcept {
  return link == LinkType::raw ? DLT_RAW : static_cast<int>(link);
}

}  // namespace

Result<CaptureWriter, std::string> CaptureWriter::open(const std::filesystem::path& file,
                                                       LinkType link) {
  CaptureWriter writer(file.string(), link);
  writer.format_.reset(pcap_open_dead_with_tstamp_precision(
      dlt_of(link), static_cast<int>(kMaxFrame), PCAP_TSTAMP_PRECISION_NANO));
  writer.dumper_.reset(pcap_dump_open(writer.format_.get(), writer.file_.c_str()));
  if (writer.dumper_ != nullptr) return writer;
  const std::string reason(pcap_geterr(writer.format_.get()));
  return fail(reason.starts_with(writer.file_) ? reason : writer.file_ + ": " + reason);
}

void CaptureWriter::write(Nanos time, std::uint32_t length, Bytes bytes) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  pcap_pkthdr header{};
  header.ts.tv_sec = seconds.count();
  header.ts.tv_usec = (time - seconds).count();  // nanoseconds, as the format says
  header.caplen = static_cast<bpf_u_int32>(bytes.size());
  header.len = length;
  pcap_dump(reinterpret_cast<unsigned char*>(dumper_.get()), &header,
            reinterpret_cast<const unsigned char*>(bytes.data()));
}

bool CaptureWriter::failed() const noexcept {
  return std::ferror(pcap_dump_file(dumper_.get())) != 0;
}

std::string CaptureWriter::problem() const {
  return file_ + ": cannot be written: " + std::strerror(errno);
}

Result<void, std::string> CaptureWriter::flush() {
  if (pcap_dump_flush(dumper_.get()) == 0) return {};
  return fail(problem());
}

}  // namespace sluice::io
