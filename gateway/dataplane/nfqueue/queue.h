#pragma once

// One queue of the kernel's firewall (NFQUEUE): packets out of it, verdicts into it, both by the
// batch (libnetfilter_queue, libmnl).
//
// The kernel hands up whole IP packets without their link header: it has put fragments together,
// taken merged segments apart again, and finished checksums. One thread. Memory, 4 MiB, is
// allocated at start. Needs CAP_NET_ADMIN at each verdict.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "gateway/dataplane/nfqueue_settings.h"

namespace sluice::io {

// What is to become of a packet.
enum class Fate : std::uint8_t {
  accept,  // it leaves our table
  drop,
  repeat,  // it goes through our rules again, with another mark
};

struct QueuedPacket {
  std::uint32_t id = 0;
  std::uint32_t mark = 0;         // of the packet, with the bits of others
  std::uint32_t in = 0, out = 0;  // interface numbers; 0: this host itself
  MutableBytes bytes;             // valid until the next receive()
  std::uint32_t wire_length = 0;  // over bytes.size(): it was cut
};

class Queue {
 public:
  static constexpr std::size_t kMost = 64;  // packets of a batch

  // What waits in the queue since an earlier process is put into it again. Error: a line for the
  // operator, such as that another process listens to it.
  [[nodiscard]] static Result<std::unique_ptr<Queue>, std::string> open(
      std::uint16_t number, const NfqueueSettings& settings);
  ~Queue();

  // Does not wait. None: there are none, or see error().
  [[nodiscard]] std::span<QueuedPacket> receive() noexcept;
  // In the order of receive(), each packet once. `bytes`: to be sent instead.
  void settle(const QueuedPacket& packet, Fate fate, std::optional<std::uint32_t> mark = {},
              std::optional<Bytes> bytes = {}) noexcept;
  // Sends what settle() gathered.
  void flush() noexcept;

  [[nodiscard]] int descriptor() const noexcept;
  // Since it was opened: packets that the kernel could not put into it. A system call.
  [[nodiscard]] std::uint64_t lost() noexcept;
  // Verdicts that the kernel did not take: their packets wait until the queue is closed.
  [[nodiscard]] std::uint64_t refused() const noexcept;
  [[nodiscard]] const std::string& error() const noexcept;

 private:
  struct State;
  explicit Queue(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::io
