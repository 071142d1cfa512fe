#include "gateway/cli/suggest_command_line.h"

#include "gateway/cli/syntax.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

Syntax suggest_syntax() {
  Syntax syntax{
      "usage: sluice lists suggest --file FILE [OPTIONS]\n"
      "Shows names that no list has and that traffic ties to a banned app, with the evidence, from "
      "the\n"
      "file that a gateway with [suggest] keeps. They are candidates: nothing is blocked. With "
      "--to "
      "it\n"
      "writes a list to edit, sign and publish; what speaks against a name makes it a comment "
      "there.\n",
      "examples:\n"
      "  sluice lists suggest --file /var/lib/sluice/suggestions.json\n"
      "  sluice lists suggest -c sluice.toml --app chat --min-clients 5 --to chat-new.list\n"
      "exit status: 0, 1 names in LIST are comments, because something speaks against them, 2 "
      "error\n",
      common_options()};
  auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  syntax.options.add_options()("file", text("FILE"), "file of suggestions")(
      "config,c", text("FILE"),
      "configuration that names it, and the files of critical and popular names")(
      "app", text("APP"), "only names of this app")(
      "min-count", po::value<std::uint64_t>()->value_name("N"),
      "only names that were seen so often; default 5")(
      "min-clients", po::value<std::uint32_t>()->value_name("N"),
      "only names of about so many clients, or of the gateway's own resolver; default 3")(
      "critical", text("FILE"), "names that must never be blocked: mark what covers one")(
      "popular", text("FILE"), "names that many people use: mark what covers one")(
      "json", "print a JSON object for each name")(
      "to", text("LIST"), "list to write, which must not exist")("replace",
                                                                 "write LIST even if it exists");
  return syntax;
}

}  // namespace

Result<Command, Answer> parse_suggest(const std::vector<std::string>& words) {
  const Syntax syntax = suggest_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  ListsSuggestCommand command{.file = text_of(*values, "file"),
                              .config = text_of(*values, "config"),
                              .app = text_of(*values, "app"),
                              .critical = text_of(*values, "critical"),
                              .popular = text_of(*values, "popular"),
                              .to = text_of(*values, "to"),
                              .replace = values->count("replace") != 0,
                              .json = values->count("json") != 0};
  if (command.file.empty() && command.config.empty()) return fail(missing(syntax, "--file"));
  if (command.replace && command.to.empty()) return fail(missing(syntax, "--to"));
  if (command.json && !command.to.empty()) {
    return fail(Answer{"sluice: --json and --to exclude each other\n", kUsage});
  }
  if (values->count("min-count") != 0) {
    command.least_count = (*values)["min-count"].as<std::uint64_t>();
  }
  if (values->count("min-clients") != 0) {
    command.least_clients = (*values)["min-clients"].as<std::uint32_t>();
  }
  return command;
}

}  // namespace sluice::cli
