// Any bytes as what a person asks about: a canonical name or an address, or a printable reason. The
// name written out in full is read as itself, and so is what a URL around it holds.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "lists/format/asked_name.h"
#include "tests/fuzz/list_properties.h"

namespace sluice::fuzz {
namespace {

void check(std::string_view text) {
  const auto asked = lists::read_asked_name(text);
  if (!asked) {
    require(!asked.error().empty());
    return;
  }
  std::string written;
  if (asked->address) {
    require(asked->name == name::Name{});
    written = asked->address->is_v4() ? asked->address->to_string()
                                      : '[' + asked->address->to_string() + ']';
  } else {
    test::ParsedEntry entry;
    entry.name = asked->name;
    written = entry.name.label_count() == 0 ? "." : escaped(entry);
  }
  for (const std::string& again : {written, written + ":443", "user@" + written + "/x"}) {
    const auto read = lists::read_asked_name(again);
    require(read && read->name == asked->name && read->address == asked->address);
  }
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
