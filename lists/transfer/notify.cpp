#include "lists/transfer/notify.h"

#include <libknot/libknot.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "lists/transfer/socket_address.h"
#include "lists/transfer/transfer.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kMaxDatagram = 4096;
constexpr std::size_t kReplyBytes = 1024;
constexpr int kMostAtOnce = 16;

}  // namespace

Result<std::unique_ptr<NotifyListener>, std::string> NotifyListener::open(
    const Endpoint& listen, std::string zone, std::vector<IpAddress> primaries,
    std::optional<TsigKey> key) {
  std::unique_ptr<NotifyListener> listener(new NotifyListener);
  const SocketAddress address(listen);
  listener->socket_ =
      ::socket(address.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener->socket_ < 0 || ::bind(listener->socket_, address.get(), address.size) != 0) {
    return fail("cannot listen for NOTIFY at " + listen.to_string() + ": " +
                std::system_category().message(errno));
  }
  listener->zone_ = zone_wire(zone);
  listener->primaries_ = std::move(primaries);
  listener->key_ = std::move(key);
  return listener;
}

NotifyListener::~NotifyListener() {
  if (socket_ >= 0) ::close(socket_);
}

bool NotifyListener::counts(const knot_pkt_t& message) const {
  return knot_wire_get_qr(message.wire) == 0 &&
         knot_wire_get_opcode(message.wire) == KNOT_OPCODE_NOTIFY &&
         knot_pkt_qtype(&message) == KNOT_RRTYPE_SOA && knot_pkt_qname(&message) != nullptr &&
         knot_dname_is_equal(knot_pkt_qname(&message), zone_.data()) &&
         (!key_ || is_signed_by(message, *key_));
}

bool NotifyListener::answer(std::span<std::uint8_t> datagram, const sockaddr_storage& from,
                            std::uint32_t from_size) {
  const Packet message(
      knot_pkt_new(datagram.data(), static_cast<std::uint16_t>(datagram.size()), nullptr));
  if (message == nullptr || knot_pkt_parse(message.get(), 0) != KNOT_EOK || !counts(*message)) {
    return false;
  }
  const Packet reply(knot_pkt_new(nullptr, kReplyBytes, nullptr));
  if (reply == nullptr || knot_pkt_init_response(reply.get(), message.get()) != KNOT_EOK) {
    return true;  // it will ask again
  }
  knot_wire_set_aa(reply->wire);
  if (key_ && !sign_reply(*reply, *message, *key_)) return true;
  static_cast<void>(::sendto(socket_, reply->wire, reply->size, 0,
                             reinterpret_cast<const sockaddr*>(&from), from_size) < 0);
  return true;
}

std::optional<IpAddress> NotifyListener::hear() {
  std::optional<IpAddress> speaker;
  std::array<std::uint8_t, kMaxDatagram> buffer;
  for (int i = 0; i < kMostAtOnce; ++i) {
    sockaddr_storage from{};
    socklen_t from_size = sizeof from;
    const ssize_t got = ::recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&from), &from_size);
    if (got < 0) break;
    const IpAddress address = address_of(from);
    const auto datagram = std::span(buffer).first(static_cast<std::size_t>(got));
    if (std::ranges::find(primaries_, address) == primaries_.end() ||
        !answer(datagram, from, from_size)) {
      ++ignored_;
      continue;
    }
    ++heard_;
    speaker = address;
  }
  return speaker;
}

}  // namespace sluice::lists
