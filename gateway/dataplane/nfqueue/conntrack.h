#pragma once

// The kernel's connections (conntrack), whose marks say what is decided: takes decisions back. One
// thread; never waits. Needs CAP_NET_ADMIN at each call.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "gateway/dataplane/flow_key.h"
#include "gateway/dataplane/marks.h"

struct mnl_socket;

namespace sluice::io {

class Conntrack {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Conntrack>, std::string> open(const Marks& marks);
  ~Conntrack();

  // This flow comes up again, if the kernel knows it by its ends as we see them. (It does not if
  // both ends are translated.) A system call.
  void forget(const FlowKey& flow) noexcept;

  // All flows with this mark come up again, as step() gets to them. Begins anew if it was at it.
  void forget_all(Mark mark) noexcept;
  [[nodiscard]] bool is_busy() const noexcept { return wanted_ != 0; }
  // The next part, some hundred flows. REQUIRES: is_busy().
  void step() noexcept;

 private:
  struct CloseSocket {
    void operator()(mnl_socket* socket) const noexcept;
  };
  using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

  Conntrack(Socket dump, Socket update, const Marks& marks);
  [[nodiscard]] static Result<Socket, std::string> open_socket();
  void ask_for(Mark mark) noexcept;
  void take(Bytes messages) noexcept;
  void clear(std::uint8_t family, Bytes tuple) noexcept;
  void flush() noexcept;
  void end_pass() noexcept;

  Socket dump_, update_;
  Marks marks_;
  unsigned wanted_ = 0;  // bits: marks to go through
  bool is_asked_ = false;
  std::uint32_t sequence_ = 0;  // of the question under way
  std::vector<std::byte> received_, updates_;
  std::size_t used_ = 0;  // of updates_
};

}  // namespace sluice::io
