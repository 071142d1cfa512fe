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
#include "lists/format/entry.h"

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
  std::optional<std::string> image;  // in place of a configuration
  bool json = false;
};

struct ListWord {
  std::string app, file;
};

// What `lists build` and `lists lint` read.
struct ListsInput {
  std::vector<ListWord> lists, exceptions;
  std::optional<lists::Format> format;  // none: as their names say
  std::string critical, popular;        // files of names; empty: not given
  bool force = false;                   // public suffixes are taken
};

struct ListsBuildCommand {
  ListsInput input;
  std::string out;
};

struct ListsLintCommand {
  ListsInput input;
};

struct ListsShowCommand {
  std::string image;
  bool json = false;
};

using Command = std::variant<RunCommand, ReplayCommand, InspectCommand, CheckCommand,
                             ListsBuildCommand, ListsLintCommand, ListsShowCommand>;

// What to say instead of doing something.
struct Answer {
  std::string text;
  int exit_status = 0;  // 0: to standard output; else to standard error
};

[[nodiscard]] Result<Command, Answer> parse_command_line(const std::vector<std::string>& words);

}  // namespace sluice::cli
