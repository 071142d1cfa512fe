#pragma once

// What would break a bridge of two interfaces, looked for before it starts. Each problem is a line
// for the operator, with the command that mends it. System calls; allocates.

#include <cstddef>
#include <string>
#include <vector>

namespace sluice::io {

[[nodiscard]] std::vector<std::string> check_interfaces(const std::string& inside,
                                                        const std::string& outside);

// ByteVector; 0 where the interface is gone.
[[nodiscard]] std::size_t mtu_of(const std::string& interface);

}  // namespace sluice::io
