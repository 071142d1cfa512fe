#pragma once

// The links of two interfaces, as the kernel has them (rtnetlink, libmnl). System calls.
//
// What the kernel sends of its own accord only says that something changed; what counts is what it
// answers when asked. So it does no harm if such messages come late, or are lost (ENOBUFS).

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/base/result.h"
#include "gateway/dataplane/links/coupling.h"
#include "gateway/os/descriptor.h"

struct mnl_socket;

namespace sluice::io {

using PortNames = std::array<std::string, 2>;  // by Side

// None: one of them does not exist.
[[nodiscard]] std::optional<PortStates> read_ports(const PortNames& names);

// Needs CAP_NET_ADMIN. Error: a line.
[[nodiscard]] Result<void, std::string> set_port(const std::string& name, bool up);

// Whoever couples two ports, or puts them up, has them for himself meanwhile (os/named_lock.h).
using PortLocks = std::array<os::Descriptor, 2>;
[[nodiscard]] Result<PortLocks, std::string> lock_ports(const PortNames& names);

// Puts up those of them that are down. Lines that say which; error: one. One that does not exist is
// passed over.
[[nodiscard]] Result<std::vector<std::string>, std::string> put_up(const PortNames& names);

// Tells when the link of any interface of this network namespace changed. One thread.
class LinkEvents {
 public:
  [[nodiscard]] static Result<LinkEvents, std::string> open();

  [[nodiscard]] int descriptor() const noexcept;  // readable: something changed
  void clear() noexcept;                          // never waits

 private:
  struct CloseSocket {
    void operator()(mnl_socket* socket) const noexcept;
  };
  using Socket = std::unique_ptr<mnl_socket, CloseSocket>;

  explicit LinkEvents(Socket socket) noexcept : socket_(std::move(socket)) {}

  Socket socket_;
};

}  // namespace sluice::io
