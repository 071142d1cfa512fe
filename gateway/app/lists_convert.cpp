// `sluice lists convert`: a list in another format.

#include <iostream>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "lists/compile/load.h"
#include "lists/format/detect.h"
#include "lists/format/write.h"

namespace sluice::app {
namespace {

void print(const std::string& file, const lists::Notes& notes, std::string_view mark) {
  for (const lists::LineError& note : notes.shown) {
    std::cerr << file << ':' << note.line << ": " << mark << '"' << note.text
              << "\": " << note.reason << '\n';
  }
  if (notes.count > notes.shown.size()) {
    std::cerr << "… and " << notes.count - notes.shown.size() << " more\n";
  }
}

}  // namespace

int lists_convert(const cli::ListsConvertCommand& command) {
  const auto loaded = lists::load_file(command.file);
  if (!loaded) return refuse(command.file + ": " + loaded.error());
  auto from = command.from ? command.from : lists::format_of_file(command.file);
  if (!from) {
    const auto found = lists::detect_format(loaded->text);
    if (!found) return refuse(command.file + ": " + found.error());
    from = *found;
    std::cerr << command.file << ": format " << to_string(*from) << " (found by its first lines)\n";
  }
  std::string text;
  lists::Notes errors, warnings;
  lists::ListWriter writer(command.to, text);
  const auto entry = [&](const lists::Entry& it) { writer.take(it); };
  const auto error = [&](lists::LineError it) { errors.add(std::move(it)); };
  const auto warning = [&](lists::LineWarning it) { warnings.add(std::move(it)); };
  lists::info_of(*from).parse({loaded->text}, {entry, error, warning});
  writer.finish();
  print(command.file, errors, "");
  print(command.file, writer.refused(), "");
  print(command.file, warnings, "warning: ");
  print(command.file, writer.warnings(), "warning: ");
  if (command.out.empty()) {
    std::cout << text;
    if (!all_written()) return kUnusable;
  } else if (!write_new_file(command.out, text)) {
    return refuse(command.out + ": cannot be written, or exists already");
  }
  return errors.count + writer.refused().count > 0 ? kFindings : kOk;
}

}  // namespace sluice::app
