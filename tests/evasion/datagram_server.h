#pragma once

// A datagram server: assembles DNS questions, QUIC Initials and DTLS records and tells what its
// application reads. It shares no code with the judge.
//
// It decrypts no QUIC packet: the script says what each contains.

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
  // DNS: messages. QUIC, DTLS: hellos, as far as they have arrived.
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
