#include "gateway/dataplane/pcap/capture_file.h"

#include <pcap/pcap.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gateway/dataplane/pcap/capture_reader.h"
#include "gateway/dataplane/pcap/close_pcap.h"
#include "gateway/dataplane/pcap/frame_arena.h"

namespace sluice::io {
namespace {

struct CloseDumper {
  void operator()(pcap_dumper_t* dumper) const noexcept { pcap_dump_close(dumper); }
};

// libpcap takes DLT_ values, which differ from LINKTYPE_ for bare IP.
int dlt_of(LinkType link) noexcept {
  return link == LinkType::raw ? DLT_RAW : static_cast<int>(link);
}

}  // namespace

struct CaptureFile::State {
  std::string input;
  std::string output;
  std::unique_ptr<CaptureReader> reader;
  std::unique_ptr<pcap_t, ClosePcap> format;  // of what is written
  std::unique_ptr<pcap_dumper_t, CloseDumper> writer;
  LinkType link = LinkType::ethernet;  // of what is written
  FrameArena arena;
  std::array<Record, Batch::kCapacity> records;
  std::array<MutableBytes, Batch::kCapacity> frames;  // the same bytes, to be replaced
  std::uint64_t unwritten = 0;                        // of other link types
  std::uint64_t number = 0;
  std::uint64_t cut = 0;
  std::uint64_t undecoded = 0;
  LinkType undecoded_link{};  // of the last one
  std::uint64_t total = 0;
  bool at_end = false;
  std::atomic<bool> stopped = false;
  std::string error;

  void fail_to_write() {
    error = output + ": cannot be written: " + std::strerror(errno);
    at_end = false;
  }
  void write(const Record& record) noexcept {
    if (record.link != link) {
      ++unwritten;
      return;
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(record.time);
    pcap_pkthdr header{};
    header.ts.tv_sec = seconds.count();
    header.ts.tv_usec = (record.time - seconds).count();  // nanoseconds, as the format says
    header.caplen = static_cast<bpf_u_int32>(record.bytes.size());
    header.len = record.wire_length;
    pcap_dump(reinterpret_cast<unsigned char*>(writer.get()), &header,
              reinterpret_cast<const unsigned char*>(record.bytes.data()));
  }
  // False: it could not be written.
  bool flush() {
    if (writer == nullptr || pcap_dump_flush(writer.get()) == 0) return true;
    fail_to_write();
    return false;
  }
};

CaptureFile::CaptureFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
CaptureFile::~CaptureFile() = default;

Result<std::unique_ptr<CaptureFile>, std::string> CaptureFile::open(
    const std::filesystem::path& input, const std::filesystem::path& output) {
  auto state = std::make_unique<State>();
  state->input = input.string();
  state->output = output.string();
  auto reader = CaptureReader::open(input);
  if (!reader) {
    // libpcap names the file in some of its messages.
    return fail(reader.error().starts_with(state->input) ? reader.error()
                                                         : state->input + ": " + reader.error());
  }
  state->reader = std::move(*reader);
  state->link = state->reader->first_link();
  std::error_code error;
  if (const auto size = std::filesystem::file_size(input, error); !error) state->total = size;
  if (!output.empty()) {
    state->format.reset(pcap_open_dead_with_tstamp_precision(
        dlt_of(state->link), static_cast<int>(kMaxFrame), PCAP_TSTAMP_PRECISION_NANO));
    state->writer.reset(pcap_dump_open(state->format.get(), state->output.c_str()));
    if (state->writer == nullptr) {
      const std::string reason(pcap_geterr(state->format.get()));
      return fail(reason.starts_with(state->output) ? reason : state->output + ": " + reason);
    }
  }
  return std::unique_ptr<CaptureFile>(new CaptureFile(std::move(state)));
}

Capabilities CaptureFile::capabilities() const noexcept {
  return {.drop = true, .replace = true};
}

Poll CaptureFile::poll(Batch& batch) noexcept {
  State& state = *state_;
  batch.count = 0;
  state.arena.clear();
  if (!state.error.empty() && !state.at_end) return Poll::failed;
  while (!state.at_end && !state.stopped && batch.count < Batch::kCapacity &&
         state.arena.has_room()) {
    Record& record = state.records[batch.count];
    const auto next = state.reader->next(record);
    if (next == CaptureReader::Next::damaged) {
      state.error = state.input + ": packet " + std::to_string(state.number + 1) + ": " +
                    state.reader->problem();
    }
    if (next != CaptureReader::Next::record) {
      state.at_end = true;
      break;
    }
    if (record.bytes.size() < record.wire_length) ++state.cut;
    if (!is_decoded(record.link)) {
      ++state.undecoded;
      state.undecoded_link = record.link;
    }
    state.frames[batch.count] = state.arena.keep(record.bytes);
    record.bytes = state.frames[batch.count];
    batch.frames[batch.count++] = {.bytes = record.bytes,
                                   .link = record.link,
                                   .side = Side::inside,
                                   .wire_length = record.wire_length,
                                   .number = ++state.number,
                                   .time = record.time};
  }
  if (batch.count > 0) return Poll::frames;
  // If the last batch was full, the end comes without a batch to submit.
  return state.flush() ? Poll::ended : Poll::failed;
}

void CaptureFile::submit(std::span<const FrameVerdict> verdicts) noexcept {
  State& state = *state_;
  if (state.writer == nullptr) return;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (passes(verdicts[i].verdict)) state.write(state.records[i]);
  }
  if (std::ferror(pcap_dump_file(state.writer.get())) != 0) {
    state.fail_to_write();
  } else if (state.at_end) {
    state.flush();
  }
}

bool CaptureFile::inject(Side, Bytes) noexcept {
  return false;
}
bool CaptureFile::replace(std::size_t index, Bytes frame) noexcept {
  if (!FrameArena::overwrite(state_->frames[index], frame)) return false;
  Record& record = state_->records[index];
  record.bytes = state_->frames[index];
  record.wire_length = static_cast<std::uint32_t>(frame.size());
  return true;
}
void CaptureFile::stop() noexcept {
  state_->stopped = true;
}
DataplaneCounts CaptureFile::counts() const noexcept {
  return {.received = state_->number};
}
std::string CaptureFile::error() const {
  const State& state = *state_;
  if (!state.error.empty() || state.unwritten == 0) return state.error;
  return state.output + ": " + std::to_string(state.unwritten) +
         " packets have another link type than the first one and were not written";
}

std::uint64_t CaptureFile::bytes_read() const noexcept {
  return state_->reader->bytes_read();
}
std::uint64_t CaptureFile::bytes_total() const noexcept {
  return state_->total;
}
std::string CaptureFile::undecoded() const {
  const State& state = *state_;
  if (state.undecoded == 0) return {};
  const auto link = static_cast<unsigned>(state.undecoded_link);
  return state.input + ": " + std::to_string(state.undecoded) + " of " +
         std::to_string(state.number) + " packets have a link type that cannot be read (" +
         std::to_string(link) + ", see tcpdump.org/linktypes.html): they were not looked at";
}
std::uint64_t CaptureFile::cut_frames() const noexcept {
  return state_->cut;
}

}  // namespace sluice::io
