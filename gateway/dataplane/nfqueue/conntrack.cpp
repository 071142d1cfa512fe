#include "gateway/dataplane/nfqueue/conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <bit>
#include <cerrno>
#include <cstring>

namespace sluice::io {
namespace {

constexpr std::size_t kReceive = 32 * 1024;  // the kernel fills this much of a dump at most
constexpr std::size_t kUpdates = 64 * 1024;
constexpr std::size_t kMostUpdate = 256;  // a message: header, tuple, mark and mask

nlmsghdr* begin(std::byte* buffer, unsigned type, std::uint16_t flags, std::uint8_t family,
                std::uint32_t sequence) noexcept {
  nlmsghdr* const message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type);
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  message->nlmsg_seq = sequence;
  auto* const header =
      static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->nfgen_family = family;
  header->version = NFNETLINK_V0;
  header->res_id = 0;
  return message;
}

// One end of a flow to the other.
void put_tuple(nlmsghdr* message, const Endpoint& from, const Endpoint& to,
               std::uint8_t protocol) noexcept {
  const bool is_v4 = from.address.is_v4();
  nlattr* const tuple = mnl_attr_nest_start(message, CTA_TUPLE_ORIG);
  nlattr* const ip = mnl_attr_nest_start(message, CTA_TUPLE_IP);
  const Bytes source = from.address.wire();
  const Bytes destination = to.address.wire();
  mnl_attr_put(message, is_v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source.size(), source.data());
  mnl_attr_put(message, is_v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination.size(),
               destination.data());
  mnl_attr_nest_end(message, ip);
  nlattr* const ports = mnl_attr_nest_start(message, CTA_TUPLE_PROTO);
  mnl_attr_put_u8(message, CTA_PROTO_NUM, protocol);
  mnl_attr_put_u16(message, CTA_PROTO_SRC_PORT, htons(from.port.number));
  mnl_attr_put_u16(message, CTA_PROTO_DST_PORT, htons(to.port.number));
  mnl_attr_nest_end(message, ports);
  mnl_attr_nest_end(message, tuple);
}

// As attributes say it, in network order.
void put_mark(nlmsghdr* message, std::uint32_t mark, std::uint32_t mask) noexcept {
  mnl_attr_put_u32(message, CTA_MARK, htonl(mark));
  mnl_attr_put_u32(message, CTA_MARK_MASK, htonl(mask));
}

// Of a connection, as its first packet had it. Empty: there is none.
Bytes original_tuple(const nlmsghdr* message) noexcept {
  Bytes tuple;
  const auto take = [](const nlattr* attribute, void* out) {
    if (mnl_attr_get_type(attribute) == CTA_TUPLE_ORIG) {
      *static_cast<Bytes*>(out) = {static_cast<const std::byte*>(mnl_attr_get_payload(attribute)),
                                   mnl_attr_get_payload_len(attribute)};
    }
    return MNL_CB_OK;
  };
  mnl_attr_parse(message, sizeof(nfgenmsg), take, &tuple);
  return tuple;
}

}  // namespace

void Conntrack::CloseSocket::operator()(mnl_socket* socket) const noexcept {
  mnl_socket_close(socket);
}

Conntrack::Conntrack(Socket dump, Socket update, const Marks& marks)
    : dump_(std::move(dump)),
      update_(std::move(update)),
      marks_(marks),
      received_(kReceive),
      updates_(kUpdates) {}
Conntrack::~Conntrack() = default;

Result<Conntrack::Socket, std::string> Conntrack::open_socket() {
  Socket socket(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return fail(std::string("connections (ctnetlink): ") + std::strerror(errno));
  }
  return socket;
}

Result<std::unique_ptr<Conntrack>, std::string> Conntrack::open(const Marks& marks) {
  auto dump = open_socket();
  if (!dump) return fail(dump.error());
  auto update = open_socket();
  if (!update) return fail(update.error());
  return std::unique_ptr<Conntrack>(new Conntrack(std::move(*dump), std::move(*update), marks));
}

void Conntrack::forget(const FlowKey& flow) noexcept {
  if (flow.low_address.is_v4() != flow.high_address.is_v4()) return;
  const Endpoint low{flow.low_address, flow.low_port};
  const Endpoint high{flow.high_address, flow.high_port};
  const auto protocol = static_cast<std::uint8_t>(flow.protocol);
  const std::uint8_t family = flow.low_address.is_v4() ? AF_INET : AF_INET6;
  flush();
  for (const auto& [from, to] : {std::pair(low, high), std::pair(high, low)}) {
    nlmsghdr* const message = begin(updates_.data() + used_, IPCTNL_MSG_CT_NEW, 0, family, 0);
    put_tuple(message, from, to, protocol);
    put_mark(message, 0, marks_.mask());
    used_ += NLMSG_ALIGN(message->nlmsg_len);
  }
  flush();
}

void Conntrack::forget_all(Mark mark) noexcept {
  wanted_ |= 1U << static_cast<unsigned>(mark);
  is_asked_ = false;
}

void Conntrack::ask_for(Mark mark) noexcept {
  std::array<std::byte, kMostUpdate> buffer{};
  nlmsghdr* const message =
      begin(buffer.data(), IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC, ++sequence_);
  put_mark(message, marks_.bits(mark), marks_.mask());
  is_asked_ = mnl_socket_sendto(dump_.get(), message, message->nlmsg_len) >= 0;
}

void Conntrack::step() noexcept {
  const auto mark = static_cast<Mark>(std::countr_zero(wanted_));
  if (!is_asked_) {
    // What an earlier question still brings belongs to an older sequence, and is passed over.
    while (mnl_socket_recvfrom(dump_.get(), received_.data(), received_.size()) > 0) {
    }
    ask_for(mark);
    if (!is_asked_) return end_pass();
  }
  const ssize_t size = mnl_socket_recvfrom(dump_.get(), received_.data(), received_.size());
  if (size > 0) return take(Bytes(received_).first(static_cast<std::size_t>(size)));
  if (size == 0 || (errno != EAGAIN && errno != EINTR)) end_pass();
}

void Conntrack::end_pass() noexcept {
  wanted_ &= wanted_ - 1;
  is_asked_ = false;
}

void Conntrack::take(Bytes messages) noexcept {
  const std::byte* at = messages.data();
  auto left = static_cast<int>(messages.size());
  for (; mnl_nlmsg_ok(reinterpret_cast<const nlmsghdr*>(at), left);) {
    const auto* const message = reinterpret_cast<const nlmsghdr*>(at);
    if (message->nlmsg_seq == sequence_) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
        flush();
        return end_pass();
      }
      const auto* const header = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
      if (const Bytes tuple = original_tuple(message); !tuple.empty()) {
        clear(header->nfgen_family, tuple);
      }
    }
    at = reinterpret_cast<const std::byte*>(mnl_nlmsg_next(message, &left));
  }
  flush();
}

void Conntrack::clear(std::uint8_t family, Bytes tuple) noexcept {
  if (tuple.size() > kMostUpdate / 2) return;
  if (used_ + kMostUpdate > updates_.size()) flush();
  nlmsghdr* const message = begin(updates_.data() + used_, IPCTNL_MSG_CT_NEW, 0, family, 0);
  mnl_attr_put(message, CTA_TUPLE_ORIG | NLA_F_NESTED, tuple.size(), tuple.data());
  put_mark(message, 0, marks_.mask());
  used_ += NLMSG_ALIGN(message->nlmsg_len);
}

// Without acknowledgment; an error only says that a connection is gone.
void Conntrack::flush() noexcept {
  if (used_ == 0) return;
  static_cast<void>(mnl_socket_sendto(update_.get(), updates_.data(), used_));
  used_ = 0;
  std::array<std::byte, 64> error{};
  while (::recv(mnl_socket_get_fd(update_.get()), error.data(), error.size(), 0) > 0) {
  }
}

}  // namespace sluice::io
