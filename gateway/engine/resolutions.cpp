#include "gateway/engine/resolutions.h"

#include <algorithm>

namespace sluice::engine {

Resolutions::Resolutions(std::vector<name::Name> names, std::vector<ResolvedAddress> addresses)
    : names_(std::move(names)) {
  std::ranges::stable_sort(addresses, {}, &ResolvedAddress::address);
  for (const ResolvedAddress& it : addresses) {
    if (addresses_.empty() || addresses_.back().address != it.address) {
      addresses_.push_back(it);
      continue;
    }
    ResolvedAddress& known = addresses_.back();
    known.expires = std::max(known.expires, it.expires);
    known.evidence += it.evidence;
  }
}

const ResolvedAddress* Resolutions::find(const IpAddress& address, Nanos now) const noexcept {
  const auto found = std::ranges::lower_bound(addresses_, address, {}, &ResolvedAddress::address);
  if (found == addresses_.end() || found->address != address || found->expires <= now) {
    return nullptr;
  }
  return &*found;
}

}  // namespace sluice::engine
