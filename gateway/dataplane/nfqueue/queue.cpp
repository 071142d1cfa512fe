#include "gateway/dataplane/nfqueue/queue.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

#include "gateway/os/descriptor.h"

namespace sluice::io {
namespace {

constexpr std::size_t kWhole = 0xffff;               // an IP packet
constexpr std::size_t kMessage = kWhole + 1024 + 1;  // with its attributes
constexpr std::size_t kVerdicts = 128 * 1024;        // sent at once, without packets
constexpr std::size_t kVerdict = 64;                 // one, without its packet
constexpr int kReceiveBuffer = 32 * 1024 * 1024;
constexpr int kSendBuffer = 4 * 1024 * 1024;
constexpr int kAnswerMilliseconds = 2000;

using CloseSocket = decltype([](mnl_socket* socket) { mnl_socket_close(socket); });

std::string because(std::uint16_t number, int error) {
  const std::string queue = "queue " + std::to_string(number) + ": ";
  if (error == EBUSY || error == EPERM) {
    return queue + "another process listens to it, or this one lacks CAP_NET_ADMIN";
  }
  if (error == EINVAL) return queue + "the kernel has none (module nfnetlink_queue)";
  return queue + std::strerror(error);
}

std::uint32_t number_of(const nlattr* attribute) noexcept {
  return attribute == nullptr ? 0 : ntohl(mnl_attr_get_u32(attribute));
}

bool is_packet(const nlmsghdr* message) noexcept {
  return message->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
}

// False: it is no packet with all that belongs to one.
bool read(const nlmsghdr* message, QueuedPacket& packet) noexcept {
  std::array<nlattr*, NFQA_MAX + 1> attributes{};
  if (nfq_nlmsg_parse(message, attributes.data()) < 0) return false;
  const nlattr* const header = attributes[NFQA_PACKET_HDR];
  if (header == nullptr || mnl_attr_get_payload_len(header) < sizeof(nfqnl_msg_packet_hdr)) {
    return false;
  }
  nfqnl_msg_packet_hdr fixed{};
  std::memcpy(&fixed, mnl_attr_get_payload(header), sizeof fixed);
  // Of a bridge, its ports.
  const std::uint32_t in_port = number_of(attributes[NFQA_IFINDEX_PHYSINDEV]);
  const std::uint32_t out_port = number_of(attributes[NFQA_IFINDEX_PHYSOUTDEV]);
  packet = {.id = ntohl(fixed.packet_id),
            .mark = number_of(attributes[NFQA_MARK]),
            .in = in_port != 0 ? in_port : number_of(attributes[NFQA_IFINDEX_INDEV]),
            .out = out_port != 0 ? out_port : number_of(attributes[NFQA_IFINDEX_OUTDEV])};
  if (const nlattr* const payload = attributes[NFQA_PAYLOAD]; payload != nullptr) {
    packet.bytes = {static_cast<std::byte*>(mnl_attr_get_payload(payload)),
                    mnl_attr_get_payload_len(payload)};
  }
  const std::uint32_t whole = number_of(attributes[NFQA_CAP_LEN]);
  packet.wire_length = whole != 0 ? whole : static_cast<std::uint32_t>(packet.bytes.size());
  return true;
}

}  // namespace

struct Queue::State {
  std::uint16_t number = 0;
  std::unique_ptr<mnl_socket, CloseSocket> socket;
  os::Descriptor statistics;
  std::uint64_t lost_before = 0;  // by others that had this queue
  std::vector<std::byte> received;
  std::array<mmsghdr, kMost> headers{};
  std::array<iovec, kMost> places{};
  std::array<QueuedPacket, kMost> packets;
  std::vector<std::byte> verdicts;
  std::size_t used = 0;                   // of verdicts
  std::optional<std::uint32_t> accepted;  // the last of a run that one verdict is for
  std::uint64_t refused = 0;
  std::string error;

  [[nodiscard]] Result<void, std::string> bind(const NfqueueSettings& settings);
  [[nodiscard]] Result<void, std::string> wait_for_answer(std::uint32_t sequence);
  [[nodiscard]] nlmsghdr* begin(int type) noexcept {
    return nfq_nlmsg_put(reinterpret_cast<char*>(verdicts.data() + used), type, number);
  }
  void end(const nlmsghdr* message) noexcept { used += NLMSG_ALIGN(message->nlmsg_len); }
  void end_run() noexcept;
  void send() noexcept;
  [[nodiscard]] std::uint64_t read_lost() const noexcept;
};

Queue::Queue(std::unique_ptr<State> state) : state_(std::move(state)) {}
Queue::~Queue() = default;

Result<std::unique_ptr<Queue>, std::string> Queue::open(std::uint16_t number,
                                                        const NfqueueSettings& settings) {
  auto state = std::make_unique<State>();
  state->number = number;
  state->socket.reset(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!state->socket || mnl_socket_bind(state->socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return fail(because(number, errno));
  }
  state->received.resize(kMost * kMessage);
  state->verdicts.resize(kVerdicts + kWhole + kVerdict);
  for (std::size_t i = 0; i < kMost; ++i) {
    state->places[i] = {state->received.data() + i * kMessage, kMessage};
    state->headers[i].msg_hdr.msg_iov = &state->places[i];
    state->headers[i].msg_hdr.msg_iovlen = 1;
  }
  if (auto bound = state->bind(settings); !bound) return fail(bound.error());
  state->statistics =
      os::Descriptor(::open("/proc/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC));
  state->lost_before = state->read_lost();
  return std::unique_ptr<Queue>(new Queue(std::move(state)));
}

// One message for all: the kernel then hands up no packet before it knows how.
Result<void, std::string> Queue::State::bind(const NfqueueSettings& settings) {
  const int descriptor = mnl_socket_get_fd(socket.get());
  const int yes = 1;
  // Where they are refused, the kernel's own sizes do.
  ::setsockopt(descriptor, SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes, sizeof yes);
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer);
  nlmsghdr* const message = begin(NFQNL_MSG_CONFIG);
  message->nlmsg_flags |= NLM_F_ACK;
  message->nlmsg_seq = 1;
  nfq_nlmsg_cfg_put_cmd(message, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
  nfq_nlmsg_cfg_put_params(message, NFQNL_COPY_PACKET, static_cast<int>(kWhole));
  nfq_nlmsg_cfg_put_qmaxlen(message, settings.packets);
  const std::uint32_t flags = NFQA_CFG_F_FAIL_OPEN;
  mnl_attr_put_u32(message, NFQA_CFG_FLAGS,
                   htonl(settings.on_failure == OnFailure::open ? flags : 0));
  mnl_attr_put_u32(message, NFQA_CFG_MASK, htonl(flags));
  if (mnl_socket_sendto(socket.get(), message, message->nlmsg_len) < 0) {
    return fail(because(number, errno));
  }
  return wait_for_answer(message->nlmsg_seq);
}

// Packets that come before the answer go through the rules again, and come later.
Result<void, std::string> Queue::State::wait_for_answer(std::uint32_t sequence) {
  timeval patience{kAnswerMilliseconds / 1000, 0};
  ::setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
  std::vector<std::uint32_t> early;
  for (bool is_answered = false; !is_answered;) {
    const ssize_t size = mnl_socket_recvfrom(socket.get(), received.data(), received.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(because(number, errno));
    auto left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(received.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      QueuedPacket packet;
      if (is_packet(message) && read(message, packet)) early.push_back(packet.id);
      if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq != sequence) continue;
      nlmsgerr answer{};
      std::memcpy(&answer, mnl_nlmsg_get_payload(message), sizeof answer);
      if (answer.error != 0) return fail(because(number, -answer.error));
      is_answered = true;
    }
  }
  for (const std::uint32_t id : early) {
    nlmsghdr* const message = begin(NFQNL_MSG_VERDICT);
    nfq_nlmsg_verdict_put(message, static_cast<int>(id), NF_REPEAT);
    static_cast<void>(mnl_socket_sendto(socket.get(), message, message->nlmsg_len));
  }
  return {};
}

std::span<QueuedPacket> Queue::receive() noexcept {
  State& state = *state_;
  const int count = ::recvmmsg(descriptor(), state.headers.data(), kMost, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    const bool passes = errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
    if (!passes) state.error = because(state.number, errno);
    return {};
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    auto left = static_cast<int>(state.headers[i].msg_len);
    const auto* const message = static_cast<const nlmsghdr*>(state.places[i].iov_base);
    if (!mnl_nlmsg_ok(message, left)) continue;
    if (message->nlmsg_type == NLMSG_ERROR) ++state.refused;
    if (is_packet(message) && read(message, state.packets[kept])) ++kept;
  }
  return std::span(state.packets).first(kept);
}

void Queue::settle(const QueuedPacket& packet, Fate fate, std::optional<std::uint32_t> mark,
                   std::optional<Bytes> bytes) noexcept {
  State& state = *state_;
  if (fate == Fate::accept && !mark && !bytes) {
    state.accepted = packet.id;
    return;
  }
  state.end_run();
  nlmsghdr* const message = state.begin(NFQNL_MSG_VERDICT);
  const int verdict = fate == Fate::drop ? NF_DROP : fate == Fate::repeat ? NF_REPEAT : NF_ACCEPT;
  nfq_nlmsg_verdict_put(message, static_cast<int>(packet.id), verdict);
  if (mark) nfq_nlmsg_verdict_put_mark(message, *mark);
  if (bytes) {
    nfq_nlmsg_verdict_put_pkt(message, bytes->data(), static_cast<std::uint32_t>(bytes->size()));
  }
  state.end(message);
  if (state.used + kVerdict > kVerdicts) state.send();
}

void Queue::flush() noexcept {
  state_->end_run();
  state_->send();
}

// One message settles all packets up to this one that are not settled yet.
void Queue::State::end_run() noexcept {
  if (!accepted) return;
  nlmsghdr* const message = begin(NFQNL_MSG_VERDICT_BATCH);
  nfq_nlmsg_verdict_put(message, static_cast<int>(*accepted), NF_ACCEPT);
  end(message);
  accepted.reset();
}

void Queue::State::send() noexcept {
  if (used == 0) return;
  if (mnl_socket_sendto(socket.get(), verdicts.data(), used) < 0) ++refused;
  used = 0;
}

int Queue::descriptor() const noexcept {
  return mnl_socket_get_fd(state_->socket.get());
}

// `  100  12345     0 2 65535     0     3       17  1`: queue, process, waiting, how, how much,
// lost for want of room in it, lost for want of room in its socket.
std::uint64_t Queue::State::read_lost() const noexcept {
  std::array<char, 16 * 1024> text{};
  const ssize_t size = ::pread(statistics.value(), text.data(), text.size() - 1, 0);
  if (size <= 0) return 0;
  std::string_view rest(text.data(), static_cast<std::size_t>(size));
  for (; !rest.empty(); rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1))) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    std::array<std::uint64_t, 7> fields{};
    for (std::uint64_t& field : fields) {
      line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ')));
      const auto read = std::from_chars(line.data(), line.data() + line.size(), field);
      line.remove_prefix(static_cast<std::size_t>(read.ptr - line.data()));
    }
    if (fields[0] == number) return fields[5] + fields[6];
    if (rest.find('\n') == std::string_view::npos) break;
  }
  return 0;
}

std::uint64_t Queue::lost() noexcept {
  const std::uint64_t now = state_->read_lost();
  return now >= state_->lost_before ? now - state_->lost_before : 0;
}
std::uint64_t Queue::refused() const noexcept {
  return state_->refused;
}
const std::string& Queue::error() const noexcept {
  return state_->error;
}

}  // namespace sluice::io
