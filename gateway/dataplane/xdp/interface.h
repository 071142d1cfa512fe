#pragma once

// What the XDP dataplane asks the kernel of an interface. System calls. Any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::io {

// 0: there is none of this name.
[[nodiscard]] unsigned index_of_interface(const std::string& name) noexcept;
// Receive queues; 1 if the driver does not say.
[[nodiscard]] std::uint32_t receive_queues(const std::string& name) noexcept;
// Queues by which the kernel's stack, and so an AF_XDP socket, may send. The rest are the driver's
// own, for frames that are redirected: it takes no lock there. As many as it receives by if sysfs
// does not say.
[[nodiscard]] std::uint32_t send_queues(const std::string& name);
using HardwareAddress = std::array<std::byte, 6>;  // of Ethernet
[[nodiscard]] std::optional<HardwareAddress> hardware_address(const std::string& name) noexcept;
// It is up, and has a link.
[[nodiscard]] bool has_carrier(const std::string& name) noexcept;
// Until it is switched off: it outlives the process. False: the kernel refused it.
bool set_promiscuous(const std::string& name, bool on) noexcept;
// As long as the descriptor is open, however the process ends; the caller closes it. Negative: the
// kernel refused it.
[[nodiscard]] int promiscuous_while_open(unsigned index) noexcept;

}  // namespace sluice::io
