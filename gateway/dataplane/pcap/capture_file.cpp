#include "gateway/dataplane/pcap/capture_file.h"

#include <pcap/pcap.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gateway/dataplane/pcap/frame_arena.h"

namespace sluice::io {
namespace {

struct ClosePcap {
  void operator()(pcap_t* pcap) const noexcept { pcap_close(pcap); }
};
struct CloseDumper {
  void operator()(pcap_dumper_t* dumper) const noexcept { pcap_dump_close(dumper); }
};

// libpcap gives DLT_ values; those that differ from their LINKTYPE_ are the bare ones, DLT_RAW on
// Linux being 12. 16 bits hold all of them.
LinkType link_type_of(pcap_t* pcap) {
  return static_cast<LinkType>(static_cast<std::uint16_t>(pcap_datalink(pcap)));
}

}  // namespace

struct CaptureFile::State {
  std::string input;
  std::string output;
  std::unique_ptr<pcap_t, ClosePcap> reader;
  std::unique_ptr<pcap_dumper_t, CloseDumper> writer;
  LinkType link = LinkType::ethernet;
  FrameArena arena;
  std::array<pcap_pkthdr, Batch::kCapacity> headers{};
  std::array<MutableBytes, Batch::kCapacity> frames;
  std::uint64_t number = 0;
  std::uint64_t cut = 0;
  std::uint64_t total = 0;
  bool at_end = false;
  std::atomic<bool> stopped = false;
  std::string error;

  void fail_to_write() {
    error = output + ": cannot be written: " + std::strerror(errno);
    at_end = false;
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
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  state->reader.reset(pcap_open_offline_with_tstamp_precision(
      state->input.c_str(), PCAP_TSTAMP_PRECISION_NANO, why.data()));
  if (state->reader == nullptr) {
    // libpcap names the file in some of its messages.
    const std::string reason(why.data());
    return fail(reason.starts_with(state->input) ? reason : state->input + ": " + reason);
  }
  state->link = link_type_of(state->reader.get());
  std::error_code error;
  if (const auto size = std::filesystem::file_size(input, error); !error) state->total = size;
  if (!output.empty()) {
    state->writer.reset(pcap_dump_open(state->reader.get(), state->output.c_str()));
    if (state->writer == nullptr) {
      const std::string reason(pcap_geterr(state->reader.get()));
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
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    const int got = pcap_next_ex(state.reader.get(), &header, &bytes);
    if (got != 1) {
      state.at_end = true;
      if (got == PCAP_ERROR) {
        state.error = state.input + ": packet " + std::to_string(state.number + 1) + ": " +
                      pcap_geterr(state.reader.get());
      }
      break;
    }
    const MutableBytes frame = state.arena.keep(std::as_bytes(std::span(bytes, header->caplen)));
    state.headers[batch.count] = *header;
    state.headers[batch.count].caplen = static_cast<bpf_u_int32>(frame.size());
    state.frames[batch.count] = frame;
    if (header->caplen < header->len) ++state.cut;
    batch.frames[batch.count++] = {
        .bytes = frame,
        .link = state.link,
        .side = Side::inside,
        .wire_length = header->len,
        .number = ++state.number,
        // The precision that was asked for makes tv_usec nanoseconds.
        .time = std::chrono::seconds(header->ts.tv_sec) + Nanos(header->ts.tv_usec)};
  }
  if (batch.count > 0) return Poll::frames;
  // The end may come without a last batch to submit, where all batches were full.
  return state.flush() ? Poll::ended : Poll::failed;
}

void CaptureFile::submit(std::span<const Verdict> verdicts) noexcept {
  State& state = *state_;
  if (state.writer == nullptr) return;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (!passes(verdicts[i])) continue;
    pcap_dump(reinterpret_cast<unsigned char*>(state.writer.get()), &state.headers[i],
              reinterpret_cast<const unsigned char*>(state.frames[i].data()));
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
  pcap_pkthdr& header = state_->headers[index];
  header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
  return true;
}
void CaptureFile::stop() noexcept {
  state_->stopped = true;
}
DataplaneCounts CaptureFile::counts() const noexcept {
  return {.received = state_->number};
}
std::string CaptureFile::error() const {
  return state_->error;
}

std::uint64_t CaptureFile::bytes_read() const noexcept {
  std::FILE* const file = pcap_file(state_->reader.get());
  const long at = file == nullptr ? -1 : std::ftell(file);
  return at < 0 ? 0 : static_cast<std::uint64_t>(at);
}
std::uint64_t CaptureFile::bytes_total() const noexcept {
  return state_->total;
}
std::uint64_t CaptureFile::cut_frames() const noexcept {
  return state_->cut;
}

}  // namespace sluice::io
