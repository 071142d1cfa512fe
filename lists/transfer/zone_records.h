#pragma once

// The records of a zone, as lines of a zone file, and which of them there are.
//
//   bad.example.rpz.test.   60      CNAME   .
//   owner, lower case       TTL     type    data, as libknot writes it
//
// A set of 64-bit keyed hashes says whether a change fits the zone: 12 to 24 bytes a record, where
// the lines would need a hundred. Two records with one hash would be refused as a change that does
// not fit, and the zone transferred as a whole.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lists/transfer/knot.h"

namespace sluice::lists {

// With a line feed. Empty: the data cannot be written.
[[nodiscard]] std::string line_of(const knot_rrset_t& record);

class ZoneRecords {
 public:
  // Drawn at random, so that nobody can aim two records at one hash.
  explicit ZoneRecords(std::uint64_t seed) noexcept : seed_(seed), slots_(kLeast) {}

  // Of a line, without its TTL: a change of it is no other record.
  [[nodiscard]] std::uint64_t hash_of(std::string_view line) const noexcept;

  bool insert(std::uint64_t hash);          // false: it was there
  bool erase(std::uint64_t hash) noexcept;  // false: it was not there
  [[nodiscard]] bool contains(std::uint64_t hash) const noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void clear();

 private:
  static constexpr std::size_t kLeast = 1024;  // slots, a power of two

  [[nodiscard]] std::size_t place_of(std::uint64_t hash) const noexcept;
  void grow();

  std::uint64_t seed_;
  std::vector<std::uint64_t> slots_;  // 0: free; at most three quarters are taken
  std::size_t size_ = 0;
};

}  // namespace sluice::lists
