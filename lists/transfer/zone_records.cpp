#include "lists/transfer/zone_records.h"

#include <xxhash.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "lists/transfer/knot.h"

namespace sluice::lists {

std::string line_of(const knot_rrset_t& record) {
  constexpr std::size_t kUsualLine = 1024;
  // libknot makes it larger where it must.
  std::size_t size = kUsualLine;
  char* text = static_cast<char*>(std::malloc(size));
  if (text == nullptr) return {};
  const int written = knot_rrset_txt_dump(&record, &text, &size, &KNOT_DUMP_STYLE_DEFAULT);
  std::string line = written > 0 ? std::string(text, static_cast<std::size_t>(written)) : "";
  std::free(text);
  if (std::ranges::count(line, '\n') != 1 || !line.ends_with('\n')) return {};
  return line;
}

std::uint64_t ZoneRecords::hash_of(std::string_view line) const noexcept {
  constexpr std::string_view kBlanks = " \t";
  if (line.ends_with('\n')) line.remove_suffix(1);
  const std::size_t owner_end = std::min(line.find_first_of(kBlanks), line.size());
  const std::string_view owner = line.substr(0, owner_end);
  std::string_view rest = line.substr(owner_end);
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  rest.remove_prefix(std::min(rest.find_first_of(kBlanks), rest.size()));  // the TTL
  const std::uint64_t hash = XXH3_64bits_withSeed(
      rest.data(), rest.size(), XXH3_64bits_withSeed(owner.data(), owner.size(), seed_));
  return hash == 0 ? 1 : hash;
}

std::size_t ZoneRecords::place_of(std::uint64_t hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & mask;
  return at;
}

bool ZoneRecords::contains(std::uint64_t hash) const noexcept {
  return slots_[place_of(hash)] == hash;
}

bool ZoneRecords::insert(std::uint64_t hash) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  std::uint64_t& slot = slots_[place_of(hash)];
  if (slot == hash) return false;
  slot = hash;
  ++size_;
  return true;
}

// Those behind it move up, so that no search ends too soon.
bool ZoneRecords::erase(std::uint64_t hash) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = place_of(hash);
  if (slots_[hole] != hash) return false;
  for (std::size_t at = (hole + 1) & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const std::size_t home = slots_[at] & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = 0;
  --size_;
  return true;
}

void ZoneRecords::grow() {
  std::vector<std::uint64_t> old(slots_.size() * 2);
  old.swap(slots_);
  for (const std::uint64_t hash : old) {
    if (hash != 0) slots_[place_of(hash)] = hash;
  }
}

void ZoneRecords::clear() {
  slots_.assign(kLeast, 0);
  size_ = 0;
}

}  // namespace sluice::lists
