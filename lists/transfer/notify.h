#pragma once

// Hears NOTIFY (RFC 1996) over UDP and TCP (Knot DNS uses TCP alone): a primary says that its zone
// has changed. A NOTIFY is a hint and no more: what it says is asked for over TCP. So it counts
// only from the address of a primary, and with a TSIG key only if it is signed with it. Others get
// no answer.
//
// Threads: one. hear() waits for nobody but a primary that has connected, and for it half a second.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "lists/transfer/tsig.h"

namespace sluice::lists {

class NotifyListener {
 public:
  // `key`: null: unsigned ones count. Error: one line.
  [[nodiscard]] static Result<std::unique_ptr<NotifyListener>, std::string> open(
      const Endpoint& listen, const std::string& zone, std::vector<IpAddress> primaries,
      std::optional<TsigKey> key);
  ~NotifyListener();
  NotifyListener(const NotifyListener&) = delete;
  NotifyListener& operator=(const NotifyListener&) = delete;

  // Readable when something has come.
  [[nodiscard]] std::array<int, 2> descriptors() const noexcept { return {udp_, tcp_}; }
  // Reads what has come, a few messages at most, and answers. The primary that speaks of a change;
  // none: nobody whose word counts.
  [[nodiscard]] std::optional<IpAddress> hear();
  [[nodiscard]] std::uint64_t heard() const noexcept { return heard_; }
  [[nodiscard]] std::uint64_t ignored() const noexcept { return ignored_; }

 private:
  NotifyListener() = default;
  [[nodiscard]] bool counts(const knot_pkt_t& message) const;
  [[nodiscard]] bool is_primary(const IpAddress& address) const;
  // The reply to a NOTIFY that counts; null: it does not, or there is no memory.
  [[nodiscard]] Packet reply_to(std::span<std::uint8_t> bytes) const;
  // One datagram, one connection. False: there is none.
  bool hear_datagram(std::optional<IpAddress>& speaker);
  bool hear_connection(std::optional<IpAddress>& speaker);

  int udp_ = -1, tcp_ = -1;
  std::vector<std::uint8_t> zone_;
  std::vector<IpAddress> primaries_;
  std::optional<TsigKey> key_;
  std::uint64_t heard_ = 0, ignored_ = 0;
};

}  // namespace sluice::lists
