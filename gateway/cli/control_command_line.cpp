#include "gateway/cli/control_command_line.h"

#include <algorithm>
#include <array>

#include "gateway/cli/syntax.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;
using control::Request;

struct Row {
  control::Command command;
  const char* usage;
  const char* examples;
  const char* positional;  // null: no words
};

// The order does not matter.
constexpr std::array kRows = {
    Row{control::Command::status,
        "usage: sluice status [OPTIONS]\n"
        "Shows whether the running gateway is healthy, and what it enforces.\n",
        "examples:\n"
        "  sluice status\n"
        "  sluice status --json | jq -r '.reasons[].code'\n"
        "exit status: 0 healthy, 1 degraded, 2 no gateway answers\n",
        nullptr},
    Row{control::Command::explain,
        "usage: sluice explain NAME [--client IP] [OPTIONS]\n"
        "Says what the running gateway does about a name, an IP address or a URL, and why. "
        "`sluice check` says\n"
        "the same of a configuration.\n",
        "examples:\n"
        "  sluice explain web.wechat.com\n"
        "  sluice explain --client 10.1.2.3 https://www.tiktok.com/\n"
        "exit status: 0 it passes, 1 it is blocked, 2 error\n",
        "name"},
    Row{control::Command::flows,
        "usage: sluice flows [OPTIONS]\n"
        "Shows what the gateway blocked or logged of late, the latest first. Names that pass are "
        "not recorded.\n",
        "examples:\n"
        "  sluice flows --limit 20\n"
        "  sluice flows --json | jq -r '.flows[].name' | sort | uniq -c\n"
        "exit status: 0, or 2 error\n",
        nullptr},
    Row{control::Command::clients,
        "usage: sluice clients [OPTIONS]\n"
        "Shows which clients still try which banned app, the latest first.\n",
        "examples:\n"
        "  sluice clients\n"
        "  sluice clients --limit 4096 --json | jq -r '.clients[] | select(.app == \"tiktok\") | "
        ".client'\n"
        "exit status: 0, or 2 error\n",
        nullptr},
    Row{control::Command::reload,
        "usage: sluice reload [--accept] [OPTIONS]\n"
        "Has the gateway read its lists and policies again, and waits for what becomes of it.\n",
        "examples:\n"
        "  sluice reload\n"
        "exit status: 0 in force, 1 the old ones stay in force, 2 error\n",
        nullptr},
    Row{control::Command::rollback,
        "usage: sluice rollback [SOURCE] [--to NUMBER | --resume] [OPTIONS]\n"
        "Puts an earlier version of a [[source]] in force, and waits for what becomes of it.\n"
        "`sluice lists rollback --list` shows the versions.\n",
        "examples:\n"
        "  sluice rollback department\n"
        "  sluice rollback department --resume\n"
        "exit status: 0 in force, 1 the old ones stay in force, 2 error\n",
        "source"},
    Row{control::Command::log_level,
        "usage: sluice log-level [debug|info|warn|error] [OPTIONS]\n"
        "Sets how much the running gateway logs, until it ends; or shows it.\n",
        "examples:\n"
        "  sluice log-level debug\n"
        "exit status: 0, or 2 error\n",
        "level"}};

const Row* row_of(const std::string& word) noexcept {
  const auto found = std::ranges::find_if(
      kRows, [&](const Row& row) { return control::to_string(row.command) == word; });
  return found == kRows.end() ? nullptr : &*found;
}

// The options of one command, besides those of all.
void add_own(control::Command command, po::options_description& options) {
  auto text = [] { return po::value<std::string>(); };
  auto words = [] { return po::value<std::vector<std::string>>(); };
  switch (command) {
    case control::Command::status:
    case control::Command::capture:  // has a syntax of its own
      break;
    case control::Command::explain:
      options.add_options()("client", text()->value_name("IP"),
                            "judge for this client; default: by the first policy that blocks the "
                            "name")("name", words()->value_name("NAME"), "the same as NAME");
      break;
    case control::Command::flows:
    case control::Command::clients:
      options.add_options()("limit", po::value<std::uint32_t>()->value_name("N"),
                            command == control::Command::flows
                                ? "show at most N, up to 512; default: 100"
                                : "show at most N, up to 4096; default: 100");
      break;
    case control::Command::reload:
      options.add_options()("accept",
                            "whatever lists lost: what SIGUSR2 does. Without it, a reload that "
                            "would lift the ban is refused");
      break;
    case control::Command::rollback:
      options.add_options()("source", words()->value_name("SOURCE"), "the same as SOURCE")(
          "to", po::value<std::uint64_t>()->value_name("NUMBER"),
          "this version; default: the one before that in force")("resume",
                                                                 "the newest version again");
      break;
    case control::Command::log_level:
      options.add_options()("level", words()->value_name("LEVEL"), "the same as LEVEL");
      break;
  }
}

void add_socket(po::options_description& options) {
  options.add_options()("socket",
                        po::value<std::string>()->value_name("PATH")->default_value(kControlSocket),
                        "[control] socket of the gateway");
}

Syntax top_syntax() {
  Syntax syntax{
      "usage: sluice top [OPTIONS]\n"
      "Shows a running gateway on a live screen: rates by app, protocol and policy, the load of "
      "workers, lists,\n"
      "and what was blocked of late, by name and client. q ends it.\n",
      "examples:\n"
      "  sluice top\n"
      "  sluice top --once\n"
      "exit status: 0, or 2 no gateway answers\n",
      common_options()};
  add_socket(syntax.options);
  syntax.options.add_options()(
      "interval", po::value<std::uint32_t>()->value_name("SECONDS")->default_value(2),
      "time between two looks, 1 to 60")("once", "print one screen after one interval, as text");
  return syntax;
}

Syntax capture_syntax() {
  Syntax syntax{
      "usage: sluice capture --write FILE [OPTIONS]\n"
      "Writes the packets that a running gateway blocks from now on into a capture, to look at "
      "with "
      "Wireshark.\n"
      "Packets that pass are never in it, nor are later ones of a flow that the kernel drops. For "
      "admins only.\n",
      "examples:\n"
      "  sluice capture --write blocked.pcap --seconds 300\n"
      "  sluice capture --write - --limit 20 | tcpdump -nr -\n"
      "exit status: 0, or 2 error\n",
      common_options()};
  add_socket(syntax.options);
  syntax.options.add_options()("write,w", po::value<std::string>()->value_name("FILE"),
                               "pcap file to write; - is standard output")(
      "seconds", po::value<std::uint32_t>()->value_name("N"),
      "for so long, up to 3600; default: 60. Ctrl-C ends it before")(
      "limit", po::value<std::uint32_t>()->value_name("N"),
      "packets at most, up to 100000; default: 1000");
  return syntax;
}

Syntax syntax_of(const Row& row) {
  Syntax syntax{row.usage, row.examples, common_options()};
  add_own(row.command, syntax.options);
  add_socket(syntax.options);
  syntax.options.add_options()("json", "print the gateway's reply, one JSON object");
  return syntax;
}

template <typename Number>
void take_number(const po::variables_map& values, const char* option,
                 std::optional<Number>& number) {
  if (values.count(option) != 0) number = values[option].as<Number>();
}

}  // namespace

bool is_control_command(const std::string& word) noexcept {
  return row_of(word) != nullptr;
}

Result<Command, Answer> parse_control(const std::string& command,
                                      const std::vector<std::string>& words) {
  const Row& row = *row_of(command);
  const Syntax syntax = syntax_of(row);
  const auto values = read_options(syntax, words, row.positional);
  if (!values) return fail(values.error());
  Request request{.command = row.command};
  if (row.positional != nullptr) {
    const auto given = texts_of(*values, row.positional);
    if (given.size() > 1) {
      return fail(
          Answer{"sluice: \"" + given[1] + "\" is one word too many\n" + row.usage, kUsage});
    }
    const std::string word = given.empty() ? std::string() : given.front();
    if (row.command == control::Command::explain) request.name = word;
    if (row.command == control::Command::rollback) request.source = word;
    if (row.command == control::Command::log_level) request.level = word;
  }
  if (row.command == control::Command::explain && request.name.empty()) {
    return fail(missing(syntax, "NAME"));
  }
  if (const std::string client = text_of(*values, "client"); !client.empty()) {
    request.client = IpAddress::parse(client);
    if (!request.client) {
      return fail(Answer{"sluice: --client: \"" + client + "\" is not an IP address\n", kUsage});
    }
  }
  take_number(*values, "limit", request.limit);
  take_number(*values, "to", request.to);
  request.accept = values->count("accept") != 0;
  request.resume = values->count("resume") != 0;
  // What the gateway would refuse is refused here.
  const auto read = control::parse_request(control::to_line(request));
  if (!read) return fail(Answer{"sluice: " + read.error().text + "\n" + row.usage, kUsage});
  return ControlCommand{std::move(request), text_of(*values, "socket"), values->count("json") != 0};
}

Result<Command, Answer> parse_capture(const std::vector<std::string>& words) {
  const Syntax syntax = capture_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  CaptureCommand command{.socket = text_of(*values, "socket"), .write = text_of(*values, "write")};
  if (command.write.empty()) return fail(missing(syntax, "--write"));
  take_number(*values, "limit", command.limit);
  take_number(*values, "seconds", command.seconds);
  const Request request{
      .command = control::Command::capture, .limit = command.limit, .seconds = command.seconds};
  const auto read = control::parse_request(control::to_line(request));
  if (!read) return fail(Answer{"sluice: " + read.error().text + '\n', kUsage});
  return command;
}

Result<Command, Answer> parse_top(const std::vector<std::string>& words) {
  const Syntax syntax = top_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  TopCommand command{text_of(*values, "socket"), (*values)["interval"].as<std::uint32_t>(),
                     values->count("once") != 0};
  constexpr std::uint32_t kLongest = 60;
  if (command.interval == 0 || command.interval > kLongest) {
    return fail(Answer{"sluice: --interval: is not from 1 to 60\n", kUsage});
  }
  return command;
}

}  // namespace sluice::cli
