#include "tests/pressure/probes.h"

#include "tests/gateway/engine/lab.h"
#include "tests/support/dtls_builder.h"
#include "tests/support/fragments.h"
#include "tests/support/quic_builder.h"

namespace sluice::pressure {
namespace {

using io::Side;
using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::hello;

constexpr std::size_t kHalf = 60;
const std::string kAddress = "192.0.2.1:", kServer = "198.51.100.2:443";

Connection connection(unsigned port) {
  return Connection(kAddress + std::to_string(port), kServer);
}
Steps opened(unsigned port) {
  const Connection probe = connection(port);
  return {{probe.syn()}, {probe.syn_ack(), Side::outside}, {probe.received(0, 0)}};
}
ByteVector datagram(unsigned port, Bytes payload, const std::string& server = kServer) {
  return FrameBuilder(kAddress + std::to_string(port), server).payload(payload).build();
}
test::QuicPacket packet_of(unsigned port) {
  test::QuicPacket packet{.scid = test::byte_vector("probe")};
  packet.dcid[2] = static_cast<std::byte>(port);
  packet.dcid[3] = static_cast<std::byte>(port >> 8);
  packet.dcid[4] = std::byte{0xee};
  return packet;
}

Probe new_connection(std::string_view name, unsigned port) {
  Steps after = opened(port);
  after.push_back({connection(port).data(0, hello(name))});
  return {.after = after};
}
Probe open_connection(std::string_view name, unsigned port) {
  return {.before = opened(port), .after = {{connection(port).data(0, hello(name))}}};
}
Probe half_hello(std::string_view name, unsigned port) {
  const ByteVector whole = hello(name);
  Steps before = opened(port);
  before.push_back({connection(port).data(0, Bytes(whole).first(kHalf))});
  return {.before = before, .after = {{connection(port).data(kHalf, Bytes(whole).subspan(kHalf))}}};
}
// The server throws the stale byte away.
Probe stale_byte(std::string_view name, unsigned port) {
  ByteVector bytes(1);
  test::append(bytes, hello(name));
  return {.before = opened(port),
          .after = {{connection(port).data(static_cast<std::size_t>(-1), bytes)}}};
}
Probe passed_connection(std::string_view name, unsigned port) {
  const ByteVector whole = hello(name);
  Steps before = opened(port);
  before.push_back({connection(port).data(0, whole)});
  before.push_back({connection(port).server_hello(whole.size()), Side::outside});
  return {.before = before,
          .after = {{connection(port).data(whole.size(), as_bytes(std::string_view("more")))}}};
}
Probe keep_alive(std::string_view name, unsigned port) {
  const std::string first = test::http_request("www.example.org");
  Steps before = opened(port);
  before.push_back({connection(port).data(0, as_bytes(first))});
  before.push_back({connection(port).acknowledge(first.size()), Side::outside});
  const std::string next = test::http_request(name);
  return {.before = before, .after = {{connection(port).data(first.size(), as_bytes(next))}}};
}
// The rest of a body, and behind it, in one segment, a request.
Probe behind_a_body(std::string_view name, unsigned port) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 40\r\n\r\n0123456789";
  Steps before = opened(port);
  before.push_back({connection(port).data(0, as_bytes(head))});
  before.push_back({connection(port).acknowledge(head.size()), Side::outside});
  const std::string rest = std::string(30, 'x') + test::http_request(name);
  return {.before = before, .after = {{connection(port).data(head.size(), as_bytes(rest))}}};
}

Probe question(std::string_view name, unsigned port) {
  return {.after = {{datagram(port, test::dns_query(name), "198.51.100.53:53")}}};
}

Steps pieces(std::string_view name, unsigned port) {
  const ByteVector whole =
      datagram(port, test::dns_query(name, {.edns = true, .cookie = 40}), "198.51.100.53:53");
  const std::uint32_t id = 60'000 + port % 5'000;
  return {{test::fragment_of(whole, 0, 40, {.id = id})},
          {test::fragment_of(whole, 40, 1400, {.id = id})}};
}
Probe new_fragments(std::string_view name, unsigned port) {
  return {.after = pieces(name, port)};
}
Probe half_of_the_fragments(std::string_view name, unsigned port) {
  const Steps both = pieces(name, port);
  return {.before = {both[0]}, .after = {both[1]}};
}
// The host has the first one still.
Probe last_fragment_again(std::string_view name, unsigned port) {
  const Steps both = pieces(name, port);
  return {.before = both, .after = {both[1]}};
}
// An ordinary first fragment dies on its way and completes the packet here.
Probe fragment_behind_a_decoy(std::string_view name, unsigned port) {
  const Steps decoy = pieces("www.sample.com", port), real = pieces(name, port);
  return {.before = decoy, .after = {real[0]}};
}

Probe new_initials(std::string_view name, unsigned port) {
  Steps after;
  for (const ByteVector& one : test::quic_hello(name, packet_of(port), {kHalf})) {
    after.push_back({datagram(port, one)});
  }
  return {.after = after};
}
Probe half_initials(std::string_view name, unsigned port) {
  const auto both = test::quic_hello(name, packet_of(port), {kHalf});
  return {.before = {{datagram(port, both[0])}}, .after = {{datagram(port, both[1])}}};
}
// Its server has answered the first half.
Probe answered_initials(std::string_view name, unsigned port) {
  const test::QuicPacket client = packet_of(port);
  const test::QuicPacket server{.dcid = client.scid,
                                .scid = test::byte_vector("server"),
                                .keys_of = client.dcid,
                                .sender = quic::Sender::server};
  const ByteVector answer = FrameBuilder(kServer, kAddress + std::to_string(port))
                                .payload(test::quic_initial(server, test::ack_frame(0)))
                                .build();
  Probe probe = half_initials(name, port);
  probe.before.push_back({answer, Side::outside});
  return probe;
}
Probe new_dtls(std::string_view name, unsigned port) {
  Steps after;
  for (const ByteVector& one : test::dtls_datagrams(test::dtls_hello(name), kHalf)) {
    after.push_back({datagram(port, one)});
  }
  return {.after = after};
}
Probe half_dtls(std::string_view name, unsigned port) {
  const auto all = test::dtls_datagrams(test::dtls_hello(name), kHalf);
  Probe probe{.before = {{datagram(port, all[0])}}};
  for (std::size_t i = 1; i < all.size(); ++i) probe.after.push_back({datagram(port, all[i])});
  return probe;
}

constexpr ProbeMaker kProbes[] = {
    {"new_connection", new_connection},
    {"open_connection", open_connection, Starves::connections},
    {"half_hello", half_hello, Starves::streams},
    {"stale_byte", stale_byte, Starves::nothing, true},
    {"passed_connection", passed_connection},
    {"keep_alive", keep_alive, Starves::connections},
    {"behind_a_body", behind_a_body, Starves::connections},
    {"question", question},
    {"new_fragments", new_fragments},
    {"half_of_the_fragments", half_of_the_fragments, Starves::fragments},
    {"last_fragment_again", last_fragment_again, Starves::nothing, true},
    {"fragment_behind_a_decoy", fragment_behind_a_decoy, Starves::nothing, true},
    {"new_initials", new_initials},
    {"half_initials", half_initials, Starves::hellos},
    {"answered_initials", answered_initials},
    {"new_dtls", new_dtls},
    {"half_dtls", half_dtls, Starves::hellos},
};

}  // namespace

std::span<const ProbeMaker> probes() {
  return kProbes;
}

}  // namespace sluice::pressure
