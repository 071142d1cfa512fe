#pragma once

// About how many different clients there were, without keeping one: linear counting (Whang and
// others, 1990) in 128 bits. A client's keyed hash sets one bit, so that on average one client in
// 128 looks like any other, and the key never leaves the process.
//
// A value. Off by about one of 10 clients, ten of 100; nothing above kMost is told apart.

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace sluice::engine {

class ClientSketch {
 public:
  using Words = std::array<std::uint64_t, 2>;
  static constexpr std::size_t kBits = 128;
  static constexpr std::uint32_t kMost = 500;

  ClientSketch() noexcept = default;
  explicit ClientSketch(const Words& words) noexcept : words_(words) {}

  // `hash`: of a client, uniform.
  void add(std::uint64_t hash) noexcept {
    words_[hash / 64 % words_.size()] |= std::uint64_t{1} << hash % 64;
  }
  void add(const ClientSketch& others) noexcept {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= others.words_[i];
  }

  [[nodiscard]] std::uint32_t bits_set() const noexcept {
    return static_cast<std::uint32_t>(std::popcount(words_[0]) + std::popcount(words_[1]));
  }
  [[nodiscard]] std::uint32_t estimate() const noexcept {
    const std::size_t clear = kBits - bits_set();
    if (clear < 3) return kMost;
    const double all = kBits;
    return static_cast<std::uint32_t>(
        std::lround(-all * std::log(static_cast<double>(clear) / all)));
  }
  [[nodiscard]] const Words& words() const noexcept { return words_; }

 private:
  Words words_{};
};

}  // namespace sluice::engine
