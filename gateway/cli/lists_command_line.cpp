#include "gateway/cli/lists_command_line.h"

#include <filesystem>

#include "gateway/cli/syntax.h"
#include "lists/format/format.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kListsOverview = R"(usage: sluice lists COMMAND [OPTIONS]
Works on lists of names, offline: a running gateway is not affected.

  build    compile lists into an image
  lint     report errors, warnings and entries without effect
  show     show what is in an image

(help for a command: sluice lists COMMAND --help)
)";

constexpr const char* kAnyApp = "*";

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

Syntax build_syntax() {
  Syntax syntax{
      "usage: sluice lists build --out IMAGE [OPTIONS] LIST…\n"
      "Compiles lists into an image. A LIST is FILE or APP=FILE; without APP= the app is the name "
      "of\n"
      "the file. Refused lines are reported, and the image is written without them.\n",
      "examples:\n"
      "  sluice lists build --out names.image lists/apps/*.list lists/apps/*.endpoints\n"
      "  sluice lists build --out ads.image --format hosts ads=/etc/hosts.ads\n"
      "  sluice lists build --out names.image --exceptions ours.list --critical vital.txt "
      "chat.list\n"
      "exit status: 0, 1 some lines were refused, 2 error (no image was written)\n",
      common_options()};
  syntax.options.add_options()("out,o", po::value<std::string>()->value_name("IMAGE"),
                               "image to write; it replaces an old one only when it is complete");
  syntax.options.add_options()("accept-loss",
                               "replace the old image even if a list lost over a quarter of its "
                               "entries, or all");
  add_input(syntax.options);
  return syntax;
}

Syntax lint_syntax() {
  Syntax syntax{
      "usage: sluice lists lint [OPTIONS] LIST…\n"
      "Reports refused lines, warnings, and entries and exceptions without effect. A LIST is FILE "
      "or\n"
      "APP=FILE; without APP= the app is the name of the file.\n",
      "examples:\n"
      "  sluice lists lint lists/apps/*.list\n"
      "  sluice lists lint --critical vital.txt --popular top.txt chat=new.list\n"
      "exit status: 0, 1 some lines were refused, 2 error\n",
      common_options()};
  add_input(syntax.options);
  return syntax;
}

Syntax show_syntax() {
  Syntax syntax{
      "usage: sluice lists show IMAGE [OPTIONS]\n"
      "Shows what is in an image: its lists with their versions, its apps, rules and sizes.\n",
      "examples:\n"
      "  sluice lists show names.image\n"
      "  sluice lists show --json names.image | jq .lists\n"
      "exit status: 0, 2 the file is not an image, or is damaged\n",
      common_options()};
  syntax.options.add_options()("json", "print a JSON object")(
      "image", po::value<std::vector<std::string>>()->value_name("IMAGE"), "the same as IMAGE");
  return syntax;
}

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

// `app`: of words that name no app; null: the name of the file.
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
  if (const auto format = optional_text(values, "format")) {
    input.format = lists::parse_format_choice(*format);
    if (!input.format) {
      return fail(Answer{"sluice: --format: \"" + *format + "\" is not a list format (" +
                             lists::format_choices(", ") + ")\n",
                         kUsage});
    }
  }
  return input;
}

Result<Command, Answer> parse_build(const std::vector<std::string>& words) {
  const Syntax syntax = build_syntax();
  const auto values = read_options(syntax, words, "list");
  if (!values) return fail(values.error());
  const std::string out = text_of(*values, "out");
  if (out.empty()) return fail(missing(syntax, "--out"));
  auto input = read_input(syntax, *values);
  if (!input) return fail(std::move(input.error()));
  return ListsBuildCommand{std::move(*input), out, values->count("accept-loss") != 0};
}

Result<Command, Answer> parse_lint(const std::vector<std::string>& words) {
  const Syntax syntax = lint_syntax();
  const auto values = read_options(syntax, words, "list");
  if (!values) return fail(values.error());
  auto input = read_input(syntax, *values);
  if (!input) return fail(std::move(input.error()));
  return ListsLintCommand{std::move(*input)};
}

Result<Command, Answer> parse_show(const std::vector<std::string>& words) {
  const Syntax syntax = show_syntax();
  const auto values = read_options(syntax, words, "image");
  if (!values) return fail(values.error());
  const std::vector<std::string> images = texts_of(*values, "image");
  if (images.empty()) return fail(missing(syntax, "IMAGE"));
  if (images.size() > 1) {
    return fail(
        Answer{"sluice: \"" + images[1] + "\": show takes one image\n" + syntax.usage, kUsage});
  }
  return ListsShowCommand{images.front(), values->count("json") != 0};
}

}  // namespace

Result<Command, Answer> parse_lists(const std::vector<std::string>& words) {
  if (words.empty()) return fail(Answer{kListsOverview, kUsage});
  const std::string& command = words.front();
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (command == "build") return parse_build(rest);
  if (command == "lint") return parse_lint(rest);
  if (command == "show") return parse_show(rest);
  if (command == "--help" || command == "-h" || command == "help") {
    return fail(Answer{kListsOverview, 0});
  }
  return fail(
      Answer{"sluice: unknown command \"lists " + command + "\"\n" + kListsOverview, kUsage});
}

}  // namespace sluice::cli
