#pragma once

// TSIG (RFC 8945): a secret that primary and secondary share signs what they say to each other. The
// arithmetic is libknot's; here is who has signed what, in which order.
//
// One TsigExchange for each question and its answer, which may have many messages: the first and
// the last of them are signed, and of those between at least one in a hundred (section 5.3.1).

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/result.h"
#include "lists/transfer/knot.h"

namespace sluice::lists {

struct FreePacket {
  void operator()(knot_pkt_t* packet) const noexcept { knot_pkt_free(packet); }
};
using Packet = std::unique_ptr<knot_pkt_t, FreePacket>;

// Immutable; copies share the secret.
class TsigKey {
 public:
  // A file with one line, `hmac-sha256:key-name.:c2VjcmV0`. Also hmac-sha384 and hmac-sha512; older
  // algorithms are refused. Error: the reason, without the file's name and without the secret.
  [[nodiscard]] static Result<TsigKey, std::string> read(const std::filesystem::path& file);
  [[nodiscard]] static Result<TsigKey, std::string> parse(const std::string& text);

  [[nodiscard]] const knot_tsig_key_t* get() const noexcept { return key_.get(); }

 private:
  std::shared_ptr<const knot_tsig_key_t> key_;
};

class TsigExchange {
 public:
  // `key` outlives it; null: nothing is signed.
  explicit TsigExchange(const TsigKey* key) noexcept : key_(key) {}

  // Appends the signature to a question of ours. REQUIRES: 256 bytes of room.
  [[nodiscard]] Result<void, std::string> sign(knot_pkt_t& question);
  // The next message of the answer, parsed without KNOT_PF_KEEPWIRE.
  [[nodiscard]] Result<void, std::string> check(const knot_pkt_t& answer);
  // Behind the last one.
  [[nodiscard]] Result<void, std::string> finish() const;

 private:
  static constexpr std::size_t kMostUnsigned = 99;  // messages between two that are signed

  const TsigKey* key_;
  std::vector<std::uint8_t> mac_;       // of the question, then of the last signed message
  std::vector<std::uint8_t> unsigned_;  // messages since then
  std::size_t unsigned_count_ = 0;
  std::uint64_t time_signed_ = 0;
  bool first_ = true;
};

// A message that somebody else began, such as a NOTIFY, and our reply to it.
[[nodiscard]] bool is_signed_by(const knot_pkt_t& question, const TsigKey& key);
[[nodiscard]] bool sign_reply(knot_pkt_t& reply, const knot_pkt_t& question, const TsigKey& key);

}  // namespace sluice::lists
