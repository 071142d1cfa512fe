#pragma once

// One five-tuple of UDP through the lab: QUIC, DTLS.

#include <string>
#include <string_view>

#include "tests/gateway/engine/lab.h"
#include "tests/support/quic_builder.h"

namespace sluice::test {

class QuicConnection {
 public:
  explicit QuicConnection(Lab& lab, std::string_view client = "192.0.2.1:5000",
                          std::string_view server = "198.51.100.2:443")
      : lab_(lab), client_(client), server_(server) {}

  io::Verdict to_server(Bytes datagram) {
    return lab_.send(FrameBuilder(client_, server_).payload(datagram).build());
  }
  io::Verdict to_client(Bytes datagram) {
    return lab_.send(FrameBuilder(server_, client_).payload(datagram).build(), io::Side::outside);
  }

 private:
  Lab& lab_;
  std::string client_, server_;
};

// `size` bytes of the hello from `at`, in one padded Initial.
[[nodiscard]] inline ByteVector part_of(Bytes hello, std::size_t at, std::size_t size,
                                        const QuicPacket& packet = {}) {
  const Bytes part = hello.subspan(at, std::min(size, hello.size() - at));
  return quic_initial(packet, crypto_frame(at, part), kQuicDatagram);
}
[[nodiscard]] inline ByteVector whole_hello(std::string_view name, const QuicPacket& packet = {}) {
  return quic_hello(name, packet).at(0);
}

}  // namespace sluice::test
