#pragma once

// The command line (Boost.Program_options): words in, a Command out; nothing is done here.
//
// `--help`, `--version` and mistakes come out as text with an exit status.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"

namespace sluice::cli {

struct RunCommand {
  std::string config;
  std::optional<std::string> inside, outside, metrics_listen, audit_file;  // override the file
};

struct ReplayCommand {
  std::string read, write, events, config;  // empty: not given
  bool verify_checksums = false;
};

struct InspectCommand {
  std::string read, config;
  bool verify_checksums = false;
};

struct CheckCommand {
  std::vector<std::string> names;  // none: from standard input
  std::optional<IpAddress> client;
  std::string config;
  bool json = false;
};

using Command = std::variant<RunCommand, ReplayCommand, InspectCommand, CheckCommand>;

// What to say instead of doing something.
struct Answer {
  std::string text;
  int exit_status = 0;  // 0: to standard output; else to standard error
};

[[nodiscard]] Result<Command, Answer> parse_command_line(const std::vector<std::string>& words);

}  // namespace sluice::cli
