#pragma once

// Hears NOTIFY (RFC 1996) over UDP: a primary says that its zone has changed. A NOTIFY is a hint
// and no more: what it says is asked for over TCP. So it counts only from the address of a primary,
// and with a TSIG key only if it is signed with it. Others get no answer.
//
// Threads: one. hear() does not block.

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
      const Endpoint& listen, std::string zone, std::vector<IpAddress> primaries,
      std::optional<TsigKey> key);
  ~NotifyListener();
  NotifyListener(const NotifyListener&) = delete;
  NotifyListener& operator=(const NotifyListener&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return socket_; }
  // Reads what has come, a few datagrams at most, and answers. The primary that speaks of a change;
  // none: nobody whose word counts.
  [[nodiscard]] std::optional<IpAddress> hear();
  [[nodiscard]] std::uint64_t heard() const noexcept { return heard_; }
  [[nodiscard]] std::uint64_t ignored() const noexcept { return ignored_; }

 private:
  NotifyListener() = default;
  [[nodiscard]] bool counts(const knot_pkt_t& message) const;
  // False: it is none of a primary.
  bool answer(std::span<std::uint8_t> datagram, const struct sockaddr_storage& from,
              std::uint32_t from_size);

  int socket_ = -1;
  std::vector<std::uint8_t> zone_;
  std::vector<IpAddress> primaries_;
  std::optional<TsigKey> key_;
  std::uint64_t heard_ = 0, ignored_ = 0;
};

}  // namespace sluice::lists
