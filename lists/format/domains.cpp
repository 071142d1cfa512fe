#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {

void parse_domains(TextPart text, const Sink& sink) {
  NameReader names;
  for_each_line(text, [&](std::string_view line, std::uint32_t number) {
    std::string_view rest = line;
    const Action action = take_prefix(rest, "@@") ? Action::allow : Action::block;
    Scope scope = take_prefix(rest, "=") ? Scope::itself : Scope::subtree;
    // Means the same as the bare name.
    if (scope == Scope::subtree) static_cast<void>(take_prefix(rest, "*."));
    if (std::string_view name = rest;
        scope == Scope::subtree && take_prefix(name, "*.") && !name.contains('*')) {
      rest = name;
      scope = Scope::below;
    }
    if (auto name = names.read(rest, Globs::taken)) {
      emit_name(sink, *name, {.action = action, .scope = scope, .line = number}, line);
    } else {
      sink.error(line_error(number, line, std::move(name.error())));
    }
  });
}

}  // namespace sluice::lists
