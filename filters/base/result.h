#pragma once

// Result<T, E>: a value, or the reason why there is none. filters/ never throws.

#include <expected>
#include <utility>

namespace sluice {

template <typename T, typename E>
using Result = std::expected<T, E>;

// `return fail(HelloError::malformed);`
template <typename E>
[[nodiscard]] constexpr std::unexpected<E> fail(E error) {
  return std::unexpected<E>(std::move(error));
}

}  // namespace sluice
