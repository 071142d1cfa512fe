#include "gateway/cli/doctor_command_line.h"

#include "gateway/cli/syntax.h"

namespace sluice::cli {
namespace {

namespace po = boost::program_options;

Syntax doctor_syntax() {
  Syntax syntax{
      "usage: sluice doctor [OPTIONS]\n"
      "Shows what this host supports, and what is set wrongly on it and on two interfaces, each "
      "with the\n"
      "command that mends it. Without interfaces it looks at the host alone.\n",
      "examples:\n"
      "  sluice doctor --config /etc/sluice/sluice.toml\n"
      "  sluice doctor --dataplane xdp --inside eth1 --outside eth2 --fix\n"
      "  sluice doctor --json --inside eth1 --outside eth2 | jq '.checks[] | "
      "select(.outcome == \"failed\")'\n"
      "exit status: 0 nothing wrong, 1 findings that break, risk or slow traffic, 2 error\n",
      common_options()};
  auto text = [] { return po::value<std::string>(); };
  syntax.options.add_options()("config,c", text()->value_name("FILE"),
                               "take dataplane and interfaces from this configuration")(
      "dataplane", text()->value_name("pcap|xdp|nfqueue"),
      "check for this [dataplane] type; default: as configured, or pcap")(
      "inside", text()->value_name("IF"), "interface on the clients' side")(
      "outside", text()->value_name("IF"), "interface on the internet's side")(
      "fix",
      "run the commands that mend findings, then check again. A command that may end other traffic "
      "is only printed")("json", "print one JSON document");
  return syntax;
}

}  // namespace

Result<Command, Answer> parse_doctor(const std::vector<std::string>& words) {
  const auto values = read_options(doctor_syntax(), words);
  if (!values) return fail(values.error());
  DoctorCommand command{.config = text_of(*values, "config"),
                        .inside = optional_text(*values, "inside"),
                        .outside = optional_text(*values, "outside"),
                        .fix = values->count("fix") != 0,
                        .json = values->count("json") != 0};
  const auto dataplane = dataplane_of(*values);
  if (!dataplane) return fail(dataplane.error());
  command.dataplane = *dataplane;
  return command;
}

}  // namespace sluice::cli
