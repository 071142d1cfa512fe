#pragma once

// Opens Initial packets: header protection (RFC 9001 section 5.4, AES-128-ECB), then AEAD (section
// 5.3, AES-128-GCM).
//
// The constructor sets up libcrypto's contexts. open() sets the keys for each packet and allocates
// nothing (EVP_*Init_ex does not, measured with OpenSSL 3.0, if the context has its cipher).
// Not thread-safe: each worker owns one.

#include <cstdint>
#include <memory>
#include <optional>

#include "filters/base/bytes.h"
#include "filters/quic/initial_keys.h"
#include "filters/quic/packet.h"

struct evp_cipher_ctx_st;

namespace sluice::quic {

class InitialOpener {
 public:
  struct Opened {
    std::uint64_t number = 0;  // of the packet
    Bytes payload;             // its frames; valid until the next call
  };

  InitialOpener();
  // False: libcrypto has no AES, and open() always fails.
  [[nodiscard]] bool ready() const noexcept { return ready_; }

  // None: the packet was not protected with `keys`, or is too short. `expected` is the highest
  // packet number seen, plus one. REQUIRES: packet.number_offset is set.
  [[nodiscard]] std::optional<Opened> open(const LongPacket& packet, const PacketKeys& keys,
                                           std::uint64_t expected) noexcept;

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  static constexpr std::size_t kMaxPacket = 65535;  // a UDP datagram

  Context header_, payload_;
  std::unique_ptr<std::byte[]> plain_;
  bool ready_ = false;
};

}  // namespace sluice::quic
