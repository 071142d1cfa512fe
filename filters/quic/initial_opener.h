#pragma once

// Opens Initial packets: header protection (RFC 9001 section 5.4, AES-128-ECB), then AEAD (section
// 5.3, AES-128-GCM).
//
// The contexts of libcrypto are set up at construction. Opening sets keys anew for each packet and
// allocates nothing: with EVP_*Init_ex on a context that has its cipher, OpenSSL 3.0 was measured
// not to. Not thread-safe: one worker owns one.

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
  // False: libcrypto has no AES, and nothing will open.
  [[nodiscard]] bool ready() const noexcept { return ready_; }

  // None: the packet is not protected with `keys`, or too short to be. `expected` is the packet
  // number after the highest seen. REQUIRES: packet.number_offset is set.
  [[nodiscard]] std::optional<Opened> open(const LongPacket& packet, const PacketKeys& keys,
                                           std::uint64_t expected) noexcept;

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  static constexpr std::size_t kMaxPacket = 65535;  // of a UDP datagram

  Context header_, payload_;
  std::unique_ptr<std::byte[]> plain_;
  bool ready_ = false;
};

}  // namespace sluice::quic
