#pragma once

// A server of datagrams: what its application reads in the messages that clients put together from
// DNS questions, QUIC Initials and DTLS records. It shares no code with the judge.
//
// It opens no QUIC packet: the script says what is in each of them.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/evasion/assembly.h"
#include "tests/evasion/payload.h"
#include "tests/evasion/script.h"

namespace sluice::evasion {

class DatagramServer {
 public:
  DatagramServer(Kind kind, Overlap overlap, const std::vector<SealedPacket>& sealed)
      : kind_(kind), overlap_(overlap), sealed_(sealed) {}

  void receive(Bytes frame);
  // DNS: messages. QUIC, DTLS: hellos as far as they are there.
  [[nodiscard]] std::vector<ByteVector> streams() const;

 private:
  void read_quic(Bytes datagram);
  void read_dtls(Bytes datagram);
  void read_dtls_messages(Bytes record);
  Assembly& hello(const std::string& id);

  Kind kind_;
  Overlap overlap_;
  const std::vector<SealedPacket>& sealed_;
  std::vector<ByteVector> messages_;
  std::map<std::string, Assembly> hellos_;
};

}  // namespace sluice::evasion
