#include "gateway/engine/resolutions.h"

#include <algorithm>
#include <tuple>

namespace sluice::engine {

Resolutions::Resolutions(std::vector<name::Name> names, std::vector<ResolvedAddress> addresses)
    : names_(std::move(names)) {
  const auto place = [](const ResolvedAddress& it) { return std::tie(it.address, it.app); };
  std::ranges::stable_sort(addresses, {}, place);
  for (const ResolvedAddress& it : addresses) {
    if (addresses_.empty() || addresses_.back().address != it.address) ++count_;
    if (addresses_.empty() || place(addresses_.back()) != place(it)) {
      addresses_.push_back(it);
      continue;
    }
    ResolvedAddress& known = addresses_.back();
    known.expires = std::max(known.expires, it.expires);
    known.evidence += it.evidence;
  }
}

std::span<const ResolvedAddress> Resolutions::find(const IpAddress& address) const noexcept {
  return std::ranges::equal_range(addresses_, address, {}, &ResolvedAddress::address);
}

}  // namespace sluice::engine
