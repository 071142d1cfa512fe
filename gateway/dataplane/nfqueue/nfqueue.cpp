#include "gateway/dataplane/nfqueue/nfqueue.h"

#include <net/if.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>

#include "filters/packet/packet.h"
#include "gateway/dataplane/interfaces/interface_checks.h"
#include "gateway/dataplane/nfqueue/conntrack.h"
#include "gateway/dataplane/nfqueue/queue.h"
#include "gateway/dataplane/nfqueue/raw_sender.h"
#include "gateway/dataplane/nfqueue/rule_keeper.h"
#include "gateway/dataplane/nfqueue/watched.h"
#include "gateway/os/random_key.h"

namespace sluice::io {
namespace {

constexpr int kPollMilliseconds = 20;
constexpr auto kStatsEvery = std::chrono::seconds(1);
constexpr std::size_t kMostWorkers = 64;

Result<RuleSettings, std::string> rules_of(const std::string& inside, const std::string& outside,
                                           const NfqueueSettings& settings, std::size_t workers) {
  const auto marks = Marks::of(settings.mark_mask);
  if (!marks) return fail(std::string("[dataplane] mark_mask: ") + marks.error());
  if (workers > kMostWorkers) {
    return fail("[dataplane] type \"nfqueue\" supports " + std::to_string(kMostWorkers) +
                " workers, but " + std::to_string(workers) + " are configured");
  }
  RuleSettings rules{.inside = inside,
                     .outside = outside,
                     .first_queue = static_cast<std::uint16_t>(settings.first_queue),
                     .queues = static_cast<std::uint16_t>(workers),
                     .bypass = settings.on_failure == OnFailure::open,
                     .marks = *marks,
                     .local = settings.local,
                     .flowtable = settings.flowtable,
                     .bridged = are_ports_of_one_bridge(inside, outside)};
  if (auto checked = check_rules(rules); !checked) return fail(std::move(checked.error()));
  return rules;
}

std::chrono::seconds monotonic() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

// Protocol of a bare IP packet whose header is all there; 0: it is not.
std::uint8_t protocol_of(Bytes packet) noexcept {
  constexpr std::size_t kIpv4 = 9, kIpv6 = 6, kHeader = 20;
  if (packet.size() < kHeader) return 0;
  const bool is_v4 = std::to_integer<unsigned>(packet[0]) >> 4 == 4;
  return std::to_integer<std::uint8_t>(packet[is_v4 ? kIpv4 : kIpv6]);
}

constexpr std::uint8_t kTcp = 6;

// What all workers have in common. The rules go with the last of them.
struct Common {
  Common(std::unique_ptr<RuleKeeper> keeper, std::string outside_name)
      : rules(std::move(keeper)), outside(std::move(outside_name)) {}

  std::unique_ptr<RuleKeeper> rules;
  std::string outside;
  WatchedAddresses addresses{os::random_key()};
  std::mutex mutex;  // of `interest`; taken when `version` changed
  std::shared_ptr<const InterestFilter> interest;
  std::atomic<std::uint64_t> version = 0;
  std::atomic<bool> forget_quiet = false;  // datagrams of flows that were of no interest before
  std::array<std::atomic<Generation>, kMostWorkers> published{};  // by worker
  std::size_t workers = 1;

  void set(const Interest& now) {
    auto filter = std::make_shared<const InterestFilter>(now);
    const std::scoped_lock lock(mutex);
    interest = std::move(filter);
    version.fetch_add(1, std::memory_order_release);
  }
  // That all workers know of.
  [[nodiscard]] Generation oldest_published() const noexcept {
    Generation oldest = published[0].load(std::memory_order_acquire);
    for (std::size_t i = 1; i < workers; ++i) {
      oldest = std::min(oldest, published[i].load(std::memory_order_acquire));
    }
    return oldest;
  }
};

}  // namespace

struct Nfqueue::State {
  std::shared_ptr<Common> common;
  std::size_t worker = 0;
  Marks marks;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<Conntrack> connections;
  RawSender sender;
  os::Descriptor stop_event;
  std::span<QueuedPacket> packets;  // of the batch in hand
  std::array<bool, Batch::kCapacity> replaced{};
  std::array<FlowKey, Batch::kCapacity> revoked{};  // in this batch
  std::size_t revoked_count = 0;
  std::shared_ptr<const InterestFilter> interest;
  std::uint64_t interest_version = 0;
  Generation generation = 0;  // verdicts of earlier ones make no entry
  Generation swept = 0;       // worker 0: entries of earlier ones are being taken back
  std::uint32_t outside = 0;  // its number
  bool bridged = false;
  DataplaneCounts counts;
  std::chrono::steady_clock::time_point next_stats{};
  std::atomic<bool> stopped = false;

  State(std::shared_ptr<Common> all, const Marks& bits, RawSender raw)
      : common(std::move(all)), marks(bits), sender(std::move(raw)) {}

  void refresh();
  void sweep() noexcept;
  void look_at_stats() noexcept;
  void wait() const noexcept;
  std::size_t receive() noexcept;
  void fill(Batch& batch) noexcept;
  void settle(const QueuedPacket& packet, bool is_replaced, const FrameVerdict& verdict) noexcept;
  [[nodiscard]] bool is_revoked(const FlowKey& flow) const noexcept;
  [[nodiscard]] bool is_quiet(Bytes packet) const noexcept;
  void forget_revoked(std::span<const FrameVerdict> verdicts) noexcept;
};

Nfqueue::Nfqueue(std::unique_ptr<State> state) : state_(std::move(state)) {}
Nfqueue::~Nfqueue() = default;

Result<std::vector<std::unique_ptr<Dataplane>>, std::string> Nfqueue::open(
    const std::string& inside, const std::string& outside, const NfqueueSettings& settings,
    const Interest& interest, std::size_t workers) {
  if (auto problems = problems_of(check_interfaces(inside, outside, Kind::nfqueue));
      !problems.empty()) {
    return fail(std::move(problems));
  }
  auto rules = rules_of(inside, outside, settings, workers);
  if (!rules) return fail(std::move(rules.error()));
  std::vector<std::unique_ptr<Queue>> queues;
  for (std::size_t i = 0; i < workers; ++i) {
    auto queue = Queue::open(static_cast<std::uint16_t>(settings.first_queue + i), settings);
    if (!queue) return fail(std::move(queue.error()));
    queues.push_back(std::move(*queue));
  }
  const Marks marks = rules->marks;
  const bool bridged = rules->bridged;
  auto keeper = RuleKeeper::install(std::move(*rules), settings.rules, settings.keep_rules);
  if (!keeper) return fail(std::move(keeper.error()));
  const auto common = std::make_shared<Common>(std::move(*keeper), outside);
  common->workers = workers;
  common->set(interest);
  std::vector<std::unique_ptr<Dataplane>> dataplanes;
  for (std::size_t i = 0; i < workers; ++i) {
    auto sender = RawSender::open(marks.bits(Mark::injected));
    if (!sender) return fail(std::move(sender.error()));
    auto connections = Conntrack::open(marks);
    if (!connections) return fail(std::move(connections.error()));
    auto state = std::make_unique<State>(common, marks, std::move(*sender));
    state->worker = i;
    state->bridged = bridged;
    state->queue = std::move(queues[i]);
    state->connections = std::move(*connections);
    state->stop_event = os::Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!state->stop_event.is_open()) return fail(std::string("eventfd: ") + std::strerror(errno));
    dataplanes.emplace_back(new Nfqueue(std::move(state)));
  }
  return dataplanes;
}

Capabilities Nfqueue::capabilities() const noexcept {
  // Raw sockets send by routes, and a bridge has none.
  return {.drop = true,
          .inject = !state_->bridged,
          .replace = true,
          .sides = true,
          .flow_verdicts = true};
}

// ── receiving ──

void Nfqueue::State::refresh() {
  const std::uint64_t version = common->version.load(std::memory_order_acquire);
  if (version == interest_version) return;
  const std::scoped_lock lock(common->mutex);
  interest = common->interest;
  interest_version = version;
}

// One worker takes decisions back for all, when all know of the new generation.
void Nfqueue::State::sweep() noexcept {
  if (worker != 0) return;
  if (const Generation oldest = common->oldest_published(); oldest > swept) {
    swept = oldest;
    common->rules->end_short_ways();
    for (const Mark mark : {Mark::passed, Mark::dropped, Mark::quiet}) {
      connections->forget_all(mark);
    }
  }
  if (connections->is_busy()) connections->step();
}

// Reading the kernel's counts costs a system call, so once a second is enough. Addresses of
// interest come in crowds, and one pass does for all.
void Nfqueue::State::look_at_stats() noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_stats) return;
  next_stats = now + kStatsEvery;
  outside = ::if_nametoindex(common->outside.c_str());
  counts.lost_before_us = queue->lost();
  counts.send_failed = queue->refused();
  if (worker == 0 && common->forget_quiet.exchange(false)) connections->forget_all(Mark::quiet);
}

void Nfqueue::State::wait() const noexcept {
  std::array<pollfd, 2> waits = {
      {{queue->descriptor(), POLLIN, 0}, {stop_event.value(), POLLIN, 0}}};
  ::poll(waits.data(), waits.size(), connections->is_busy() ? 0 : kPollMilliseconds);
}

std::size_t Nfqueue::State::receive() noexcept {
  packets = queue->receive();
  replaced.fill(false);
  revoked_count = 0;
  return packets.size();
}

void Nfqueue::State::fill(Batch& batch) noexcept {
  static_assert(Queue::kMost <= Batch::kCapacity);
  const Nanos now =
      std::chrono::duration_cast<Nanos>(std::chrono::system_clock::now().time_since_epoch());
  batch.count = packets.size();
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const QueuedPacket& packet = packets[i];
    batch.frames[i] = {
        .bytes = packet.bytes,
        .link = LinkType::raw,
        .side = packet.in != 0 && packet.in == outside ? Side::outside : Side::inside,
        .wire_length = packet.wire_length,
        .number = ++counts.received,
        .time = now};
  }
}

Poll Nfqueue::poll(Batch& batch) noexcept {
  State& state = *state_;
  batch.count = 0;
  if (state.stopped) return Poll::ended;
  state.refresh();
  state.sweep();
  state.look_at_stats();
  if (state.receive() == 0) {
    state.wait();
    if (state.stopped) return Poll::ended;
    if (state.receive() == 0) {
      return state.queue->error().empty() ? Poll::idle : Poll::failed;
    }
  }
  state.fill(batch);
  return Poll::frames;
}

// ── verdicts ──

bool Nfqueue::State::is_revoked(const FlowKey& flow) const noexcept {
  const std::span ended(revoked.data(), revoked_count);
  return std::ranges::find(ended, flow) != ended.end();
}

// The rules take a flow's mark away at each SYN; what is left are connections in tunnels.
void Nfqueue::State::forget_revoked(std::span<const FrameVerdict> verdicts) noexcept {
  for (const FlowKey& flow : std::span(revoked.data(), revoked_count)) {
    bool is_own = false;
    for (std::size_t i = 0; i < packets.size() && !is_own; ++i) {
      is_own = verdicts[i].flow == flow && protocol_of(packets[i].bytes) == kTcp;
    }
    if (!is_own) connections->forget(flow);
  }
}

// Of a datagram that passes: those after it need not come up, unless they look like a hello.
bool Nfqueue::State::is_quiet(Bytes packet) const noexcept {
  packet::Packet decoded;
  if (interest->all() || !packet::decode_into(decoded, packet, LinkType::raw, {}) ||
      decoded.transport != packet::Transport::udp || !decoded.has_transport ||
      decoded.is_fragment || !shows_no_name(decoded.payload) ||
      interest->has_port(decoded.source_port) || interest->has_port(decoded.destination_port)) {
    return false;
  }
  const std::chrono::seconds now = monotonic();
  return std::ranges::none_of(
      std::array{decoded.source, decoded.destination}, [&](const IpAddress& address) {
        return interest->has_address(address) || common->addresses.has(address, now);
      });
}

void Nfqueue::State::settle(const QueuedPacket& packet, bool is_replaced,
                            const FrameVerdict& verdict) noexcept {
  const bool is_new = verdict.generation >= generation && !is_revoked(verdict.flow);
  switch (verdict.verdict) {
    case Verdict::drop:
      return queue->settle(packet, Fate::drop);
    case Verdict::drop_flow:
      if (!is_new) return queue->settle(packet, Fate::drop);
      return queue->settle(packet, Fate::repeat, marks.put(Mark::dropped, packet.mark));
    case Verdict::pass_flow:
      if (!is_new) return queue->settle(packet, Fate::accept);
      return queue->settle(packet, Fate::repeat, marks.put(Mark::passed, packet.mark));
    case Verdict::replace:
      return queue->settle(packet, is_replaced ? Fate::accept : Fate::drop, {}, packet.bytes);
    case Verdict::pass:
      if (!is_quiet(packet.bytes)) return queue->settle(packet, Fate::accept);
      return queue->settle(packet, Fate::repeat, marks.put(Mark::quiet, packet.mark));
  }
}

void Nfqueue::submit(std::span<const FrameVerdict> verdicts) noexcept {
  State& state = *state_;
  if (state.revoked_count > 0) state.forget_revoked(verdicts);
  for (std::size_t i = 0; i < verdicts.size() && i < state.packets.size(); ++i) {
    state.settle(state.packets[i], state.replaced[i], verdicts[i]);
  }
  state.queue->flush();
  state.packets = {};
  state.revoked_count = 0;
}

void Nfqueue::publish(Generation generation) noexcept {
  state_->generation = generation;
  state_->common->published[state_->worker].store(generation, std::memory_order_release);
}

void Nfqueue::watch(const Interest& interest) {
  state_->common->set(interest);
  state_->common->forget_quiet = true;
}

void Nfqueue::watch_address(const IpAddress& address) noexcept {
  Common& common = *state_->common;
  if (common.addresses.add(address, monotonic())) common.forget_quiet = true;
}

void Nfqueue::revoke(const FlowKey& flow) noexcept {
  State& state = *state_;
  // Between batches, or more than there are frames.
  if (state.packets.empty() || state.revoked_count == state.revoked.size()) {
    return state.connections->forget(flow);
  }
  state.revoked[state.revoked_count++] = flow;
}

bool Nfqueue::inject(Side side, Bytes frame) noexcept {
  return state_->sender.send(side, frame);
}

bool Nfqueue::replace(std::size_t index, Bytes frame) noexcept {
  State& state = *state_;
  if (index >= state.packets.size()) return false;
  MutableBytes& bytes = state.packets[index].bytes;
  if (frame.size() > bytes.size()) return false;
  copy_bytes(frame, bytes);
  bytes = bytes.first(frame.size());
  state.replaced[index] = true;
  return true;
}

void Nfqueue::stop() noexcept {
  state_->stopped = true;
  static_cast<void>(::eventfd_write(state_->stop_event.value(), 1));
}

DataplaneCounts Nfqueue::counts() const noexcept {
  return state_->counts;
}

std::vector<std::string> Nfqueue::notes() const {
  if (state_->worker != 0) return {};
  return {state_->common->rules->note()};
}

std::string Nfqueue::error() const {
  return state_->queue->error();
}

Result<std::string, std::string> nfqueue_rules(const std::string& inside,
                                               const std::string& outside,
                                               const NfqueueSettings& settings, std::size_t workers,
                                               RuleTool tool, bool ipv6) {
  auto rules = rules_of(inside, outside, settings, workers);
  if (!rules) return fail(std::move(rules.error()));
  if (tool == RuleTool::iptables) {
    return iptables_rules(*rules, ipv6 ? Family::ipv6 : Family::ipv4, {});
  }
  if (rules->bridged) return fail(std::string(kBridgeNeedsIptables));
  rules->flowtable = rules->flowtable && !inside.empty();
  return nftables_rules(*rules);
}

}  // namespace sluice::io
