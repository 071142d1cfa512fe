// Any bytes as wire form, as text and as a host: what is read is canonical and survives being
// written and read; a host that is a plain name gives that name; a suffix is never lost.

#include <cstdint>
#include <span>
#include <string>

#include "filters/name/name.h"
#include "tests/fuzz/require.h"

namespace sluice::name {
namespace {

using fuzz::lies_in;
using fuzz::require;

void check_name(const Name& name) {
  require(name.wire().size() <= kMaxNameBytes && name.label_count() <= kMaxLabels);
  const auto from_wire = Name::from_wire(name.wire());
  require(from_wire && *from_wire == name && from_wire->label_count() == name.label_count());
  std::array<char, kMaxTextBytes> buffer;
  const std::string_view text = to_text(name, buffer);
  const auto from_text = Name::from_text(text);
  require(from_text && *from_text == name);
  require(text.empty() || *Name::from_text(std::string(text) + '.') == name);

  std::size_t bytes = 1;
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    const Bytes label = name.label(i);
    require(!label.empty() && label.size() <= kMaxLabelBytes && lies_in(label, name.wire()));
    for (const char c : as_text(label)) require(to_lower_ascii(c) == c);
    bytes += 1 + label.size();
  }
  require(bytes == name.wire().size());
  for (std::size_t count = 0; count <= name.label_count(); ++count) {
    const auto suffix = Name::from_wire(name.suffix(count));
    require(suffix && suffix->label_count() == count);
    require(as_text(name.wire()).ends_with(as_text(name.suffix(count))));
  }
}

// A host whose last labels are these is found under them, whatever stands in front.
void check_suffix(std::string_view host) {
  const Name name = Name::from_host(std::string(host) + ".wechat.com");
  require(name.label_count() >= 2 && as_text(name.label(name.label_count() - 1)) == "com" &&
          as_text(name.label(name.label_count() - 2)) == "wechat");
}

void check(Bytes input) {
  const std::string_view text = as_text(input);
  if (const auto name = Name::from_wire(input)) {
    check_name(*name);
    require(equal_ignoring_case(as_text(name->wire()), text.substr(0, name->wire().size())));
  }
  const Name host = Name::from_host(text);
  check_name(host);
  check_suffix(text);
  if (const auto name = Name::from_text(text)) {
    check_name(*name);
    if (!text.contains('\\')) require(host == *name);
  }
}

}  // namespace
}  // namespace sluice::name

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::name::check(std::as_bytes(std::span(data, size)));
  return 0;
}
