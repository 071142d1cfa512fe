// Sends prepared Ethernet frames, over and over, as fast as one core can, or PER_SECOND of them.
//
// usage: bench_wire_blast INTERFACE SECONDS FRAMES [PER_SECOND]
//
// FRAMES is a file of frames, each behind its length (two bytes, big endian).
// Prints {"sent": N, "seconds": S}: what the interface took.

#include <fstream>
#include <iterator>
#include <vector>

#include "benchmarks/wire/helper.h"

namespace {

using namespace sluice::bench;

constexpr std::size_t kBatch = 64;
constexpr std::size_t kGentleBatch = 4;  // with a rate: short bursts

std::vector<std::string> read_frames(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::string> frames;
  for (std::size_t at = 0; at + 2 <= bytes.size();) {
    const auto high = static_cast<unsigned char>(bytes[at]);
    const auto low = static_cast<unsigned char>(bytes[at + 1]);
    const std::size_t length = high * 256U + low;
    if (at + 2 + length > bytes.size()) die(path + ": the last frame is cut");
    frames.push_back(bytes.substr(at + 2, length));
    at += 2 + length;
  }
  if (frames.empty()) die(path + ": no frames");
  return frames;
}

void wait_until(std::uint64_t time) {
  const timespec until{static_cast<time_t>(time / 1'000'000'000U),
                       static_cast<long>(time % 1'000'000'000U)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) die("usage: bench_wire_blast INTERFACE SECONDS FRAMES [PER_SECOND]");
  const int fd = open_frames(argv[1], 0);  // protocol 0: it receives nothing
  const double seconds = std::strtod(argv[2], nullptr);
  std::vector<std::string> frames = read_frames(argv[3]);
  const std::uint64_t rate = argc == 5 ? number(argv[4]) : 0;
  const std::size_t batch = rate == 0 ? kBatch : kGentleBatch;

  while (frames.size() % batch != 0) frames.push_back(frames[frames.size() % batch]);
  std::vector<iovec> parts(frames.size());
  std::vector<mmsghdr> messages(frames.size());
  for (std::size_t i = 0; i < frames.size(); ++i) {
    parts[i] = {frames[i].data(), frames[i].size()};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }

  const std::uint64_t start = now_ns();
  const std::uint64_t end = after_seconds(seconds);
  std::uint64_t sent = 0;
  std::size_t next = 0;
  while (now_ns() < end) {
    if (rate != 0) wait_until(start + sent * 1'000'000'000U / rate);
    const int count = sendmmsg(fd, &messages[next], static_cast<unsigned>(batch), 0);
    if (count < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
      die_of_errno("cannot send");
    }
    if (count > 0) sent += static_cast<std::uint64_t>(count);
    next = (next + batch) % frames.size();
  }
  std::cout << "{\"sent\": " << sent
            << ", \"seconds\": " << static_cast<double>(now_ns() - start) / kNsPerSecond << "}\n";
}
