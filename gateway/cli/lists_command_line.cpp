#include "gateway/cli/lists_command_line.h"

#include "gateway/cli/bundle_command_line.h"
#include "gateway/cli/lists_input.h"
#include "gateway/cli/suggest_command_line.h"
#include "gateway/cli/syntax.h"
#include "lists/format/format.h"
#include "lists/format/write.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kListsOverview = R"(usage: sluice lists COMMAND [OPTIONS]
Works on lists of names, offline: a running gateway is not affected.

  build    compile lists into an image
  lint     report errors, warnings and entries without effect
  show     show what is in an image
  search   find the rules for a name in an image
  convert  write a list in another format
  diff     show what two lists or images differ in, and what it would do to traffic
  suggest  show names that traffic ties to a banned app, as candidates for a list
  rollback put an earlier version of a source in force in a running gateway
  keygen   make a key that signs bundles
  sign     put lists or images into a signed bundle, or add a signature to one
  verify   show what is in a bundle and who signed it, if it may be taken

(help for a command: sluice lists COMMAND --help)
)";

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
  syntax.options.add_options()("json", "print a JSON object for each finding");
  return syntax;
}

Syntax search_syntax() {
  Syntax syntax{
      "usage: sluice lists search IMAGE NAME… [OPTIONS]\n"
      "Finds the rules of an image that cover a name (best first), and those of names below it.\n",
      "examples:\n"
      "  sluice lists search names.image web.wechat.com\n"
      "  sluice lists search --json names.image example.com | jq .below_count\n"
      "exit status: 0, 1 a name has no rule, 2 error\n",
      common_options()};
  syntax.options.add_options()("json", "print a JSON object for each name")(
      "word", po::value<std::vector<std::string>>()->value_name("WORD"), "the same as IMAGE, NAME");
  return syntax;
}

Syntax convert_syntax() {
  Syntax syntax{
      "usage: sluice lists convert --to FORMAT [OPTIONS] FILE\n"
      "Writes a list in another format. What that format cannot say exactly is reported and left "
      "out.\n",
      "examples:\n"
      "  sluice lists convert --to rpz chat.list > chat.rpz\n"
      "  sluice lists convert --format hosts --to domains --out ads.list /etc/hosts.ads\n"
      "exit status: 0, 1 some lines were left out, 2 error\n",
      common_options()};
  syntax.options.add_options()("to", po::value<std::string>()->value_name(lists::format_names("|")),
                               "format to write")(
      "format", po::value<std::string>()->value_name(lists::format_choices("|")),
      "format of FILE; default: as its name or its first lines tell")(
      "out,o", po::value<std::string>()->value_name("FILE"),
      "file to write, which must not exist; default: standard output")(
      "file", po::value<std::vector<std::string>>()->value_name("FILE"), "the same as FILE");
  return syntax;
}

Syntax diff_syntax() {
  Syntax syntax{
      "usage: sluice lists diff [OPTIONS] OLD NEW\n"
      "Shows which rules NEW adds and removes, by app. OLD and NEW are images, or lists: FILE or\n"
      "APP=FILE. With a capture or an audit trail also what that would have done to its clients.\n",
      "examples:\n"
      "  sluice lists diff names.image new.image\n"
      "  sluice lists diff --capture morning.pcap chat.list new/chat.list\n"
      "exit status: 0 no difference, 1 they differ, 2 error\n",
      common_options()};
  syntax.options.add_options()("capture", po::value<std::string>()->value_name("FILE"),
                               "capture whose names are judged by both")(
      "audit", po::value<std::string>()->value_name("FILE"),
      "audit trail whose names are judged by both; it only has what was blocked or logged")(
      "format", po::value<std::string>()->value_name(lists::format_choices("|")),
      "format of lists; default: as their names or first lines tell")(
      "most", po::value<std::size_t>()->value_name("N"),
      "names to print of each kind; default 100")("json", "print a JSON object")(
      "word", po::value<std::vector<std::string>>()->value_name("WORD"), "the same as OLD, NEW");
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
  return ListsLintCommand{std::move(*input), values->count("json") != 0};
}

Result<Command, Answer> parse_search(const std::vector<std::string>& words) {
  const Syntax syntax = search_syntax();
  const auto values = read_options(syntax, words, "word");
  if (!values) return fail(values.error());
  std::vector<std::string> given = texts_of(*values, "word");
  if (given.empty()) return fail(missing(syntax, "IMAGE"));
  if (given.size() == 1) return fail(missing(syntax, "NAME"));
  ListsSearchCommand command{.image = given.front(), .json = values->count("json") != 0};
  command.names.assign(given.begin() + 1, given.end());
  return command;
}

Result<Command, Answer> parse_convert(const std::vector<std::string>& words) {
  const Syntax syntax = convert_syntax();
  const auto values = read_options(syntax, words, "file");
  if (!values) return fail(values.error());
  const std::vector<std::string> files = texts_of(*values, "file");
  if (files.empty()) return fail(missing(syntax, "FILE"));
  if (files.size() > 1) {
    return fail(
        Answer{"sluice: \"" + files[1] + "\": convert takes one list\n" + syntax.usage, kUsage});
  }
  ListsConvertCommand command{.file = files.front(), .out = text_of(*values, "out")};
  const std::string to = text_of(*values, "to");
  if (to.empty()) return fail(missing(syntax, "--to"));
  const auto format = lists::parse_format(to);
  if (!format || !lists::is_format_of_names(*format)) {
    return fail(Answer{"sluice: --to: \"" + to + "\" is not a format of names\n", kUsage});
  }
  command.to = *format;
  auto from = format_of(*values);
  if (!from) return fail(std::move(from.error()));
  command.from = *from;
  return command;
}

Result<Command, Answer> parse_diff(const std::vector<std::string>& words) {
  constexpr const char* kOneApp = "list";  // so that files of different names can be compared
  const Syntax syntax = diff_syntax();
  const auto values = read_options(syntax, words, "word");
  if (!values) return fail(values.error());
  const auto lists = read_lists(texts_of(*values, "word"), kOneApp);
  if (!lists) return fail(lists.error());
  if (lists->size() < 2) return fail(missing(syntax, lists->empty() ? "OLD" : "NEW"));
  if (lists->size() > 2) {
    return fail(
        Answer{"sluice: \"" + (*lists)[2].file + "\": diff takes two\n" + syntax.usage, kUsage});
  }
  ListsDiffCommand command{.before = (*lists)[0],
                           .after = (*lists)[1],
                           .capture = text_of(*values, "capture"),
                           .audit = text_of(*values, "audit"),
                           .json = values->count("json") != 0};
  auto format = format_of(*values);
  if (!format) return fail(std::move(format.error()));
  command.format = *format;
  if (values->count("most") != 0) command.most = (*values)["most"].as<std::size_t>();
  return command;
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

Syntax rollback_syntax() {
  Syntax syntax{
      "usage: sluice lists rollback --config FILE [OPTIONS] [SOURCE]\n"
      "Puts an earlier version of a [[source]] in force, the one before unless --to names "
      "another,\n"
      "and has the running gateway reload. It stays until the source publishes something newer "
      "than\n"
      "what was rolled back from, or until --resume.\n",
      "examples:\n"
      "  sluice lists rollback -c sluice.toml --list\n"
      "  sluice lists rollback -c sluice.toml department --to 7\n"
      "exit status: 0, 2 error (nothing was changed)\n",
      common_options()};
  syntax.options.add_options()("config,c", po::value<std::string>()->value_name("FILE"),
                               "configuration with the [[source]]")(
      "to", po::value<std::uint64_t>()->value_name("NUMBER"), "a version that --list prints")(
      "list", "print the versions on disk; changes nothing")("resume", "the newest version again")(
      "source", po::value<std::vector<std::string>>()->value_name("SOURCE"), "the same as SOURCE");
  return syntax;
}

Result<Command, Answer> parse_rollback(const std::vector<std::string>& words) {
  const Syntax syntax = rollback_syntax();
  const auto values = read_options(syntax, words, "source");
  if (!values) return fail(values.error());
  const std::vector<std::string> sources = texts_of(*values, "source");
  if (sources.size() > 1) {
    return fail(Answer{"sluice: \"" + sources[1] + "\": rollback takes one source\n" + syntax.usage,
                       kUsage});
  }
  ListsRollbackCommand command{.config = text_of(*values, "config"),
                               .source = sources.empty() ? "" : sources.front(),
                               .list = values->count("list") != 0,
                               .resume = values->count("resume") != 0};
  if (command.config.empty()) return fail(missing(syntax, "--config"));
  if (values->count("to") != 0) command.to = (*values)["to"].as<std::uint64_t>();
  if (command.list + command.resume + command.to.has_value() > 1) {
    return fail(Answer{"sluice: --list, --resume and --to exclude each other\n", kUsage});
  }
  return command;
}

}  // namespace

Result<Command, Answer> parse_lists(const std::vector<std::string>& words) {
  if (words.empty()) return fail(Answer{kListsOverview, kUsage});
  const std::string& command = words.front();
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (command == "build") return parse_build(rest);
  if (command == "lint") return parse_lint(rest);
  if (command == "show") return parse_show(rest);
  if (command == "search") return parse_search(rest);
  if (command == "convert") return parse_convert(rest);
  if (command == "diff") return parse_diff(rest);
  if (command == "rollback") return parse_rollback(rest);
  if (command == "suggest") return parse_suggest(rest);
  if (command == "keygen") return parse_keygen(rest);
  if (command == "sign") return parse_sign(rest);
  if (command == "verify") return parse_verify(rest);
  if (command == "--help" || command == "-h" || command == "help") {
    return fail(Answer{kListsOverview, 0});
  }
  return fail(
      Answer{"sluice: unknown command \"lists " + command + "\"\n" + kListsOverview, kUsage});
}

}  // namespace sluice::cli
