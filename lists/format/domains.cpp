#include "lists/format/format.h"
#include "lists/format/line.h"

namespace sluice::lists {
namespace {

constexpr match::EntryKind kind_of(bool exception, bool exact) {
  if (exception) return exact ? match::EntryKind::exact_exception : match::EntryKind::exception;
  return exact ? match::EntryKind::exact : match::EntryKind::suffix;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

Parsed parse_domains(std::string_view text) {
  Parsed parsed;
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    std::string_view rest = line;
    const bool exception = take_prefix(rest, "@@");
    const bool exact = take_prefix(rest, "=");
    if (!exact) take_prefix(rest, "*.");  // says what a bare name says
    auto name = read_name(rest);
    if (name) {
      parsed.entries.push_back({*name, kind_of(exception, exact), number});
    } else {
      add_error(parsed, number, line, std::move(name.error()));
    }
  });
  return parsed;
}

}  // namespace sluice::lists
