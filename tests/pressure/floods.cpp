#include "tests/pressure/floods.h"

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

constexpr std::string_view kBanned = "www.wechat.com", kOrdinary = "www.example.org";
constexpr std::size_t kHalf = 60;  // bytes of a hello, before its name

std::string endpoint(std::string_view address, unsigned port) {
  const bool v6 = address.find(':') != std::string_view::npos;
  return (v6 ? "[" + std::string(address) + "]" : std::string(address)) + ":" +
         std::to_string(port);
}
std::string from(std::size_t number, std::string_view client) {
  return endpoint(client, static_cast<unsigned>(1024 + number % 60'000));
}
std::string to(std::string_view client, unsigned port) {
  const bool v6 = client.find(':') != std::string_view::npos;
  return endpoint(v6 ? "2001:db8:1::9" : "198.51.100.9", port);
}
Connection connection(std::size_t number, std::string_view client) {
  return Connection(from(number, client), to(client, 443));
}
ByteVector datagram(std::size_t number, std::string_view client, unsigned port, Bytes payload) {
  return FrameBuilder(from(number, client), to(client, port)).payload(payload).build();
}
test::QuicPacket packet_of(std::size_t number) {
  test::QuicPacket packet;
  packet.dcid[0] = static_cast<std::byte>(number);
  packet.dcid[1] = static_cast<std::byte>(number >> 8);
  return packet;
}

Steps opened(const Connection& connection) {
  return {{connection.syn()}, {connection.syn_ack(), Side::outside}};
}

Steps syns(std::size_t number, std::string_view client) {
  return {{connection(number, client).syn()}};
}
// From outside, to connections that nobody opened.
Steps answers_to_nobody(std::size_t number, std::string_view client) {
  return {{connection(number, client).syn_ack(), Side::outside}};
}
Steps syns_with_data(std::size_t number, std::string_view client) {
  return {{FrameBuilder(from(number, client), to(client, 443))
               .tcp(999, 0, "S")
               .payload(Bytes(hello(kOrdinary)).first(kHalf))
               .build()}};
}
Steps hellos_out_of_nowhere(std::size_t number, std::string_view client) {
  return {{connection(number, client).data(0, hello(kBanned))}};
}
Steps half_hellos_out_of_nowhere(std::size_t number, std::string_view client) {
  return {{connection(number, client).data(0, Bytes(hello(kOrdinary)).first(kHalf))}};
}
Steps requests_out_of_nowhere(std::size_t number, std::string_view client) {
  return {{connection(number, client).data(0, as_bytes(std::string_view("GET / HTTP/1.1\r\nHo")))}};
}
Steps half_hellos(std::size_t number, std::string_view client) {
  Steps steps = opened(connection(number, client));
  steps.push_back({connection(number, client).data(0, Bytes(hello(kOrdinary)).first(kHalf))});
  return steps;
}
Steps refused_hellos(std::size_t number, std::string_view client) {
  Steps steps = opened(connection(number, client));
  steps.push_back({connection(number, client).data(0, hello(kBanned))});
  return steps;
}
Steps passed_hellos(std::size_t number, std::string_view client) {
  const ByteVector whole = hello(kOrdinary);
  Steps steps = opened(connection(number, client));
  steps.push_back({connection(number, client).data(0, whole)});
  steps.push_back({connection(number, client).server_hello(whole.size()), Side::outside});
  return steps;
}

Steps first_fragments(std::size_t number, std::string_view client) {
  const ByteVector whole =
      datagram(number, client, 53, test::dns_query(kOrdinary, {.edns = true, .cookie = 40}));
  return {{test::fragment_of(whole, 0, 40, {.id = static_cast<std::uint32_t>(number)})}};
}
Steps fragmented(std::size_t number, std::string_view client, std::string_view name) {
  const ByteVector whole =
      datagram(number, client, 53, test::dns_query(name, {.edns = true, .cookie = 40}));
  Steps steps;
  for (ByteVector& piece :
       test::fragments_of(whole, 40, {.id = static_cast<std::uint32_t>(number)})) {
    steps.push_back({std::move(piece)});
  }
  return steps;
}
Steps passed_fragments(std::size_t number, std::string_view client) {
  return fragmented(number, client, kOrdinary);
}
Steps refused_fragments(std::size_t number, std::string_view client) {
  return fragmented(number, client, kBanned);
}

Steps initials(std::size_t number, std::string_view client) {
  return {{datagram(number, client, 443, test::quic_hello(kOrdinary, packet_of(number)).at(0))}};
}
Steps refused_initials(std::size_t number, std::string_view client) {
  return {{datagram(number, client, 443, test::quic_hello(kBanned, packet_of(number)).at(0))}};
}
Steps half_initials(std::size_t number, std::string_view client) {
  return {{datagram(number, client, 443,
                    test::quic_hello(kOrdinary, packet_of(number), {kHalf}).at(0))}};
}
// All on the probe's own server, from one socket for each client.
Steps initials_of_one_socket(std::size_t number, std::string_view client) {
  const ByteVector payload = test::quic_hello(kOrdinary, packet_of(number)).at(0);
  return {{FrameBuilder(endpoint(client, 7777), to(client, 443)).payload(payload).build()}};
}
Steps half_dtls(std::size_t number, std::string_view client) {
  return {{datagram(number, client, 443,
                    test::dtls_datagrams(test::dtls_hello(kOrdinary), kHalf).at(0))}};
}
Steps questions(std::size_t number, std::string_view client) {
  return {{datagram(number, client, 53, test::dns_query(kOrdinary))}};
}

constexpr Flood kFloods[] = {
    {"syns", syns},
    {"answers_to_nobody", answers_to_nobody},
    {"syns_with_data", syns_with_data},
    {"hellos_out_of_nowhere", hellos_out_of_nowhere},
    {"half_hellos_out_of_nowhere", half_hellos_out_of_nowhere},
    {"requests_out_of_nowhere", requests_out_of_nowhere},
    {"half_hellos", half_hellos, Starves::streams},
    {"refused_hellos", refused_hellos},
    {"passed_hellos", passed_hellos, Starves::connections},
    {"first_fragments", first_fragments, Starves::fragments},
    {"passed_fragments", passed_fragments, Starves::fragments},
    {"refused_fragments", refused_fragments},
    {"initials", initials, Starves::hellos},
    {"refused_initials", refused_initials},
    {"half_initials", half_initials, Starves::hellos},
    {"initials_of_one_socket", initials_of_one_socket, Starves::hellos},
    {"half_dtls", half_dtls, Starves::hellos},
    {"questions", questions},
};

}  // namespace

std::span<const Flood> floods() {
  return kFloods;
}

std::string client_of(Origin origin, std::size_t number) {
  switch (origin) {
    case Origin::one_client:
      return "10.9.9.9";
    case Origin::one_slash64:
      return "2001:db8:9:9::" + std::to_string(1 + number % 9000);
    case Origin::many_clients:
      break;
  }
  return "10." + std::to_string(10 + number / 65'536 % 200) + "." +
         std::to_string(number / 256 % 256) + "." + std::to_string(number % 256);
}

}  // namespace sluice::pressure
