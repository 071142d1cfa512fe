#include "gateway/cli/audit_command_line.h"

#include <algorithm>

#include "gateway/cli/syntax.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kAuditOverview =
    R"(usage: sluice audit COMMAND [OPTIONS]      (help for a command: sluice audit COMMAND --help)

  verify   say whether an audit trail is whole: no line changed, taken out or put in
)";

auto text() {
  return po::value<std::string>();
}

Syntax verify_syntax() {
  Syntax syntax{
      "usage: sluice audit verify [OPTIONS] FILE…\n"
      "Says whether the lines of an audit trail follow from one another. Files in the order in "
      "which "
      "they\n"
      "were written: audit.jsonl.2 audit.jsonl.1 audit.jsonl.\n",
      "examples:\n"
      "  sluice audit verify /var/log/sluice/audit.jsonl\n"
      "  sluice audit verify --key-file /etc/sluice/chain.key --expect "
      "9f86d081884c7d659a2feaa0c55ad015 audit.jsonl\n"
      "exit status: 0 it is whole, 1 it is not, 2 a file cannot be read\n",
      common_options()};
  syntax.options.add_options()("key-file", text()->value_name("FILE"),
                               "the key of the chain ([audit] chain_key_file)")(
      "expect", text()->value_name("VALUE"),
      "the last value of the chain, noted elsewhere: shows whether lines were cut off at the end")(
      "file", po::value<std::vector<std::string>>()->value_name("FILE"), "the same as FILE");
  return syntax;
}

Syntax report_syntax() {
  Syntax syntax{
      "usage: sluice report [OPTIONS] FILE…\n"
      "Sums up an audit trail: attempts by app, day, client and version of the lists; what could "
      "not "
      "be\n"
      "judged; updates; whether the trail is whole. Files in the order in which they were "
      "written.\n",
      "examples:\n"
      "  sluice report /var/log/sluice/audit.jsonl\n"
      "  sluice report --html --from 2026-11-01 --to 2026-12-01 audit.jsonl.1 audit.jsonl > "
      "november.html\n"
      "exit status: 0, or 2 if a file cannot be read\n",
      common_options()};
  syntax.options.add_options()("html", "a page of its own, to read and to print")(
      "json", "for machines")("from", text()->value_name("DATE"), "from this day on (UTC)")(
      "to", text()->value_name("DATE"), "up to the day before this one")(
      "most", po::value<std::uint32_t>()->value_name("N"),
      "clients and names that are listed (default: 20)")(
      "key-file", text()->value_name("FILE"), "the key of the chain ([audit] chain_key_file)")(
      "audit", po::value<std::vector<std::string>>()->value_name("FILE"), "the same as FILE");
  return syntax;
}

bool is_date(const std::string& text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  return std::ranges::equal(text, kForm, [](char c, char form) {
    return form == 'd' ? c >= '0' && c <= '9' : c == form;
  });
}

Result<Command, Answer> parse_verify(const std::vector<std::string>& words) {
  const Syntax syntax = verify_syntax();
  const auto values = read_options(syntax, words, "file");
  if (!values) return fail(values.error());
  AuditVerifyCommand command{.files = texts_of(*values, "file"),
                             .key_file = text_of(*values, "key-file"),
                             .expect = text_of(*values, "expect")};
  if (command.files.empty()) return fail(missing(syntax, "FILE"));
  return command;
}

}  // namespace

Result<Command, Answer> parse_audit(const std::vector<std::string>& words) {
  if (words.empty()) return fail(Answer{kAuditOverview, kUsage});
  if (words.front() == "verify") return parse_verify({words.begin() + 1, words.end()});
  if (words.front() == "--help" || words.front() == "-h") return fail(Answer{kAuditOverview, 0});
  return fail(
      Answer{"sluice audit: unknown command \"" + words.front() + "\"\n" + kAuditOverview, kUsage});
}

Result<Command, Answer> parse_report(const std::vector<std::string>& words) {
  const Syntax syntax = report_syntax();
  const auto values = read_options(syntax, words, "audit");
  if (!values) return fail(values.error());
  ReportCommand command{.files = texts_of(*values, "audit"),
                        .key_file = text_of(*values, "key-file"),
                        .from = text_of(*values, "from"),
                        .to = text_of(*values, "to")};
  if (command.files.empty()) return fail(missing(syntax, "FILE"));
  if (values->count("most") != 0) command.most = (*values)["most"].as<std::uint32_t>();
  for (const char* const option : {"from", "to"}) {
    const std::string date = text_of(*values, option);
    if (date.empty() || is_date(date)) continue;
    return fail(
        Answer{std::string("sluice: --") + option + ": \"" + date + "\" is no date (2026-11-30)\n",
               kUsage});
  }
  const bool html = values->count("html") != 0, json = values->count("json") != 0;
  if (html && json) {
    return fail(Answer{"sluice: --html and --json are mutually exclusive\n", kUsage});
  }
  if (html) command.form = ReportCommand::Form::html;
  if (json) command.form = ReportCommand::Form::json;
  return command;
}

}  // namespace sluice::cli
