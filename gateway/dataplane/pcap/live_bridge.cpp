#include "gateway/dataplane/pcap/live_bridge.h"

#include <pcap/pcap.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

#include "gateway/dataplane/interfaces/interface_checks.h"
#include "gateway/dataplane/pcap/close_pcap.h"
#include "gateway/dataplane/pcap/frame_arena.h"

namespace sluice::io {
namespace {

constexpr int kSnapshot = kMaxFrame;
constexpr int kPollMilliseconds = 20;
constexpr std::size_t kEthernetHeader = 14;
constexpr std::size_t kVlanTag = 4;
constexpr auto kStatsEvery = std::chrono::seconds(1);

using Handle = std::unique_ptr<pcap_t, ClosePcap>;

constexpr std::size_t index_of(Side side) {
  return static_cast<std::size_t>(side);
}

// Bytes of the link header: 802.1Q and 802.1ad tags do not count against the MTU.
std::size_t link_header(Bytes frame) noexcept {
  std::size_t header = kEthernetHeader;
  while (frame.size() >= header) {
    const auto type = std::to_integer<unsigned>(frame[header - 2]) << 8 |
                      std::to_integer<unsigned>(frame[header - 1]);
    if (type != 0x8100 && type != 0x88a8 && type != 0x9100) break;
    header += kVlanTag;
  }
  return header;
}

std::string reason_of(pcap_t* pcap, int status) {
  const std::string detail = pcap_geterr(pcap);
  return detail.empty() ? pcap_statustostr(status) : detail;
}

Result<Handle, std::string> open_side(const std::string& interface, int buffer_bytes) {
  std::array<char, PCAP_ERRBUF_SIZE> why{};
  Handle pcap(pcap_create(interface.c_str(), why.data()));
  if (pcap == nullptr) return fail(interface + ": " + why.data());
  pcap_set_snaplen(pcap.get(), kSnapshot);
  pcap_set_promisc(pcap.get(), 1);
  pcap_set_immediate_mode(pcap.get(), 1);
  pcap_set_buffer_size(pcap.get(), buffer_bytes);
  pcap_set_tstamp_precision(pcap.get(), PCAP_TSTAMP_PRECISION_NANO);
  if (const int status = pcap_activate(pcap.get()); status < 0) {
    return fail(interface + ": " + reason_of(pcap.get(), status));
  }
  // What we send ourselves must not come back to us.
  if (pcap_setdirection(pcap.get(), PCAP_D_IN) != 0 ||
      pcap_setnonblock(pcap.get(), 1, why.data()) != 0) {
    return fail(interface + ": " + reason_of(pcap.get(), PCAP_ERROR));
  }
  return pcap;
}

}  // namespace

struct LiveBridge::State {
  struct Port {
    std::string interface;
    Handle pcap;
    std::size_t mtu = 0;
    pcap_stat last_stats{};
  };
  std::array<Port, 2> ports;  // by Side
  int stop_event = -1;
  FrameArena arena;
  Batch* batch = nullptr;  // being filled
  std::array<Side, Batch::kCapacity> sides{};
  std::array<MutableBytes, Batch::kCapacity> frames;
  Side first = Side::inside;  // which side is read first; they take turns
  DataplaneCounts counts;
  std::chrono::steady_clock::time_point next_stats{};
  std::atomic<bool> stopped = false;
  std::string error;

  ~State() {
    if (stop_event >= 0) ::close(stop_event);
  }

  bool read(Side side, std::size_t most) noexcept;
  bool send(Side side, Bytes frame) noexcept;
  void look_at_stats() noexcept;
  [[nodiscard]] bool wait() const noexcept;
};

// Takes up to `most` frames of one side. False: its interface was removed.
bool LiveBridge::State::read(Side side, std::size_t most) noexcept {
  Port& port = ports[index_of(side)];
  for (; most > 0 && arena.has_room(); --most) {
    pcap_pkthdr* header = nullptr;
    const unsigned char* bytes = nullptr;
    const int got = pcap_next_ex(port.pcap.get(), &header, &bytes);
    if (got == 0) return true;
    if (got != 1) {
      // A link that goes down comes back; an interface that was removed does not.
      if (mtu_of(port.interface) != 0) return true;
      error = port.interface + ": " + pcap_geterr(port.pcap.get());
      return false;
    }
    const MutableBytes frame = arena.keep(std::as_bytes(std::span(bytes, header->caplen)));
    const std::size_t at = batch->count++;
    frames[at] = frame;
    sides[at] = side;
    batch->frames[at] = {
        .bytes = frame,
        .link = LinkType::ethernet,
        .side = side,
        .wire_length = header->len,
        .number = ++counts.received,
        .time = std::chrono::seconds(header->ts.tv_sec) + Nanos(header->ts.tv_usec)};
  }
  return true;
}

bool LiveBridge::State::send(Side side, Bytes frame) noexcept {
  const Port& port = ports[index_of(side)];
  if (frame.size() > port.mtu + link_header(frame)) {
    ++counts.oversize;
    return false;
  }
  if (pcap_inject(port.pcap.get(), frame.data(), frame.size()) < 0) {
    ++counts.send_failed;
    return false;
  }
  return true;
}

// Reading the kernel's counts costs a system call each, so once a second is enough.
void LiveBridge::State::look_at_stats() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_stats) return;
  next_stats = now + kStatsEvery;
  for (Port& port : ports) {
    port.mtu = mtu_of(port.interface);
    pcap_stat stats{};
    if (pcap_stats(port.pcap.get(), &stats) != 0) continue;
    counts.lost_before_us += stats.ps_drop - port.last_stats.ps_drop;  // wraps at 2^32
    port.last_stats = stats;
  }
}

// Waits for frames or for stop(). False: neither came in time.
bool LiveBridge::State::wait() const noexcept {
  std::array<pollfd, 3> waits = {{{pcap_get_selectable_fd(ports[0].pcap.get()), POLLIN, 0},
                                  {pcap_get_selectable_fd(ports[1].pcap.get()), POLLIN, 0},
                                  {stop_event, POLLIN, 0}}};
  return ::poll(waits.data(), waits.size(), kPollMilliseconds) > 0;
}

LiveBridge::LiveBridge(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveBridge::~LiveBridge() = default;

Result<std::unique_ptr<LiveBridge>, std::string> LiveBridge::open(
    const LiveBridgeOptions& options) {
  if (auto problems = problems_of(check_interfaces(options.inside, options.outside, Kind::pcap));
      !problems.empty()) {
    return fail(std::move(problems));
  }
  auto state = std::make_unique<State>();
  state->stop_event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (state->stop_event < 0) return fail(std::string("eventfd: ") + std::strerror(errno));
  for (const auto& [side, interface] :
       {std::pair{Side::inside, options.inside}, std::pair{Side::outside, options.outside}}) {
    auto opened = open_side(interface, options.buffer_bytes);
    if (!opened) return fail(opened.error());
    State::Port& port = state->ports[index_of(side)];
    port.interface = interface;
    port.pcap = std::move(*opened);
    port.mtu = mtu_of(interface);
  }
  return std::unique_ptr<LiveBridge>(new LiveBridge(std::move(state)));
}

Capabilities LiveBridge::capabilities() const noexcept {
  return {.drop = true, .inject = true, .replace = true, .sides = true};
}

Poll LiveBridge::poll(Batch& batch) noexcept {
  State& state = *state_;
  batch.count = 0;
  if (state.stopped) return Poll::ended;
  if (!state.error.empty()) return Poll::failed;
  state.arena.clear();
  state.batch = &batch;
  state.look_at_stats();
  // The first side may take half of the batch, the other side what is left.
  state.first = other_side(state.first);
  const auto fill = [&] {
    return state.read(state.first, Batch::kCapacity / 2) &&
           state.read(other_side(state.first), Batch::kCapacity - batch.count);
  };
  if (!fill()) return batch.count > 0 ? Poll::frames : Poll::failed;
  if (batch.count == 0 && state.wait() && !state.stopped && !fill()) return Poll::failed;
  if (state.stopped && batch.count == 0) return Poll::ended;
  return batch.count > 0 ? Poll::frames : Poll::idle;
}

void LiveBridge::submit(std::span<const FrameVerdict> verdicts) noexcept {
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (passes(verdicts[i].verdict)) {
      static_cast<void>(state_->send(other_side(state_->sides[i]), state_->frames[i]));
    }
  }
}

bool LiveBridge::inject(Side side, Bytes frame) noexcept {
  return state_->send(side, frame);
}

bool LiveBridge::replace(std::size_t index, Bytes frame) noexcept {
  return FrameArena::overwrite(state_->frames[index], frame);
}

void LiveBridge::stop() noexcept {
  state_->stopped = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t woken = ::write(state_->stop_event, &one, sizeof one);
}

DataplaneCounts LiveBridge::counts() const noexcept {
  return state_->counts;
}
std::string LiveBridge::error() const {
  return state_->error;
}

}  // namespace sluice::io
