#include "tests/evasion/wire.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace sluice::evasion {
namespace {

constexpr std::size_t kType = 12, kLongestFrame = 3014, kLongestPacket = 65535;
constexpr std::uint32_t kMarkers = 0x3ffffe;  // number of the pair that sends them
constexpr std::uint16_t kMarkerPort = 9, kFirstPort = 1024;
constexpr int kPatience = 5000;  // milliseconds

os::Descriptor open_device(const std::string& name, Wire::Carries carries) {
  os::Descriptor device(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  const int kind = carries == Wire::Carries::packets ? IFF_TUN : IFF_TAP;
  request.ifr_flags = static_cast<short>(kind | IFF_NO_PI);
  if (!device.is_open() || ::ioctl(device.value(), TUNSETIFF, &request) != 0) {
    throw std::system_error(errno, std::generic_category(), name);
  }
  return device;
}

bool is_ipv4(const ByteVector& frame) {
  return frame[kType] == std::byte{0x08} && frame[kType + 1] == std::byte{0};
}
bool is_ipv6(const ByteVector& frame) {
  return frame[kType] == std::byte{0x86} && frame[kType + 1] == std::byte{0xdd};
}

// Two packets are of the same ends, in the same direction.
bool have_same_ends(Bytes packet, Bytes other) {
  const std::size_t from = packet[0] >> 4 == std::byte{4} ? 12 : 8;
  const std::size_t size = from == 12 ? 8 : 32;
  return std::min(packet.size(), other.size()) >= from + size && packet[0] >> 4 == other[0] >> 4 &&
         std::memcmp(packet.data() + from, other.data() + from, size) == 0;
}

}  // namespace

Wire::Wire(const Devices& devices)
    : carries_(devices.carries),
      number_(devices.number),
      inside_(open_device(devices.inside, devices.carries)),
      outside_(open_device(devices.outside, devices.carries)),
      buffer_(kLongestPacket) {}

void Wire::send(const os::Descriptor& device, const ByteVector& frame) const {
  const Bytes bytes = Bytes(frame).subspan(header());
  if (::write(device.value(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(), "a network device");
  }
}

Bytes Wire::read(const os::Descriptor& device, int milliseconds) {
  pollfd wait{device.value(), POLLIN, 0};
  if (::poll(&wait, 1, milliseconds) <= 0) return {};
  const ssize_t size = ::read(device.value(), buffer_.data(), buffer_.size());
  return Bytes(buffer_).first(size < 0 ? 0 : static_cast<std::size_t>(size));
}

ByteVector Wire::next_marker(io::Side side) {
  Path path = path_of({kMarkers, number_}, Family::v4, kMarkerPort);
  path.source.port.number = static_cast<std::uint16_t>(kFirstPort + ++markers_ % 60000);
  return frame_of({.sequence = markers_, .flags = "S"},
                  side == io::Side::inside ? path : reversed(path));
}

std::vector<ByteVector> Wire::forward(const ByteVector& frame, io::Side side) {
  const bool is_packet = is_ipv4(frame) || is_ipv6(frame);
  if (carries_ == Carries::packets ? !is_packet : frame.size() > kLongestFrame) throw NotCarried();
  const bool inwards = side == io::Side::outside;
  const os::Descriptor& in = inwards ? outside_ : inside_;
  const os::Descriptor& out = inwards ? inside_ : outside_;
  while (!read(out, 0).empty()) {  // what a host sends of itself
  }
  const ByteVector marker = next_marker(side);
  send(in, frame);
  send(in, marker);
  const Bytes marker_packet = Bytes(marker).subspan(kEthernet);
  const std::size_t from = kEthernet - header();
  std::vector<ByteVector> passed;
  for (;;) {
    const Bytes got = read(out, kPatience);
    if (got.empty()) throw std::runtime_error("nothing comes out of the gateway any more");
    if (got.size() <= from) continue;
    const Bytes packet = got.subspan(from);
    if (have_same_ends(packet, marker_packet)) {
      // A router changes the hop count and the checksum of a header, and no port and number.
      constexpr std::size_t kHeader = 20, kPortsAndNumber = 8;
      if (std::ranges::equal(packet.subspan(kHeader, kPortsAndNumber),
                             marker_packet.subspan(kHeader, kPortsAndNumber))) {
        return passed;
      }
      continue;
    }
    if (is_packet && !have_same_ends(packet, Bytes(frame).subspan(kEthernet))) continue;
    ByteVector whole(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(header()));
    test::append(whole, got);
    passed.push_back(std::move(whole));
  }
}

}  // namespace sluice::evasion
