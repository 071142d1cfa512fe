#pragma once

// What a person asks about: a name as in a list, or what people have at hand instead: a name in
// their own letters, a URL, a name with a port, the address of a server.
//
// Read as lists read names (IDN to A-labels, case, final dot), so that an answer about
// `bücher.example` is an answer about the entry that the list has. Pure; allocates. No I/O.

#include <optional>
#include <string>
#include <string_view>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "filters/name/name.h"

namespace sluice::lists {

struct AskedName {
  name::Name name;                   // the root if there is an address
  std::optional<IpAddress> address;  // of a server
  bool more_was_written = false;     // a scheme, user, port or path that was left out
};

// Error: why the text is no name, for the person.
[[nodiscard]] Result<AskedName, std::string> read_asked_name(std::string_view text);

}  // namespace sluice::lists
