#include "gateway/dataplane/pcap/capture_file.h"

#include <array>
#include <atomic>
#include <optional>
#include <utility>

#include "gateway/dataplane/pcap/capture_reader.h"
#include "gateway/dataplane/pcap/capture_writer.h"
#include "gateway/dataplane/pcap/frame_arena.h"

namespace sluice::io {

struct CaptureFile::State {
  std::string input;
  std::string output;
  std::unique_ptr<CaptureReader> reader;
  std::optional<CaptureWriter> writer;  // none: nothing is written
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

  void fail_to_write(std::string why) {
    error = std::move(why);
    at_end = false;
  }
  void write(CaptureWriter& out, const Record& record) noexcept {
    if (record.link != out.link()) {
      ++unwritten;
      return;
    }
    out.write(record.time, record.wire_length, record.bytes);
  }
  // False: it could not be written.
  bool flush() {
    if (!writer) return true;
    auto flushed = writer->flush();
    if (!flushed) fail_to_write(std::move(flushed.error()));
    return flushed.has_value();
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
  std::error_code error;
  if (const auto size = std::filesystem::file_size(input, error); !error) state->total = size;
  if (!output.empty()) {
    auto writer = CaptureWriter::open(output, state->reader->first_link());
    if (!writer) return fail(writer.error());
    state->writer = std::move(*writer);
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
  if (!state.writer) return;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (passes(verdicts[i].verdict)) state.write(*state.writer, state.records[i]);
  }
  if (state.writer->failed()) {
    state.fail_to_write(state.writer->problem());
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
