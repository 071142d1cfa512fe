#include "lists/format/line.h"

#include <algorithm>

#include "filters/base/ip_address.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kMaxShown = 80;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_not_ascii(char c) {
  return static_cast<unsigned char>(c) > 0x7f;
}

// As it stands in the file, printable and of a readable length.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxShown)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > kMaxShown) out += "…";
  return out;
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Result<name::Name, std::string> read_name(std::string_view text) {
  if (std::ranges::any_of(text, is_blank)) return fail(std::string("blanks inside a name"));
  if (std::ranges::any_of(text, is_not_ascii)) {
    return fail(std::string("not ASCII: write the A-label (xn--…)"));
  }
  if (std::ranges::any_of(text, is_control)) {
    return fail(std::string("control characters inside a name"));
  }
  // With a final dot, as a name may have one, it still is no name.
  const std::string_view undotted = text.substr(0, text.size() - (text.ends_with('.') ? 1 : 0));
  if (IpAddress::parse(undotted)) return fail(std::string("an IP address, not a name"));
  if (text.find('*') != std::string_view::npos) {
    return fail(std::string("a glob inside a label is not supported"));
  }
  if (const auto odd = text.find_first_of("/:|^$,;\"'()<>[]{}@=!?&%"); odd != text.npos) {
    return fail(std::string("'") + text[odd] + "' does not belong into a name");
  }
  auto name = name::Name::from_text(text);
  if (!name) return fail(std::string(to_string(name.error())));
  if (name->label_count() == 0) return fail(std::string("the root: it would cover every name"));
  return *name;
}

void add_error(Parsed& parsed, std::uint32_t line, std::string_view text, std::string reason) {
  ++parsed.error_count;
  if (parsed.errors.size() < Parsed::kMaxErrors) {
    parsed.errors.push_back({line, shown(text), std::move(reason)});
  }
}

}  // namespace sluice::lists
