#include "benchmarks/hostile/talk.h"

#include <algorithm>
#include <iterator>

#include "filters/packet/checksum.h"
#include "tests/support/fragments.h"

namespace sluice::bench {
namespace {

constexpr std::uint32_t kClientStart = 1000, kServerStart = 5000;  // first data

Step tcp(const std::string& from, const std::string& to, io::Side side, std::uint32_t sequence,
         std::uint32_t acknowledgment, std::string_view flags, Bytes payload) {
  return {
      test::FrameBuilder(from, to).tcp(sequence, acknowledgment, flags).payload(payload).build(),
      side};
}

std::uint32_t at(std::uint32_t start, std::size_t offset) {
  return start + static_cast<std::uint32_t>(offset);
}

}  // namespace

std::string client_of(std::size_t number) {
  return "10." + std::to_string(number / 65536 % 256) + "." + std::to_string(number / 256 % 256) +
         "." + std::to_string(number % 256) + ":" + std::to_string(5000 + number % 50'000);
}

std::string server_of(std::size_t number, unsigned port) {
  return "198.51.100." + std::to_string(number % 250 + 1) + ":" + std::to_string(port);
}

Step Talk::syn(Bytes data) const {
  return tcp(client_, server_, io::Side::inside, kClientStart - 1, 0, "S", data);
}
Step Talk::syn_ack() const {
  return tcp(server_, client_, io::Side::outside, kServerStart - 1, kClientStart, "SA", {});
}
Step Talk::data(std::size_t offset, Bytes bytes) const {
  return tcp(client_, server_, io::Side::inside, at(kClientStart, offset), kServerStart, "PA",
             bytes);
}
Step Talk::acknowledge(std::size_t offset) const {
  return answer(0, {}, offset);
}
Step Talk::answer(std::size_t server_offset, Bytes bytes, std::size_t acknowledged) const {
  return tcp(server_, client_, io::Side::outside, at(kServerStart, server_offset),
             at(kClientStart, acknowledged), "A", bytes);
}
Step Talk::received(std::size_t offset, std::size_t server_offset) const {
  return tcp(client_, server_, io::Side::inside, at(kClientStart, offset),
             at(kServerStart, server_offset), "A", {});
}
Step Talk::question(Bytes payload) const {
  return {test::FrameBuilder(client_, server_).payload(payload).build(), io::Side::inside};
}
Step Talk::reply(Bytes payload) const {
  return {test::FrameBuilder(server_, client_).payload(payload).build(), io::Side::outside};
}

Step with_options(const Step& step, Bytes options) {
  constexpr std::size_t kIp = 14, kTcp = kIp + 20, kData = kTcp + 20;
  constexpr std::uint8_t kTcpProtocol = 6;
  const Bytes frame = step.frame;
  test::ByteVector out(frame.begin(), frame.begin() + kData);
  test::append(out, options);
  test::append(out, frame.subspan(kData));
  const auto put_u16 = [&](std::size_t where, std::size_t value) {
    out[where] = static_cast<std::byte>(value >> 8 & 0xff);
    out[where + 1] = static_cast<std::byte>(value & 0xff);
  };
  put_u16(kIp + 2, out.size() - kIp);
  test::fix_ipv4_checksum(out);
  out[kTcp + 12] = static_cast<std::byte>((5 + options.size() / 4) << 4);
  put_u16(kTcp + 16, 0);
  const Bytes segment = Bytes(out).subspan(kTcp);
  const auto address = [&](std::size_t where) {
    return IpAddress::from_bytes(Bytes(out).subspan(where, 4));
  };
  put_u16(kTcp + 16,
          packet::transport_checksum(address(kIp + 12), address(kIp + 16), kTcpProtocol, segment));
  return {.frame = std::move(out), .side = step.side};
}

std::vector<Piece> pieces(std::size_t total, std::size_t size) {
  std::vector<Piece> all;
  for (std::size_t at = 0; at < total; at += size) all.push_back({at, std::min(size, total - at)});
  return all;
}

std::vector<Piece> reversed(std::vector<Piece> pieces) {
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

Steps segments(const Talk& talk, Bytes stream, const std::vector<Piece>& pieces) {
  Steps steps;
  for (const Piece& piece : pieces) {
    steps.push_back(talk.data(piece.at, stream.subspan(piece.at, piece.size)));
  }
  return steps;
}

void add(Steps& to, Steps more) {
  to.insert(to.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

void warm_up(Scenario& scenario) {
  constexpr std::ptrdiff_t kCount = 16;
  const auto first = scenario.attack.begin();
  scenario.opening.insert(scenario.opening.end(), first, first + kCount);
  scenario.attack.erase(first, first + kCount);
}

test::ByteVector repeated(std::string_view text, std::size_t size) {
  test::ByteVector bytes;
  while (bytes.size() < size) test::append(bytes, as_bytes(text));
  bytes.resize(size);
  return bytes;
}

}  // namespace sluice::bench
