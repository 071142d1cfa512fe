#include "filters/flow/keep_lists.h"

#include <algorithm>

namespace sluice::flow {
namespace {

// A client that holds more than this part of a class holds much.
constexpr std::uint32_t kFairPart = 64;

}  // namespace

KeepLists::KeepLists(std::size_t entries, const ClassLimits& limits, Owners owners, HashKey key)
    : entries_(static_cast<std::uint32_t>(entries)),
      limits_(limits),
      owners_(owners),
      links_(std::make_unique<Links[]>(entries)),
      shares_(owners == Owners::clients ? entries : 0, key) {}

void KeepLists::add(Index entry, Keep keep, const IpAddress* client) noexcept {
  links_[entry].keep = keep;
  link(entry);
  if (owners_ == Owners::clients) shares_.add(entry, *client, number_of(keep));
}

void KeepLists::remove(Index entry) noexcept {
  unlink(entry);
  if (owners_ == Owners::clients) shares_.remove(entry);
}

void KeepLists::touch(Index entry) noexcept {
  if (owners_ == Owners::clients) shares_.touch(entry);
  if (list_of(keep_of(entry)).newest == entry) return;
  unlink(entry);
  link(entry);
}

void KeepLists::move(Index entry, Keep to) noexcept {
  unlink(entry);
  links_[entry].keep = to;
  link(entry);
  if (owners_ == Owners::clients) shares_.move(entry, number_of(to));
}

KeepLists::Index KeepLists::first_to_go(Keep keep) const noexcept {
  if (owners_ == Owners::clients) {
    const std::uint32_t limit = limits_[keep];
    const std::uint32_t most = limit != 0 ? limit : entries_;
    const Index entry = shares_.yields(number_of(keep), std::max(most / kFairPart, 1U));
    if (entry != kNone) return entry;
  }
  return oldest(keep);
}

void KeepLists::link(Index entry) noexcept {
  List& list = lists_[number_of(keep_of(entry))];
  links_[entry].older = list.newest;
  links_[entry].newer = kNone;
  (list.newest == kNone ? list.oldest : links_[list.newest].newer) = entry;
  list.newest = entry;
  ++list.size;
}

void KeepLists::unlink(Index entry) noexcept {
  List& list = lists_[number_of(keep_of(entry))];
  const Links& links = links_[entry];
  (links.older == kNone ? list.oldest : links_[links.older].newer) = links.newer;
  (links.newer == kNone ? list.newest : links_[links.newer].older) = links.older;
  --list.size;
}

}  // namespace sluice::flow
