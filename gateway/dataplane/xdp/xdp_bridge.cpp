#include "gateway/dataplane/xdp/xdp_bridge.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "gateway/dataplane/interfaces/interface_checks.h"
#include "gateway/dataplane/xdp/handover.h"
#include "gateway/dataplane/xdp/interface.h"
#include "gateway/dataplane/xdp/sockets.h"
#include "gateway/os/random_key.h"

namespace sluice::io {
namespace {

constexpr int kPollMilliseconds = 20;
constexpr auto kStatsEvery = std::chrono::seconds(1);
// A card that a program was just attached to may take seconds until its link is back.
constexpr auto kTryToSend = std::chrono::milliseconds(5000);

struct QueueCounts {
  std::uint32_t receive = 0, send = 0;
};

// Of both sides, as many queues as the smaller one has serve in pairs; what the larger one has
// beyond goes out by one of them.
std::vector<XdpQueue> queues_of_worker(const InterfaceNames& interfaces,
                                       const std::array<QueueCounts, 2>& counts, std::size_t worker,
                                       std::size_t workers) {
  std::vector<XdpQueue> queues;
  for (const Side side : {Side::inside, Side::outside}) {
    const auto i = static_cast<std::size_t>(side);
    for (auto queue = static_cast<std::uint32_t>(worker); queue < counts[i].receive;
         queue += static_cast<std::uint32_t>(workers)) {
      queues.push_back({side, interfaces[i], queue, queue < counts[i].send});
    }
  }
  return queues;
}

// By side. Error: more or fewer than can be served.
Result<std::array<QueueCounts, 2>, std::string> count_queues(const InterfaceNames& interfaces,
                                                             std::size_t workers) {
  std::array<QueueCounts, 2> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = {receive_queues(interfaces[i]), send_queues(interfaces[i])};
    if (counts[i].receive > bpf::SLUICE_QUEUES) {
      return fail(interfaces[i] + ": has " + std::to_string(counts[i].receive) +
                  " queues; run: ethtool -L " + interfaces[i] + " combined " +
                  std::to_string(bpf::SLUICE_QUEUES));
    }
    const std::uint32_t usable = std::min(counts[i].receive, counts[i].send);
    if (usable < workers) {
      return fail(interfaces[i] + ": has " + std::to_string(usable) + " queues for " +
                  std::to_string(workers) + " workers; run: ethtool -L " + interfaces[i] +
                  " combined " + std::to_string(workers));
    }
  }
  return counts;
}

bool any_zero_copy(const XdpSockets& sockets) noexcept {
  for (std::size_t i = 0; i < sockets.count(); ++i) {
    if (sockets.is_zero_copy(i)) return true;
  }
  return false;
}

// Where zero-copy does not send what it should, the kernel copies, and `note` says so.
Result<std::unique_ptr<XdpSockets>, std::string> open_sockets(std::vector<XdpQueue> queues,
                                                              const XdpSettings& settings,
                                                              std::string& note) {
  XdpSockets::Options options = {
      .queues = std::move(queues), .copy = !settings.zero_copy, .busy_poll = settings.busy_poll};
  auto sockets = XdpSockets::open(options);
  if (!sockets || !any_zero_copy(**sockets)) return sockets;
  const auto tried = (*sockets)->try_to_send(kTryToSend);
  if (tried) return sockets;
  note = "zero-copy does not work, so the kernel copies: " + tried.error();
  sockets->reset();  // a queue takes one socket
  options.copy = true;
  return XdpSockets::open(options);
}

}  // namespace

struct XdpBridge::State {
  std::shared_ptr<XdpProgram> program;
  std::shared_ptr<FrameHandover> handover;  // between all workers
  std::size_t worker = 0;
  std::unique_ptr<XdpSockets> sockets;
  std::vector<std::uint32_t> queues;  // without their sides
  bool counts_program = false;        // one worker does for all
  std::array<FrameRef, Batch::kCapacity> frames{};
  std::array<Side, Batch::kCapacity> sides{};
  std::array<FlowKey, Batch::kCapacity> revoked{};  // in this batch
  std::size_t revoked_count = 0;
  std::uint64_t number = 0;
  std::uint64_t handover_lost = 0;  // no room on the way to their owner
  DataplaneCounts counts;
  std::chrono::steady_clock::time_point next_stats{};
  std::atomic<bool> stopped = false;
  std::string error;
  std::string note;  // of its sockets; empty: nothing to say

  ~State() { keep_alive(std::chrono::nanoseconds(0)); }

  void keep_alive(std::chrono::nanoseconds lease) noexcept {
    for (const std::uint32_t queue : queues) program->keep_alive(queue, lease);
  }
  [[nodiscard]] std::size_t receive() noexcept;
  [[nodiscard]] std::size_t keep_own(std::size_t count) noexcept;
  void wait() noexcept;
  void look_at_stats() noexcept;
  void make_entries(std::span<const FrameVerdict> verdicts) noexcept;
};

XdpBridge::XdpBridge(std::unique_ptr<State> state) : state_(std::move(state)) {}
XdpBridge::~XdpBridge() = default;

Result<std::vector<std::unique_ptr<Dataplane>>, std::string> XdpBridge::open(
    const InterfaceNames& interfaces, const XdpSettings& settings, const Interest& interest,
    std::size_t workers) {
  if (auto problems = problems_of(check_interfaces(interfaces[0], interfaces[1], Kind::xdp));
      !problems.empty()) {
    return fail(std::move(problems));
  }
  if (workers > FrameHandover::kMostWorkers) {
    return fail("[dataplane] type \"xdp\" supports " + std::to_string(FrameHandover::kMostWorkers) +
                " workers, but " + std::to_string(workers) + " are configured");
  }
  if (auto counts = count_queues(interfaces, workers); !counts) return fail(counts.error());
  auto program = XdpProgram::open(interfaces, settings);
  if (!program) return fail(program.error());
  const std::shared_ptr<XdpProgram> shared = std::move(*program);
  shared->watch(interest);
  if (auto attached = shared->attach(); !attached) return fail(attached.error());
  // virtio_net receives by more queues once a program is attached, and each needs a socket. It does
  // not let the stack send by them.
  const auto counts = count_queues(interfaces, workers);
  if (!counts) return fail(counts.error());
  // Which worker a pair of addresses belongs to, nobody can aim at.
  const auto handover = std::make_shared<FrameHandover>(workers, os::random_key());
  std::vector<std::unique_ptr<Dataplane>> bridges;
  State* first = nullptr;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    auto state = std::make_unique<State>();
    state->program = shared;
    state->handover = handover;
    state->worker = worker;
    state->counts_program = worker == 0;
    auto sockets =
        open_sockets(queues_of_worker(interfaces, *counts, worker, workers), settings, state->note);
    if (!sockets) return fail(sockets.error());
    state->sockets = std::move(*sockets);
    for (std::size_t i = 0; i < state->sockets->count(); ++i) {
      const XdpQueue& queue = state->sockets->queue(i);
      if (!shared->use_socket(queue.side, queue.queue, state->sockets->descriptor(i))) {
        return fail(queue.interface + ": queue " + std::to_string(queue.queue) +
                    ": the program does not take its socket: " + std::strerror(errno));
      }
      if (std::ranges::find(state->queues, queue.queue) == state->queues.end()) {
        state->queues.push_back(queue.queue);
      }
    }
    state->keep_alive(kFirstLease);
    if (first == nullptr) first = state.get();
    bridges.emplace_back(new XdpBridge(std::move(state)));
  }
  shared->start();
  for (const Side side : {Side::inside, Side::outside}) {
    if (shared->mode(side) == XdpMode::native) ++first->counts.native_ports;
  }
  return bridges;
}

Capabilities XdpBridge::capabilities() const noexcept {
  return {.drop = true, .inject = true, .replace = true, .sides = true, .flow_verdicts = true};
}

Poll XdpBridge::poll(Batch& batch) noexcept {
  State& state = *state_;
  batch.count = 0;
  state.revoked_count = 0;
  if (state.stopped) return Poll::ended;
  state.keep_alive(kLease);
  state.look_at_stats();
  state.sockets->kick();  // what was injected behind the last batch
  std::size_t count = state.receive();
  if (count == 0) {
    state.wait();
    if (state.stopped) return Poll::ended;
    count = state.receive();
  }
  if (!state.error.empty()) return Poll::failed;
  if (count == 0) return Poll::idle;
  const Nanos now = std::chrono::system_clock::now().time_since_epoch();
  for (std::size_t i = 0; i < count; ++i) {
    batch.frames[i] = {.bytes = state.sockets->bytes(state.frames[i]),
                       .link = LinkType::ethernet,
                       .side = state.sides[i],
                       .wire_length = state.frames[i].length,
                       .number = ++state.number,
                       .time = now};
  }
  batch.count = count;
  state.counts.received += count;
  return Poll::frames;
}

// By our own queues, and by those of other workers.
std::size_t XdpBridge::State::receive() noexcept {
  std::size_t count = keep_own(sockets->receive(frames));
  handover->wake_owners(worker);
  handover->take(worker, frames.size() - count, [&](const FrameHandover::Frame& frame) {
    sides[count] = frame.side;
    if (sockets->take(Bytes(frame.bytes).first(frame.length), frames[count])) {
      ++count;
    } else {
      ++handover_lost;
    }
  });
  return count;
}

// What belongs to another worker goes to it. A frame that finds its ring full is lost, as one that
// finds a queue full: whatever `on_failure` says, too much of it must not open the way.
std::size_t XdpBridge::State::keep_own(std::size_t count) noexcept {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Side side = sockets->queue(frames[i].socket).side;
    const Bytes bytes = sockets->bytes(frames[i]);
    const std::size_t owner = handover->owner_of(bytes);
    if (owner == worker) {
      frames[kept] = frames[i];
      sides[kept++] = side;
      continue;
    }
    if (!handover->offer(worker, owner, side, bytes)) ++handover_lost;
    sockets->release(frames[i]);
  }
  return kept;
}

void XdpBridge::State::wait() noexcept {
  if (!handover->begin_sleep(worker)) return;
  if (!stopped) sockets->wait(handover->event(worker), kPollMilliseconds);
  handover->end_sleep(worker);
}

// A flow has several frames in a batch at times; one entry is enough.
void XdpBridge::State::make_entries(std::span<const FrameVerdict> verdicts) noexcept {
  const FrameVerdict* last = nullptr;
  for (const FrameVerdict& answer : verdicts) {
    if (answer.verdict != Verdict::pass_flow && answer.verdict != Verdict::drop_flow) continue;
    if (last != nullptr && last->verdict == answer.verdict && last->flow == answer.flow) continue;
    if (!program->put_flow(answer.flow, answer.verdict, answer.generation)) ++counts.entry_failed;
    last = &answer;
  }
  for (const FlowKey& flow : std::span(revoked).first(revoked_count)) program->remove_flow(flow);
  revoked_count = 0;
}

// Entries first: once a frame is out, its answer may be here at once.
void XdpBridge::submit(std::span<const FrameVerdict> verdicts) noexcept {
  State& state = *state_;
  state.make_entries(verdicts);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (!passes(verdicts[i].verdict)) {
      state.sockets->release(state.frames[i]);
    } else if (!state.sockets->send(other_side(state.sides[i]), state.frames[i])) {
      ++state.counts.send_failed;
    }
  }
  state.sockets->kick();
}

void XdpBridge::publish(Generation generation) noexcept {
  state_->program->publish(generation);
}

void XdpBridge::watch(const Interest& interest) {
  state_->program->watch(interest);
}

void XdpBridge::watch_address(const IpAddress& address) noexcept {
  state_->program->watch_address(address);
}

void XdpBridge::revoke(const FlowKey& flow) noexcept {
  State& state = *state_;
  state.program->remove_flow(flow);
  if (state.revoked_count < state.revoked.size()) state.revoked[state.revoked_count++] = flow;
}

bool XdpBridge::inject(Side side, Bytes frame) noexcept {
  FrameRef copy;
  return state_->sockets->take(frame, copy) && state_->sockets->send(side, copy);
}

bool XdpBridge::replace(std::size_t index, Bytes frame) noexcept {
  FrameRef& replaced = state_->frames[index];
  if (frame.size() > replaced.length) return false;
  std::ranges::copy(frame, state_->sockets->bytes(replaced).begin());
  replaced.length = static_cast<std::uint32_t>(frame.size());
  return true;
}

void XdpBridge::stop() noexcept {
  state_->stopped = true;
  state_->handover->wake(state_->worker);
}

// Reading the kernel's counts costs a system call a socket, so once a second is enough.
void XdpBridge::State::look_at_stats() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_stats) return;
  next_stats = now + kStatsEvery;
  const XdpSockets::Lost lost = sockets->lost();
  counts.lost_before_us = lost.ring_full + lost.no_place + handover_lost;
  if (!counts_program) return;
  if (const std::string gone = program->lost_interface(); !gone.empty()) {
    error = gone + ": the interface was removed, or the XDP program was taken off it";
  }
  const XdpProgram::Traffic traffic = program->traffic();
  counts.passed_itself =
      traffic[bpf::SLUICE_OF_NO_INTEREST].packets + traffic[bpf::SLUICE_FLOW_PASSED].packets;
  counts.dropped_itself = traffic[bpf::SLUICE_FLOW_DROPPED].packets;
  counts.failed_open = traffic[bpf::SLUICE_FAILED_OPEN].packets;
  counts.failed_closed = traffic[bpf::SLUICE_FAILED_CLOSED].packets;
}

DataplaneCounts XdpBridge::counts() const noexcept {
  return state_->counts;
}
std::vector<std::string> XdpBridge::notes() const {
  const State& state = *state_;
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < state.sockets->count(); ++i) {
    const XdpQueue& queue = state.sockets->queue(i);
    if (queue.queue != state.queues.front()) continue;  // all of a side are alike
    const bool is_native = state.program->mode(queue.side) == XdpMode::native;
    notes.push_back(queue.interface + ": XDP " +
                    (is_native ? "in the driver (native)" : "behind the driver (generic), slower") +
                    ", " + (state.sockets->is_zero_copy(i) ? "zero-copy" : "the kernel copies") +
                    " what comes up");
  }
  if (!state.note.empty()) notes.push_back(state.note);
  if (state.program->took_over()) notes.emplace_back("took over the flows of the gateway before");
  return notes;
}

std::string XdpBridge::error() const {
  return state_->error;
}

}  // namespace sluice::io
