#include "gateway/dataplane/pcap/capture_reader.h"

#include <pcap/pcap.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

#include "gateway/dataplane/pcap/close_pcap.h"
#include "gateway/dataplane/pcap/pcapng.h"

namespace sluice::io {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
using Pcap = std::unique_ptr<pcap_t, ClosePcap>;
using File = std::unique_ptr<std::FILE, CloseFile>;

class ClassicReader final : public CaptureReader {
 public:
  explicit ClassicReader(Pcap pcap) : pcap_(std::move(pcap)) {}

  Next next(Record& record) noexcept override {
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    const int got = pcap_next_ex(pcap_.get(), &header, &bytes);
    if (got != 1) return got == PCAP_ERROR ? Next::damaged : Next::end;
    record.bytes = std::as_bytes(std::span(bytes, header->caplen));
    record.link = first_link();
    record.wire_length = header->len;
    // We opened with nanosecond precision, so tv_usec holds nanoseconds.
    record.time = std::chrono::seconds(header->ts.tv_sec) + Nanos(header->ts.tv_usec);
    return Next::record;
  }
  std::string problem() const override { return pcap_geterr(pcap_.get()); }
  // libpcap gives DLT_ values. They differ from LINKTYPE_ for bare IP only: DLT_RAW is 12 on Linux,
  // which LinkType has too. All fit in 16 bits.
  LinkType first_link() const noexcept override {
    return static_cast<LinkType>(static_cast<std::uint16_t>(pcap_datalink(pcap_.get())));
  }
  std::uint64_t bytes_read() const noexcept override {
    std::FILE* const file = pcap_file(pcap_.get());
    const long at = file == nullptr ? -1 : std::ftell(file);
    return at < 0 ? 0 : static_cast<std::uint64_t>(at);
  }

 private:
  Pcap pcap_;
};

class PcapngReader final : public CaptureReader {
 public:
  explicit PcapngReader(File file) : file_(std::move(file)) { first_next_ = read(first_); }

  [[nodiscard]] bool is_damaged_at_once() const noexcept { return first_next_ == Next::damaged; }
  Next next(Record& record) noexcept override {
    if (!is_first_) return read(record);
    is_first_ = false;
    record = first_;
    return first_next_;
  }
  std::string problem() const override { return std::string(problem_); }
  LinkType first_link() const noexcept override { return first_.link; }
  std::uint64_t bytes_read() const noexcept override { return bytes_read_; }

 private:
  Next read(Record& record) noexcept {
    while (problem_.empty()) {
      block_.resize(PcapngBlocks::kHeader);
      const std::size_t got = fill(0);
      if (got == 0) return Next::end;
      const auto length = got == block_.size() ? blocks_.length_of(block_) : cut();
      if (!length) return damaged(length.error());
      block_.resize(*length);
      if (fill(PcapngBlocks::kHeader) != *length - PcapngBlocks::kHeader) {
        return damaged(cut().error());
      }
      const auto packet = blocks_.take(block_);
      if (!packet) return damaged(packet.error());
      const std::optional<Record>& whole = *packet;
      if (!whole) continue;
      record = *whole;
      return Next::record;
    }
    return Next::damaged;
  }
  // Reads into the block from `from` on; returns how many bytes.
  std::size_t fill(std::size_t from) noexcept {
    const std::size_t got = std::fread(block_.data() + from, 1, block_.size() - from, file_.get());
    bytes_read_ += got;
    return got;
  }
  static Result<std::size_t, std::string_view> cut() noexcept {
    return fail(std::string_view("the file ends in the middle of a block"));
  }
  Next damaged(std::string_view why) noexcept {
    problem_ = why;
    return Next::damaged;
  }

  File file_;
  PcapngBlocks blocks_;
  std::vector<std::byte> block_;  // grows to the largest block, which is bounded
  std::string_view problem_;
  std::uint64_t bytes_read_ = 0;
  Record first_;
  Next first_next_ = Next::end;
  bool is_first_ = true;  // first_ was read ahead and not handed out yet
};

// A pcapng file, at its start. Null: it is something else.
File open_pcapng(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return nullptr;
  File file(std::fopen(path.c_str(), "rb"));
  std::array<std::byte, 4> start{};
  if (file == nullptr || std::fread(start.data(), 1, start.size(), file.get()) != start.size() ||
      !PcapngBlocks::is_section_header(start)) {
    return nullptr;
  }
  if (std::fseek(file.get(), 0, SEEK_SET) != 0) return nullptr;
  return file;
}

}  // namespace

Result<std::unique_ptr<CaptureReader>, std::string> CaptureReader::open(
    const std::filesystem::path& file) {
  if (File pcapng = open_pcapng(file)) {
    auto reader = std::make_unique<PcapngReader>(std::move(pcapng));
    if (reader->is_damaged_at_once()) return fail(reader->problem());
    return reader;
  }
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  Pcap pcap(pcap_open_offline_with_tstamp_precision(file.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                    why.data()));
  if (pcap == nullptr) return fail(std::string(why.data()));
  return std::make_unique<ClassicReader>(std::move(pcap));
}

}  // namespace sluice::io
