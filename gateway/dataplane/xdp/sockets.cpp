#include "gateway/dataplane/xdp/sockets.h"

#include <linux/if_xdp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>
#include <thread>

#include "gateway/dataplane/xdp/interface.h"

namespace sluice::io {
namespace {

constexpr std::uint64_t kPlaceMask = ~std::uint64_t{XdpSockets::kFrame - 1};
constexpr int kMostKicks = 64;  // of one socket, before it has to wait for the next batch

struct FreeUmem {
  void operator()(xsk_umem* umem) const noexcept { xsk_umem__delete(umem); }
};
struct CloseSocket {
  void operator()(xsk_socket* socket) const noexcept { xsk_socket__delete(socket); }
};

struct Socket {
  XdpQueue queue;
  std::unique_ptr<xsk_socket, CloseSocket> handle;
  xsk_ring_cons received{}, completed{};
  xsk_ring_prod to_fill{}, to_send{};
  std::uint32_t unsent = 0;   // queued since the last kick
  std::uint32_t sending = 0;  // places that the kernel has, to send
  std::uint32_t filled = 0;   // places that the kernel has, to fill
};

class Memory {
 public:
  explicit Memory(std::size_t size)
      : size_(size),
        bytes_(::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)) {}
  ~Memory() {
    if (is_there()) ::munmap(bytes_, size_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  [[nodiscard]] bool is_there() const noexcept { return bytes_ != MAP_FAILED; }
  [[nodiscard]] void* bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::size_t size_;
  void* bytes_;
};

}  // namespace

struct XdpSockets::State {
  explicit State(std::size_t places) : memory(places * kFrame) { free.reserve(places); }

  Memory memory;
  std::unique_ptr<xsk_umem, FreeUmem> umem;  // before its sockets go, and after they came
  std::vector<std::unique_ptr<Socket>> sockets;
  std::array<std::vector<std::uint32_t>, 2> of_side;  // indices of sockets
  std::vector<std::uint64_t> free;                    // places
  std::vector<pollfd> waits;
  std::size_t first = 0;  // which socket is read first; they take turns

  Result<void, std::string> open(const XdpQueue& queue, const Options& options);
  [[nodiscard]] bool queue_up(Socket& socket, const FrameRef& frame) noexcept;
  void reclaim(Socket& socket) noexcept;
  void fill(Socket& socket) noexcept;
  void kick(Socket& socket) noexcept;
};

XdpSockets::XdpSockets(std::unique_ptr<State> state) : state_(std::move(state)) {}
XdpSockets::~XdpSockets() {
  state_->sockets.clear();  // the memory must outlive them
}

Result<std::unique_ptr<XdpSockets>, std::string> XdpSockets::open(const Options& options) {
  // As many for each socket as its fill ring holds, and as many to send.
  auto state = std::make_unique<State>(options.queues.size() * kRing * 2);
  if (!state->memory.is_there()) return fail(std::string("no memory for frames"));
  for (std::uint64_t at = state->memory.size(); at > 0; at -= kFrame) {
    state->free.push_back(at - kFrame);
  }
  for (const XdpQueue& queue : options.queues) {
    if (auto opened = state->open(queue, options); !opened) return fail(opened.error());
    if (!queue.may_send) continue;
    state->of_side[static_cast<std::size_t>(queue.side)].push_back(
        static_cast<std::uint32_t>(state->sockets.size() - 1));
  }
  for (const auto& socket : state->sockets) {
    state->fill(*socket);
    state->waits.push_back({xsk_socket__fd(socket->handle.get()), POLLIN, 0});
  }
  state->waits.push_back({-1, POLLIN, 0});
  return std::unique_ptr<XdpSockets>(new XdpSockets(std::move(state)));
}

Result<void, std::string> XdpSockets::State::open(const XdpQueue& queue, const Options& options) {
  auto socket = std::make_unique<Socket>();
  socket->queue = queue;
  const auto problem_of = [&](const char* what, int error) {
    return fail(queue.interface + ": queue " + std::to_string(queue.queue) + ": " + what + ": " +
                std::generic_category().message(-error));
  };
  if (umem == nullptr) {
    xsk_umem_config form{};
    form.fill_size = form.comp_size = kRing;
    form.frame_size = kFrame;
    xsk_umem* made = nullptr;
    const int error = xsk_umem__create(&made, memory.bytes(), memory.size(), &socket->to_fill,
                                       &socket->completed, &form);
    if (error != 0) return problem_of("no memory for AF_XDP", error);
    umem.reset(made);
  }
  xsk_socket_config form{};
  form.rx_size = form.tx_size = kRing;
  form.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;
  form.bind_flags = XDP_USE_NEED_WAKEUP;
  if (options.copy) form.bind_flags |= XDP_COPY;
  xsk_socket* made = nullptr;
  const int error = xsk_socket__create_shared(&made, queue.interface.c_str(), queue.queue,
                                              umem.get(), &socket->received, &socket->to_send,
                                              &socket->to_fill, &socket->completed, &form);
  if (error != 0) return problem_of("no AF_XDP socket", error);
  socket->handle.reset(made);
  if (options.busy_poll) {
    constexpr int kOn = 1, kMicroseconds = 20, kBudget = 64;
    const int descriptor = xsk_socket__fd(made);
    ::setsockopt(descriptor, SOL_SOCKET, SO_PREFER_BUSY_POLL, &kOn, sizeof kOn);
    ::setsockopt(descriptor, SOL_SOCKET, SO_BUSY_POLL, &kMicroseconds, sizeof kMicroseconds);
    ::setsockopt(descriptor, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &kBudget, sizeof kBudget);
  }
  sockets.push_back(std::move(socket));
  return {};
}

std::size_t XdpSockets::count() const noexcept {
  return state_->sockets.size();
}
int XdpSockets::descriptor(std::size_t socket) const noexcept {
  return xsk_socket__fd(state_->sockets[socket]->handle.get());
}
const XdpQueue& XdpSockets::queue(std::size_t socket) const noexcept {
  return state_->sockets[socket]->queue;
}
bool XdpSockets::is_zero_copy(std::size_t socket) const noexcept {
  xdp_options options{};
  socklen_t length = sizeof options;
  return ::getsockopt(descriptor(socket), SOL_XDP, XDP_OPTIONS, &options, &length) == 0 &&
         (options.flags & XDP_OPTIONS_ZEROCOPY) != 0;
}

void XdpSockets::State::reclaim(Socket& socket) noexcept {
  if (socket.sending == 0) return;
  std::uint32_t at = 0;
  const std::uint32_t done = xsk_ring_cons__peek(&socket.completed, kRing, &at);
  for (std::uint32_t i = 0; i < done; ++i) {
    free.push_back(*xsk_ring_cons__comp_addr(&socket.completed, at + i) & kPlaceMask);
  }
  if (done > 0) xsk_ring_cons__release(&socket.completed, done);
  socket.sending -= done;
}

void XdpSockets::State::fill(Socket& socket) noexcept {
  // Not for every frame: the ring has room for a while.
  constexpr std::uint32_t kAtLeast = 64;
  const auto wanted = std::min(kRing - socket.filled, static_cast<std::uint32_t>(free.size()));
  std::uint32_t at = 0;
  if (wanted >= kAtLeast && xsk_ring_prod__reserve(&socket.to_fill, wanted, &at) == wanted) {
    for (std::uint32_t i = 0; i < wanted; ++i) {
      *xsk_ring_prod__fill_addr(&socket.to_fill, at + i) = free.back();
      free.pop_back();
    }
    xsk_ring_prod__submit(&socket.to_fill, wanted);
    socket.filled += wanted;
  }
  if (xsk_ring_prod__needs_wakeup(&socket.to_fill) != 0) {
    ::recvfrom(xsk_socket__fd(socket.handle.get()), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
  }
}

std::size_t XdpSockets::receive(std::span<FrameRef> frames) noexcept {
  State& state = *state_;
  const std::size_t sockets = state.sockets.size();
  if (sockets == 0) return 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < sockets; ++i) {
    const std::size_t index = (state.first + i) % sockets;
    Socket& socket = *state.sockets[index];
    state.reclaim(socket);
    // Each may take a fair part; the last one what is left.
    const std::size_t room = (frames.size() - count + sockets - i - 1) / (sockets - i);
    std::uint32_t at = 0;
    const std::uint32_t got =
        xsk_ring_cons__peek(&socket.received, static_cast<std::uint32_t>(room), &at);
    for (std::uint32_t k = 0; k < got; ++k) {
      const xdp_desc& frame = *xsk_ring_cons__rx_desc(&socket.received, at + k);
      frames[count++] = {frame.addr, frame.len, static_cast<std::uint32_t>(index)};
    }
    if (got > 0) xsk_ring_cons__release(&socket.received, got);
    socket.filled -= got;
    state.fill(socket);
  }
  state.first = (state.first + 1) % sockets;
  return count;
}

MutableBytes XdpSockets::bytes(const FrameRef& frame) const noexcept {
  auto* const start =
      static_cast<std::byte*>(xsk_umem__get_data(state_->memory.bytes(), frame.place));
  return {start, frame.length};
}

bool XdpSockets::send(Side side, const FrameRef& frame) noexcept {
  State& state = *state_;
  const auto& candidates = state.of_side[static_cast<std::size_t>(side)];
  if (candidates.empty()) {
    release(frame);
    return false;
  }
  const std::uint32_t from = state.sockets[frame.socket]->queue.queue;
  Socket& socket = *state.sockets[candidates[from % candidates.size()]];
  if (state.queue_up(socket, frame)) return true;
  state.kick(socket);
  state.reclaim(socket);
  if (state.queue_up(socket, frame)) return true;
  release(frame);
  return false;
}

bool XdpSockets::State::queue_up(Socket& socket, const FrameRef& frame) noexcept {
  std::uint32_t at = 0;
  if (xsk_ring_prod__reserve(&socket.to_send, 1, &at) != 1) return false;
  xdp_desc& sent = *xsk_ring_prod__tx_desc(&socket.to_send, at);
  sent.addr = frame.place;
  sent.len = frame.length;
  sent.options = 0;
  xsk_ring_prod__submit(&socket.to_send, 1);
  ++socket.unsent;
  ++socket.sending;
  return true;
}

void XdpSockets::release(const FrameRef& frame) noexcept {
  state_->free.push_back(frame.place & kPlaceMask);
}

bool XdpSockets::take(Bytes bytes, FrameRef& frame) noexcept {
  State& state = *state_;
  if (bytes.size() > kFrame) return false;
  if (state.free.empty()) {
    for (const auto& socket : state.sockets) state.reclaim(*socket);
  }
  if (state.free.empty()) return false;
  frame = {state.free.back(), static_cast<std::uint32_t>(bytes.size()), 0};
  state.free.pop_back();
  std::ranges::copy(bytes, this->bytes(frame).begin());
  return true;
}

// In copy mode the kernel sends in this call, some dozens of frames at a time.
void XdpSockets::State::kick(Socket& socket) noexcept {
  if (socket.unsent == 0) return;
  socket.unsent = 0;
  if (xsk_ring_prod__needs_wakeup(&socket.to_send) == 0) return;
  const int descriptor = xsk_socket__fd(socket.handle.get());
  for (int i = 0; i < kMostKicks; ++i) {
    if (::sendto(descriptor, nullptr, 0, MSG_DONTWAIT, nullptr, 0) >= 0) return;
    if (errno != EAGAIN && errno != EBUSY && errno != ENOBUFS && errno != EINTR) return;
  }
}

namespace {

// To the nearest bridge, which forwards it to nobody (IEEE 802.1Q section 8.6.3), and of an
// EtherType for experiments (IEEE 802 section 9.2.4): whoever gets it discards it.
constexpr std::size_t kTestFrame = 60;
std::array<std::byte, kTestFrame> test_frame(const HardwareAddress& source) noexcept {
  constexpr std::array<std::uint8_t, 6> kNearestBridge = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e};
  constexpr std::array<std::uint8_t, 2> kExperiment = {0x88, 0xb5};
  std::array<std::byte, kTestFrame> frame{};
  const auto to_byte = [](std::uint8_t value) { return std::byte{value}; };
  const auto behind = std::ranges::transform(kNearestBridge, frame.begin(), to_byte).out;
  std::ranges::transform(kExperiment, std::ranges::copy(source, behind).out, to_byte);
  return frame;
}

}  // namespace

Result<void, std::string> XdpSockets::try_to_send(std::chrono::milliseconds patience) {
  State& state = *state_;
  const auto end = std::chrono::steady_clock::now() + patience;
  const auto waits_for = [&](const auto& holds) {
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  };
  for (const auto& each : state.sockets) {
    Socket& socket = *each;
    if (!socket.queue.may_send) continue;
    const auto source = hardware_address(socket.queue.interface);
    if (!source || !waits_for([&] { return has_carrier(socket.queue.interface); })) continue;
    FrameRef frame;
    const bool sent =
        take(test_frame(*source), frame) && state.queue_up(socket, frame) && waits_for([&] {
          socket.unsent = socket.sending;  // a driver may want to be told again
          state.kick(socket);
          state.reclaim(socket);
          return socket.sending == 0;
        });
    if (!sent) {
      return fail(socket.queue.interface + ": queue " + std::to_string(socket.queue.queue) +
                  ": a frame was not sent within " + std::to_string(patience.count()) + " ms");
    }
  }
  return {};
}

void XdpSockets::kick() noexcept {
  for (const auto& socket : state_->sockets) state_->kick(*socket);
}

void XdpSockets::wait(int event, int milliseconds) noexcept {
  State& state = *state_;
  state.waits.back().fd = event;
  ::poll(state.waits.data(), state.waits.size(), milliseconds);
}

XdpSockets::Lost XdpSockets::lost() const noexcept {
  Lost total;
  for (const auto& socket : state_->sockets) {
    xdp_statistics counts{};
    socklen_t length = sizeof counts;
    if (::getsockopt(xsk_socket__fd(socket->handle.get()), SOL_XDP, XDP_STATISTICS, &counts,
                     &length) != 0) {
      continue;
    }
    total.ring_full += counts.rx_ring_full;
    total.no_place += counts.rx_dropped + counts.rx_fill_ring_empty_descs;
    total.invalid += counts.tx_invalid_descs + counts.rx_invalid_descs;
  }
  return total;
}

}  // namespace sluice::io
