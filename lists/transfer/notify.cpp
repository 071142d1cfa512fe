#include "lists/transfer/notify.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "lists/transfer/knot.h"
#include "lists/transfer/socket_address.h"
#include "lists/transfer/transfer.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kReplyBytes = 1024;
constexpr std::size_t kLengthBytes = 2;  // before a message over TCP
constexpr int kMostAtOnce = 16;
constexpr std::chrono::milliseconds kMostForPeer{500};

// Bound to the address; -1: errno says why.
int open_socket(int type, const SocketAddress& address) {
  const int opened = ::socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (opened < 0) return -1;
  const int one = 1;
  // Connections of an earlier process may still be there.
  const bool ready = (type != SOCK_STREAM ||
                      ::setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0) &&
                     ::bind(opened, address.get(), address.size) == 0 &&
                     (type != SOCK_STREAM || ::listen(opened, kMostAtOnce) == 0);
  if (ready) return opened;
  const int why = errno;
  ::close(opened);
  errno = why;
  return -1;
}

bool read_all(int socket, std::span<std::uint8_t> bytes,
              std::chrono::steady_clock::time_point end) {
  while (!bytes.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd waited{.fd = socket, .events = POLLIN, .revents = 0};
    if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0) return false;
    const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<NotifyListener>, std::string> NotifyListener::open(
    const Endpoint& listen, const std::string& zone, std::vector<IpAddress> primaries,
    std::optional<TsigKey> key) {
  std::unique_ptr<NotifyListener> listener(new NotifyListener);
  const SocketAddress address(listen);
  listener->udp_ = open_socket(SOCK_DGRAM, address);
  if (listener->udp_ >= 0) listener->tcp_ = open_socket(SOCK_STREAM, address);
  if (listener->tcp_ < 0) {
    return fail("cannot listen for NOTIFY at " + listen.to_string() + ": " +
                std::system_category().message(errno));
  }
  listener->zone_ = zone_wire(zone);
  listener->primaries_ = std::move(primaries);
  listener->key_ = std::move(key);
  return listener;
}

NotifyListener::~NotifyListener() {
  if (udp_ >= 0) ::close(udp_);
  if (tcp_ >= 0) ::close(tcp_);
}

bool NotifyListener::counts(const knot_pkt_t& message) const {
  return knot_wire_get_qr(message.wire) == 0 &&
         knot_wire_get_opcode(message.wire) == KNOT_OPCODE_NOTIFY &&
         knot_pkt_qtype(&message) == KNOT_RRTYPE_SOA && knot_pkt_qname(&message) != nullptr &&
         knot_dname_is_equal(knot_pkt_qname(&message), zone_.data()) &&
         (!key_ || is_signed_by(message, *key_));
}

bool NotifyListener::is_primary(const IpAddress& address) const {
  return std::ranges::find(primaries_, address) != primaries_.end();
}

Packet NotifyListener::reply_to(std::span<std::uint8_t> bytes) const {
  const Packet message(
      knot_pkt_new(bytes.data(), static_cast<std::uint16_t>(bytes.size()), nullptr));
  if (message == nullptr || knot_pkt_parse(message.get(), 0) != KNOT_EOK || !counts(*message)) {
    return nullptr;
  }
  Packet reply(knot_pkt_new(nullptr, kReplyBytes, nullptr));
  if (reply == nullptr || knot_pkt_init_response(reply.get(), message.get()) != KNOT_EOK ||
      knot_pkt_begin(reply.get(), KNOT_ANSWER) != KNOT_EOK) {
    return nullptr;
  }
  knot_wire_set_aa(reply->wire);
  if (key_ && !sign_reply(*reply, *message, *key_)) return nullptr;
  return reply;
}

bool NotifyListener::hear_datagram(std::optional<IpAddress>& speaker) {
  std::array<std::uint8_t, kMaxMessage> buffer;
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  auto* const from_address = reinterpret_cast<sockaddr*>(&from);
  const ssize_t got = ::recvfrom(udp_, buffer.data(), buffer.size(), 0, from_address, &from_size);
  if (got < 0) return false;
  const IpAddress address = address_of(from);
  const Packet reply = is_primary(address)
                           ? reply_to(std::span(buffer).first(static_cast<std::size_t>(got)))
                           : nullptr;
  ++(reply == nullptr ? ignored_ : heard_);
  if (reply == nullptr) return true;
  speaker = address;
  static_cast<void>(::sendto(udp_, reply->wire, reply->size, 0, from_address, from_size) < 0);
  return true;
}

bool NotifyListener::hear_connection(std::optional<IpAddress>& speaker) {
  sockaddr_storage from{};
  socklen_t from_size = sizeof from;
  const int peer =
      ::accept4(tcp_, reinterpret_cast<sockaddr*>(&from), &from_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (peer < 0) return false;
  const IpAddress address = address_of(from);
  const auto end = std::chrono::steady_clock::now() + kMostForPeer;
  std::array<std::uint8_t, kLengthBytes> length{};
  std::array<std::uint8_t, kMaxMessage> buffer;
  Packet reply;
  if (is_primary(address) && read_all(peer, length, end)) {
    const std::size_t size = std::size_t{length[0]} << 8 | length[1];
    const auto message = std::span(buffer).first(std::min(size, buffer.size()));
    if (size <= buffer.size() && read_all(peer, message, end)) reply = reply_to(message);
  }
  ++(reply == nullptr ? ignored_ : heard_);
  if (reply != nullptr) {
    speaker = address;
    std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>(reply->size >> 8),
                                    static_cast<std::uint8_t>(reply->size & 0xff)};
    bytes.insert(bytes.end(), reply->wire, reply->wire + reply->size);
    static_cast<void>(::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0);
  }
  ::close(peer);
  return true;
}

std::optional<IpAddress> NotifyListener::hear() {
  std::optional<IpAddress> speaker;
  for (int i = 0; i < kMostAtOnce && hear_datagram(speaker); ++i) {
  }
  for (int i = 0; i < kMostAtOnce && hear_connection(speaker); ++i) {
  }
  return speaker;
}

}  // namespace sluice::lists
