#include "gateway/cli/command_line.h"

#include "gateway/cli/audit_command_line.h"
#include "gateway/cli/control_command_line.h"
#include "gateway/cli/doctor_command_line.h"
#include "gateway/cli/lists_command_line.h"
#include "gateway/cli/syntax.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

constexpr const char* kOverview = R"(sluice: an inline gateway that enforces a ban of named apps

usage: sluice COMMAND [OPTIONS]      (help for a command: sluice COMMAND --help)

  run      bridge two interfaces and block the traffic of banned apps
  detach   remove what a gateway left in the kernel
  rules    print the firewall rules of the dataplane nfqueue
  replay   judge a capture file as the gateway would
  inspect  print every name in a capture
  check    show what would happen to a name, and why
  doctor   show what this host supports and what is set wrongly; mend it
  lists    build, lint and show lists of names
  audit    say whether an audit trail is whole
  report   sum up an audit trail

of a running gateway, by its control socket:

  status     is it healthy, and what does it enforce?
  top        the same, live: rates, workers, blocked names and clients
  explain    what does it do about a name, and why?
  flows      what did it block of late?
  clients    which clients still try which banned app?
  capture    write the packets that a running gateway blocks
  reload     read lists and policies again
  rollback   an earlier version of a source in force
  log-level  how much it logs

  --version
)";

// For all commands except `run`.
void add_config(po::options_description& options) {
  options.add_options()(
      "config,c", po::value<std::string>()->value_name("FILE"),
      "configuration (deploy/sluice.toml documents every option); default: the shipped "
      "lists, dropped for every client");
}

void add_checksums(po::options_description& options) {
  options.add_options()(
      "verify-checksums",
      "drop packets with a bad checksum, as a server would; off by default, because "
      "captures made on a host contain checksums that its card had yet to fill in");
}

Syntax run_syntax() {
  Syntax syntax{
      "usage: sluice run --config FILE [OPTIONS]\n"
      "Bridges two interfaces and blocks the traffic of banned apps. SIGHUP reloads lists and "
      "policies;\n"
      "SIGUSR2 too, and accepts lists that lost their entries.\n",
      "examples:\n"
      "  sluice run --config /etc/sluice/sluice.toml\n"
      "  sluice run --config deploy/sluice.toml --inside eth1 --outside eth2\n"
      "  sluice run --config /etc/sluice/sluice.toml --check\n"
      "exit status: 0 stopped by a signal, 1 the dataplane failed, 2 bad configuration (no\n"
      "interface was opened)\n",
      common_options()};
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("config,c", text()->value_name("FILE"),
                               "configuration (deploy/sluice.toml documents every option)")(
      "dataplane", text()->value_name("pcap|xdp|nfqueue"),
      "instead of the configuration's [dataplane] type")("inside", text()->value_name("IF"),
                                                         "interface on the clients' side")(
      "outside", text()->value_name("IF"), "interface on the internet's side")(
      "metrics", text()->value_name("IP:PORT"), "address and port for Prometheus")(
      "audit", text()->value_name("FILE"), "audit trail as JSON lines; - is standard output")(
      "check",
      "read the configuration and its lists as a start would, say what is wrong, and end: no "
      "interface is touched");
  return syntax;
}

Syntax detach_syntax() {
  Syntax syntax{
      "usage: sluice detach --config FILE [OPTIONS]\n"
      "Removes what a gateway left in the kernel. xdp: takes its program off the two interfaces "
      "and\n"
      "removes its pins; the interfaces then forward nothing. nfqueue: removes its firewall rules; "
      "the\n"
      "host then routes all. A gateway that runs has to be stopped first.\n",
      "examples:\n"
      "  sluice detach --config /etc/sluice/sluice.toml\n"
      "exit status: 0, or 2 if it could not be removed\n",
      common_options()};
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("config,c", text()->value_name("FILE"),
                               "the gateway's configuration: its interfaces and its pins")(
      "inside", text()->value_name("IF"), "interface on the clients' side")(
      "outside", text()->value_name("IF"), "interface on the internet's side");
  return syntax;
}

Syntax rules_syntax() {
  Syntax syntax{
      "usage: sluice rules --print --config FILE [OPTIONS]\n"
      "Prints the firewall rules of [dataplane] type \"nfqueue\", for those who manage their own\n"
      "(rules = \"none\").\n",
      "examples:\n"
      "  sluice rules --print --config /etc/sluice/sluice.toml >/etc/nftables.d/sluice.nft\n"
      "  sluice rules --print --config /etc/sluice/sluice.toml --tool ip6tables | "
      "ip6tables-restore --noflush\n"
      "exit status: 0, or 2 if the configuration is wrong\n",
      common_options()};
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("print,p", "print them")("config,c", text()->value_name("FILE"),
                                                        "the gateway's configuration")(
      "tool", text()->value_name("nft|iptables|ip6tables"),
      "for `nft -f` (the default), or for iptables-restore of IPv4 or IPv6");
  return syntax;
}

Syntax replay_syntax() {
  Syntax syntax{
      "usage: sluice replay --read IN.pcap[ng] [--write OUT.pcap] [--events FILE|-] [OPTIONS]\n"
      "Judges a capture as the gateway would, and writes the packets that pass to OUT.\n",
      "examples:\n"
      "  sluice replay --read office.pcapng --write passed.pcap --events -\n"
      "  sluice replay --read office.pcapng --config /etc/sluice/sluice.toml\n"
      "exit status: 0, or 2 if a file could not be read or written completely\n",
      common_options()};
  add_config(syntax.options);
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("read,r", text()->value_name("FILE"),
                               "capture to judge; - is standard input")(
      "write,w", text()->value_name("FILE"), "capture to write: the packets that passed")(
      "events,e", text()->value_name("FILE"), "audit records as JSON lines; - is standard output");
  add_checksums(syntax.options);
  return syntax;
}

Syntax inspect_syntax() {
  Syntax syntax{
      "usage: sluice inspect --read IN.pcap[ng] [OPTIONS]\n"
      "Prints every name in a capture, one JSON object a line.\n",
      "examples:\n"
      "  sluice inspect --read office.pcapng\n"
      "  sluice inspect --read office.pcapng | jq -r 'select(.verdict == \"drop\") | .name'\n"
      "exit status: 0, or 2 if the capture could not be read completely\n",
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
      "Shows what would happen to each name or IP address, and why. Without NAME it reads them "
      "from\n"
      "standard input, one a line.\n",
      "examples:\n"
      "  sluice check web.wechat.com example.com\n"
      "  sluice check --client 10.1.2.3 --config /etc/sluice/sluice.toml www.tiktok.com\n"
      "  sluice check --json < names.txt\n"
      "  sluice check --image names.image www.tiktok.com\n"
      "exit status: 0 all pass, 1 some are blocked, 2 error\n",
      common_options()};
  add_config(syntax.options);
  syntax.options.add_options()(
      "image", po::value<std::string>()->value_name("FILE"),
      "use this image (sluice lists build) instead of a configuration: all "
      "its apps are dropped for every client")(
      "target", po::value<std::string>()->value_name("NAME"),
      "the names' DNS answer leads to NAME (an alias): would it pass?")(
      "client", po::value<std::string>()->value_name("IP"),
      "judge for this client; default: by the first policy that blocks the name")(
      "json", "print one JSON object a line")(
      "name", po::value<std::vector<std::string>>()->value_name("NAME"), "the same as NAME");
  return syntax;
}

Result<Command, Answer> parse_run(const std::vector<std::string>& words) {
  const Syntax syntax = run_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  if (values->count("config") == 0) return fail(missing(syntax, "--config"));
  const auto dataplane = dataplane_of(*values);
  if (!dataplane) return fail(dataplane.error());
  return RunCommand{text_of(*values, "config"),        *dataplane,
                    optional_text(*values, "inside"),  optional_text(*values, "outside"),
                    optional_text(*values, "metrics"), optional_text(*values, "audit"),
                    values->count("check") != 0};
}

Result<Command, Answer> parse_detach(const std::vector<std::string>& words) {
  const Syntax syntax = detach_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  if (values->count("config") == 0) return fail(missing(syntax, "--config"));
  return DetachCommand{text_of(*values, "config"), optional_text(*values, "inside"),
                       optional_text(*values, "outside")};
}

Result<Command, Answer> parse_rules(const std::vector<std::string>& words) {
  using Tool = RulesCommand::Tool;
  static constexpr std::array kTools = {std::pair("nft", Tool::nft),
                                        std::pair("iptables", Tool::iptables),
                                        std::pair("ip6tables", Tool::ip6tables)};
  const Syntax syntax = rules_syntax();
  const auto values = read_options(syntax, words);
  if (!values) return fail(values.error());
  if (values->count("print") == 0) return fail(missing(syntax, "--print"));
  if (values->count("config") == 0) return fail(missing(syntax, "--config"));
  RulesCommand command{text_of(*values, "config")};
  const auto word = optional_text(*values, "tool");
  if (!word) return command;
  for (const auto& [name, tool] : kTools) {
    if (*word != name) continue;
    command.tool = tool;
    return command;
  }
  return fail(
      Answer{"sluice: --tool: \"" + *word + "\" is not one of nft, iptables, ip6tables\n", kUsage});
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
  command.target = optional_text(*values, "target");
  if (command.image && values->count("config") != 0) {
    return fail(Answer{"sluice: --image and --config are mutually exclusive\n", kUsage});
  }
  command.json = values->count("json") != 0;
  command.names = texts_of(*values, "name");
  if (values->count("client") != 0) {
    const std::string text = text_of(*values, "client");
    command.client = IpAddress::parse(text);
    if (!command.client) {
      return fail(Answer{"sluice: --client: \"" + text + "\" is not an IP address\n", kUsage});
    }
  }
  return command;
}

}  // namespace

std::string_view version() noexcept {
  return SLUICE_VERSION;
}

Result<Command, Answer> parse_command_line(const std::vector<std::string>& words) {
  if (words.empty()) return fail(Answer{kOverview, kUsage});
  const std::string& command = words.front();
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (command == "run") return parse_run(rest);
  if (command == "detach") return parse_detach(rest);
  if (command == "rules") return parse_rules(rest);
  if (command == "replay") return parse_replay(rest);
  if (command == "inspect") return parse_inspect(rest);
  if (command == "check") return parse_check(rest);
  if (command == "doctor") return parse_doctor(rest);
  if (command == "lists") return parse_lists(rest);
  if (command == "audit") return parse_audit(rest);
  if (command == "report") return parse_report(rest);
  if (command == "top") return parse_top(rest);
  if (command == "capture") return parse_capture(rest);
  if (is_control_command(command)) return parse_control(command, rest);
  if (command == "--help" || command == "-h" || command == "help") {
    return fail(Answer{kOverview, 0});
  }
  if (command == "--version") return fail(Answer{"sluice " + std::string(version()) + "\n", 0});
  return fail(Answer{"sluice: unknown command \"" + command + "\"\n" + kOverview, kUsage});
}

}  // namespace sluice::cli
