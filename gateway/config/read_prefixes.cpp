#include "gateway/config/read_prefixes.h"

namespace sluice::config {

std::string prefix_problem(const std::string& text) {
  const auto address = IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
  if (!address) {
    return "\"" + text + "\" is not an IP address or prefix (10.0.0.0/8, 2001:db8::/32)";
  }
  return "\"" + text + "\" has a wrong prefix length, or bits set behind it";
}

}  // namespace sluice::config
