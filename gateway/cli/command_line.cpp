#include "gateway/cli/command_line.h"

#include "gateway/cli/lists_command_line.h"
#include "gateway/cli/syntax.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kOverview = R"(sluice: an inline gateway that enforces a ban of named apps

usage: sluice COMMAND [OPTIONS]      (sluice COMMAND --help tells more)

  run      bridge two interfaces and drop what is banned
  replay   judge a capture file as the gateway would
  inspect  print every name that a capture reveals
  check    tell what would happen to a name, and why
  lists    build, lint and show lists of names

  --version
)";

// For all commands but `run`.
void add_config(po::options_description& options) {
  options.add_options()(
      "config,c", po::value<std::string>()->value_name("FILE"),
      "configuration (deploy/sluice.toml shows every option); without: the shipped "
      "lists, dropped for every client");
}

void add_checksums(po::options_description& options) {
  options.add_options()("verify-checksums",
                        "leave out packets with a bad checksum, as a server would; off by default, "
                        "because captures made on a host have unfinished ones");
}

Syntax run_syntax() {
  Syntax syntax{
      "usage: sluice run --config FILE [OPTIONS]\n"
      "Bridges two interfaces and drops what is banned. SIGHUP reloads lists and policies.\n",
      "examples:\n"
      "  sluice run --config /etc/sluice/sluice.toml\n"
      "  sluice run --config deploy/sluice.toml --inside eth1 --outside eth2\n"
      "exit status: 0 after a clean stop, 1 the dataplane failed, 2 bad configuration (nothing "
      "was\n"
      "touched)\n",
      common_options()};
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("config,c", text()->value_name("FILE"),
                               "configuration (deploy/sluice.toml shows every option)")(
      "inside", text()->value_name("IF"), "interface of the clients' side")(
      "outside", text()->value_name("IF"), "interface of the internet's side")(
      "metrics", text()->value_name("IP:PORT"), "where Prometheus scrapes")(
      "audit", text()->value_name("FILE"), "audit trail, JSON lines; - is standard output");
  return syntax;
}

Syntax replay_syntax() {
  Syntax syntax{
      "usage: sluice replay --read IN.pcap[ng] [--write OUT.pcap] [--events FILE|-] [OPTIONS]\n"
      "Judges a capture as the gateway would. Packets that pass go to OUT.\n",
      "examples:\n"
      "  sluice replay --read office.pcapng --write passed.pcap --events -\n"
      "  sluice replay --read office.pcapng --config /etc/sluice/sluice.toml\n"
      "exit status: 0, or 2 where a file could not be read or written to its end\n",
      common_options()};
  add_config(syntax.options);
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("read,r", text()->value_name("FILE"),
                               "capture to judge; - is standard input")(
      "write,w", text()->value_name("FILE"), "capture of what passed")(
      "events,e", text()->value_name("FILE"), "audit records as JSON lines; - is standard output");
  add_checksums(syntax.options);
  return syntax;
}

Syntax inspect_syntax() {
  Syntax syntax{
      "usage: sluice inspect --read IN.pcap[ng] [OPTIONS]\n"
      "Prints every name that a capture reveals, a JSON object a line.\n",
      "examples:\n"
      "  sluice inspect --read office.pcapng\n"
      "  sluice inspect --read office.pcapng | jq -r 'select(.verdict == \"drop\") | .name'\n"
      "exit status: 0, or 2 where the capture could not be read to its end\n",
      common_options()};
  add_config(syntax.options);
  syntax.options.add_options()("read,r", po::value<std::string>()->value_name("FILE"),
                               "capture to read; - is standard input");
  add_checksums(syntax.options);
  return syntax;
}

Syntax check_syntax() {
  Syntax syntax{
      "usage: sluice check [NAME…] [OPTIONS]\n"
      "Tells what would happen to each name, and why. Without a NAME they come from standard "
      "input.\n",
      "examples:\n"
      "  sluice check web.wechat.com example.com\n"
      "  sluice check --client 10.1.2.3 --config /etc/sluice/sluice.toml www.tiktok.com\n"
      "  sluice check --json < names.txt\n"
      "  sluice check --image names.image www.tiktok.com\n"
      "exit status: 0 all pass, 1 some are blocked, 2 error\n",
      common_options()};
  add_config(syntax.options);
  syntax.options.add_options()("image", po::value<std::string>()->value_name("FILE"),
                               "ask this image (sluice lists build), all its apps dropped for "
                               "every client")(
      "client", po::value<std::string>()->value_name("IP"),
      "judge for this client; without: by the first policy that blocks")(
      "json", "a JSON object a line")("name",
                                      po::value<std::vector<std::string>>()->value_name("NAME"),
                                      "the same as NAME without it");
  return syntax;
}

Result<Command, Answer> parse_run(const std::vector<std::string>& words) {
  const Syntax syntax = run_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  if (values->count("config") == 0) return fail(missing(syntax, "--config"));
  return RunCommand{text_of(*values, "config"), optional_text(*values, "inside"),
                    optional_text(*values, "outside"), optional_text(*values, "metrics"),
                    optional_text(*values, "audit")};
}

Result<Command, Answer> parse_replay(const std::vector<std::string>& words) {
  const Syntax syntax = replay_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  if (values->count("read") == 0) return fail(missing(syntax, "--read"));
  return ReplayCommand{text_of(*values, "read"), text_of(*values, "write"),
                       text_of(*values, "events"), text_of(*values, "config"),
                       values->count("verify-checksums") != 0};
}

Result<Command, Answer> parse_inspect(const std::vector<std::string>& words) {
  const Syntax syntax = inspect_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  if (values->count("read") == 0) return fail(missing(syntax, "--read"));
  return InspectCommand{text_of(*values, "read"), text_of(*values, "config"),
                        values->count("verify-checksums") != 0};
}

Result<Command, Answer> parse_check(const std::vector<std::string>& words) {
  const Syntax syntax = check_syntax();
  const auto values = read_options(syntax, words, "name");
  if (!values) return fail(values.error());
  CheckCommand command;
  command.config = text_of(*values, "config");
  command.image = optional_text(*values, "image");
  if (command.image && values->count("config") != 0) {
    return fail(
        Answer{"sluice: --image stands for a configuration: --config is one too many\n", kUsage});
  }
  command.json = values->count("json") != 0;
  command.names = texts_of(*values, "name");
  if (values->count("client") != 0) {
    const std::string text = text_of(*values, "client");
    command.client = IpAddress::parse(text);
    if (!command.client) {
      return fail(Answer{"sluice: --client: \"" + text + "\" is no IP address\n", kUsage});
    }
  }
  return command;
}

}  // namespace

Result<Command, Answer> parse_command_line(const std::vector<std::string>& words) {
  if (words.empty()) return fail(Answer{kOverview, kUsage});
  const std::string& command = words.front();
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (command == "run") return parse_run(rest);
  if (command == "replay") return parse_replay(rest);
  if (command == "inspect") return parse_inspect(rest);
  if (command == "check") return parse_check(rest);
  if (command == "lists") return parse_lists(rest);
  if (command == "--help" || command == "-h" || command == "help") {
    return fail(Answer{kOverview, 0});
  }
  if (command == "--version") return fail(Answer{"sluice " SLUICE_VERSION "\n", 0});
  return fail(Answer{"sluice: no command \"" + command + "\"\n" + kOverview, kUsage});
}

}  // namespace sluice::cli
