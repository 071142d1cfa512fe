#include "filters/inspect/finding.h"

#include <algorithm>

#include "filters/base/ip_address.h"

namespace sluice::inspect {
namespace {

// `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:443`, `2001:db8::1`; or nothing at all.
bool is_address_or_empty(std::string_view host) noexcept {
  const std::size_t first = host.find_first_not_of(" \t");
  if (first == std::string_view::npos) return true;
  host = host.substr(first, host.find_last_not_of(" \t.") + 1 - first);
  // Few names get beyond this.
  if (host.find_first_not_of("0123456789abcdefABCDEF.:[]") != std::string_view::npos) return false;
  if (host.starts_with('[')) {
    return IpAddress::parse(host.substr(1, host.find(']') - 1)).has_value();
  }
  return IpAddress::parse(host) || IpAddress::parse(host.substr(0, host.rfind(':')));
}

}  // namespace

std::string_view to_string(Protocol protocol) noexcept {
  static constexpr std::array<std::string_view, kProtocols> kTexts = {
#define SLUICE_X(protocol) #protocol,
      SLUICE_PROTOCOLS(SLUICE_X)
#undef SLUICE_X
  };
  return kTexts[static_cast<std::size_t>(protocol)];
}

Finding* FindingList::add() noexcept {
  if (count_ == kCapacity) return nullptr;
  Finding& finding = items_[count_++];
  finding.clear();
  return &finding;
}

bool shows_name(const FindingList& findings) noexcept {
  return std::ranges::any_of(findings, [](const Finding& finding) {
    const bool as_sent = finding.source == Source::server_name || finding.source == Source::host;
    const bool names_server = finding.source != Source::signature;
    return names_server && (!as_sent || !is_address_or_empty(finding.raw));
  });
}

}  // namespace sluice::inspect
