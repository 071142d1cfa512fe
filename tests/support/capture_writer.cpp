#include "tests/support/capture_writer.h"

#include <fstream>
#include <stdexcept>

namespace sluice::test {
namespace {

void put(std::ostream& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out.put(static_cast<char>(value >> (8 * i) & 0xff));
}

}  // namespace

void write_pcap(const std::filesystem::path& path, std::span<const TimedFrame> frames,
                LinkType link) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  put(out, 0xa1b23c4d, 4);
  put(out, 2, 2);
  put(out, 4, 2);
  put(out, 0, 8);  // time zone and accuracy, which readers ignore
  put(out, 262144, 4);
  put(out, static_cast<std::uint64_t>(link), 4);
  for (const TimedFrame& frame : frames) {
    const auto nanos = static_cast<std::uint64_t>(frame.time.count());
    put(out, nanos / 1'000'000'000, 4);
    put(out, nanos % 1'000'000'000, 4);
    put(out, frame.bytes.size(), 4);
    put(out, frame.wire_size == 0 ? frame.bytes.size() : frame.wire_size, 4);
    const std::string_view text = as_text(frame.bytes);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace sluice::test
