#pragma once

// Address prefixes of a table. Private to gateway/config.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/base/ip_address.h"
#include "gateway/config/table_reader.h"

namespace sluice::config {

// Why `text` is not a prefix, for the operator.
[[nodiscard]] std::string prefix_problem(const std::string& text);

// Calls take(prefix, index) for each.
template <typename Take>
void read_prefixes(TableReader& table, std::string_view key, Take&& take) {
  std::vector<std::string> texts;
  table.read(key, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (const auto prefix = IpPrefix::parse(texts[i])) {
      take(*prefix, i);
    } else {
      table.error(key, i, prefix_problem(texts[i]));
    }
  }
}

}  // namespace sluice::config
