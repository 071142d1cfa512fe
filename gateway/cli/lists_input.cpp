#include "gateway/cli/lists_input.h"

#include <filesystem>

#include "lists/format/format.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kAnyApp = "*";

// `APP=FILE` or `FILE`. An `=` behind a slash is part of the path.
Result<ListWord, Answer> read_list(const std::string& word, const char* app) {
  ListWord list;
  const std::size_t sign = word.find('=');
  const bool has_app = sign < word.find('/');
  list.file = has_app ? word.substr(sign + 1) : word;
  list.app = has_app          ? word.substr(0, sign)
             : app != nullptr ? std::string(app)
                              : std::filesystem::path(word).stem().string();
  if (list.app.empty() || list.file.empty()) {
    return fail(Answer{"sluice: \"" + word + "\" is not a list: write FILE or APP=FILE\n", kUsage});
  }
  if (list.app == kAnyApp && app == nullptr) {
    return fail(Answer{"sluice: \"" + word + "\": only exceptions may be for every app\n", kUsage});
  }
  return list;
}

}  // namespace

void add_input(po::options_description& options) {
  auto file = [] { return po::value<std::string>()->value_name("FILE"); };
  auto files = [](const char* name) {
    return po::value<std::vector<std::string>>()->value_name(name)->composing();
  };
  options.add_options()("exceptions", files("[APP=]FILE"),
                        "a list of names to let through; without APP= for every app")(
      "format", po::value<std::string>()->value_name(lists::format_choices("|")),
      "format of the lists; default: endpoints for *.endpoints, rpz for *.rpz, auto for others, "
      "which "
      "finds it by the first lines")(
      "critical", file(), "names that must never be blocked: refuse entries that cover one")(
      "popular", file(), "names that many people use: warn of entries that cover one")(
      "force", "take public suffixes (com, co.uk)")("list", files("[APP=]FILE"),
                                                    "the same as LIST");
}

Result<std::vector<ListWord>, Answer> read_lists(const std::vector<std::string>& words,
                                                 const char* app) {
  std::vector<ListWord> lists;
  for (const std::string& word : words) {
    auto list = read_list(word, app);
    if (!list) return fail(std::move(list.error()));
    lists.push_back(std::move(*list));
  }
  return lists;
}

Result<lists::FormatChoice, Answer> format_of(const po::variables_map& values) {
  const auto word = optional_text(values, "format");
  if (!word) return lists::FormatChoice{};
  const auto format = lists::parse_format_choice(*word);
  if (format) return *format;
  return fail(Answer{"sluice: --format: \"" + *word + "\" is not a list format (" +
                         lists::format_choices(", ") + ")\n",
                     kUsage});
}

Result<ListsInput, Answer> read_input(const Syntax& syntax, const po::variables_map& values) {
  auto lists = read_lists(texts_of(values, "list"), nullptr);
  if (!lists) return fail(std::move(lists.error()));
  auto exceptions = read_lists(texts_of(values, "exceptions"), kAnyApp);
  if (!exceptions) return fail(std::move(exceptions.error()));
  if (lists->empty() && exceptions->empty()) return fail(missing(syntax, "LIST"));
  ListsInput input{std::move(*lists), std::move(*exceptions)};
  input.critical = text_of(values, "critical");
  input.popular = text_of(values, "popular");
  input.force = values.count("force") != 0;
  if (optional_text(values, "format")) {
    auto format = format_of(values);
    if (!format) return fail(std::move(format.error()));
    input.format.emplace(*format);
  }
  return input;
}

}  // namespace sluice::cli
