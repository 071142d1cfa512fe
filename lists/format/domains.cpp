#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

constexpr match::EntryKind kind_of(bool exception, bool exact) {
  if (exception) return exact ? match::EntryKind::exact_exception : match::EntryKind::exception;
  return exact ? match::EntryKind::exact : match::EntryKind::suffix;
}

}  // namespace

void parse_domains(ListText text, const Sink& sink) {
  NameReader names;
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    std::string_view rest = line;
    const bool exception = take_prefix(rest, "@@");
    const bool exact = take_prefix(rest, "=");
    if (!exact) static_cast<void>(take_prefix(rest, "*."));  // says what a bare name says
    if (auto name = names.read(rest, Globs::taken)) {
      hand_on(sink, *name, kind_of(exception, exact), number, line);
    } else {
      sink.error(line_error(number, line, std::move(name.error())));
    }
  });
}

}  // namespace sluice::lists
