#include "gateway/dataplane/interfaces/netlink.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace sluice::io {
namespace {

constexpr std::size_t kMostAnswer = 256 * 1024;

std::size_t padded(std::size_t size) noexcept {
  return (size + NLA_ALIGNTO - 1) / NLA_ALIGNTO * NLA_ALIGNTO;
}

template <typename T>
T read(Bytes value) noexcept {
  T number{};
  if (value.size() >= sizeof number) std::memcpy(&number, value.data(), sizeof number);
  return number;
}

template <typename T>
Bytes bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

std::optional<Attribute> AttributeReader::next() noexcept {
  constexpr std::size_t kHeader = sizeof(nlattr);
  if (rest_.size() < kHeader) return std::nullopt;
  const auto header = read<nlattr>(rest_);
  if (header.nla_len < kHeader || header.nla_len > rest_.size()) {
    rest_ = {};
    return std::nullopt;
  }
  const auto type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK);
  const Attribute attribute{type, rest_.first(header.nla_len).subspan(kHeader)};
  rest_ = rest_.subspan(std::min(padded(header.nla_len), rest_.size()));
  return attribute;
}

std::uint8_t read_u8(Bytes value) noexcept {
  return read<std::uint8_t>(value);
}
std::uint16_t read_u16(Bytes value) noexcept {
  return read<std::uint16_t>(value);
}
std::uint32_t read_u32(Bytes value) noexcept {
  return read<std::uint32_t>(value);
}
std::uint64_t read_u64(Bytes value) noexcept {
  return read<std::uint64_t>(value);
}
std::string read_text(Bytes value) {
  const std::string_view text = as_text(value);
  return std::string(text.substr(0, text.find('\0')));
}

NetlinkRequest::NetlinkRequest(std::uint16_t type, Bytes header) {
  nlmsghdr first{};
  first.nlmsg_type = type;
  first.nlmsg_flags = NLM_F_REQUEST;
  append(bytes_of(first));
  append(header);
}

void NetlinkRequest::append(Bytes bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  bytes_.resize(padded(bytes_.size()));
}

void NetlinkRequest::add(std::uint16_t attribute, Bytes value) {
  const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), attribute};
  append(bytes_of(header));
  append(value);
}

void NetlinkRequest::add_u32(std::uint16_t attribute, std::uint32_t value) {
  add(attribute, bytes_of(value));
}

void NetlinkRequest::add_text(std::uint16_t attribute, std::string_view text) {
  const std::string ended(text);
  add(attribute, std::as_bytes(std::span(ended.c_str(), ended.size() + 1)));
}

Bytes NetlinkRequest::message() {
  const auto length = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
  return bytes_;
}

NetlinkSocket::NetlinkSocket(int protocol) noexcept
    : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

NetlinkSocket::~NetlinkSocket() {
  if (socket_ >= 0) ::close(socket_);
}

std::optional<std::vector<std::byte>> NetlinkSocket::ask(NetlinkRequest& request) const {
  const Bytes message = request.message();
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket_, message.data(), message.size(), 0,
               reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0) {
    return std::nullopt;
  }
  std::vector<std::byte> answer(kMostAnswer);
  const ssize_t got = ::recv(socket_, answer.data(), answer.size(), 0);
  if (got < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
  const auto header = read<nlmsghdr>(answer);
  if (header.nlmsg_type == NLMSG_ERROR || header.nlmsg_len < sizeof header ||
      header.nlmsg_len > static_cast<std::size_t>(got)) {
    return std::nullopt;
  }
  answer.resize(header.nlmsg_len);
  answer.erase(answer.begin(), answer.begin() + sizeof header);
  return answer;
}

}  // namespace sluice::io
