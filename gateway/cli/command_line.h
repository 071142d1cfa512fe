#pragma once

// The command line (Boost.Program_options): words in, a Command out; nothing is executed here.
//
// `--help`, `--version` and mistakes come out as text with an exit status. Allocates.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "gateway/control/protocol.h"
#include "gateway/dataplane/kind.h"
#include "lists/format/format.h"

namespace sluice::cli {

struct RunCommand {
  std::string config;
  std::optional<io::Kind> dataplane;                                       // overrides the file
  std::optional<std::string> inside, outside, metrics_listen, audit_file;  // override the file
  bool check = false;  // what a start would read, and no more
};

struct DetachCommand {
  std::string config;
  std::optional<std::string> inside, outside;  // override the file
};

struct RulesCommand {
  std::string config;
  enum class Tool : std::uint8_t { nft, iptables, ip6tables };
  Tool tool = Tool::nft;
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
  std::vector<std::string> names;  // empty: read from standard input
  std::optional<IpAddress> client;
  std::string config;
  std::optional<std::string> image;   // instead of a configuration
  std::optional<std::string> target;  // what an answer for the names leads to
  bool json = false;
};

struct DoctorCommand {
  std::string config;                 // empty: not given
  std::optional<io::Kind> dataplane;  // these override the file
  std::optional<std::string> inside, outside;
  bool fix = false;
  bool json = false;
};

struct ListWord {
  std::string app, file;
};

// The input of `lists build` and `lists lint`.
struct ListsInput {
  std::vector<ListWord> lists, exceptions;
  std::optional<lists::FormatChoice> format;  // none: as names and texts of files say
  std::string critical, popular;              // files of names; empty: not given
  bool force = false;                         // take public suffixes
};

struct ListsBuildCommand {
  ListsInput input;
  std::string out;
  bool accept_loss = false;  // replace an image whose lists had more entries
};

struct ListsLintCommand {
  ListsInput input;
  bool json = false;
};

struct ListsSearchCommand {
  std::string image;
  std::vector<std::string> names;
  bool json = false;
};

struct ListsConvertCommand {
  std::string file, out;     // out empty: standard output
  lists::FormatChoice from;  // none: as name or text of the file say
  lists::Format to = lists::Format::domains;
};

// Each is an image or a list.
struct ListsDiffCommand {
  ListWord before, after;
  lists::FormatChoice format;  // of lists; none: as names or texts of the files say
  std::string capture, audit;  // files; empty: not given
  std::size_t most = 100;      // names that are printed of each kind
  bool json = false;
};

struct ListsShowCommand {
  std::string image;
  bool json = false;
};

struct ListsKeygenCommand {
  std::string out;  // in front of `.key` and `.pub`
};

struct ListsSignCommand {
  ListsInput input;
  std::string key, out;
  std::uint64_t version = 0;
  std::chrono::days valid_for{};  // if there is no valid_until
  std::optional<std::chrono::sys_seconds> valid_until;
  std::string author;
};

// `lists sign --add`.
struct ListsCosignCommand {
  std::string bundle, key, out;  // out: the bundle itself if it was not given
  std::vector<std::string> trusted;
};

struct ListsVerifyCommand {
  std::string bundle;
  std::vector<std::string> trusted;
  std::uint64_t minimum_version = 0;
  std::optional<std::chrono::sys_seconds> at;  // none: now
  bool json = false;
};

// `lists rollback`
struct ListsRollbackCommand {
  std::string config, source;       // source empty: the only one, or all with `list`
  std::optional<std::uint64_t> to;  // a number that --list prints; none: the one before
  bool list = false, resume = false;
};

// `audit verify`
struct AuditVerifyCommand {
  std::vector<std::string> files;
  std::string key_file, expect;  // empty: not given
};

struct ReportCommand {
  std::vector<std::string> files;
  std::string key_file, from, to;  // empty: not given
  std::size_t most = 20;           // clients and names that are listed
  enum class Form : std::uint8_t { text, json, html };
  Form form = Form::text;
};

// `lists suggest`
struct ListsSuggestCommand {
  std::string file, config;       // one of them is given
  std::string app;                // empty: all
  std::string critical, popular;  // files of names; empty: those of the configuration
  std::string to;                 // list to write; empty: print
  bool replace = false;           // an old one
  bool json = false;
  std::uint64_t least_count = 5;
  std::uint32_t least_clients = 3;
};

// What is asked of a running gateway: status, explain, flows, clients, reload, rollback, log-level.
struct ControlCommand {
  control::Request request;
  std::string socket;
  bool json = false;
};

struct TopCommand {
  std::string socket;
  std::uint32_t interval = 2;  // seconds
  bool once = false;
};

struct CaptureCommand {
  std::string socket, write;
  std::optional<std::uint32_t> limit, seconds;  // none: as the gateway usually does
};

// Where the gateway listens unless --socket says otherwise.
inline constexpr const char* kControlSocket = "/run/sluice/control.sock";

using Command =
    std::variant<RunCommand, DetachCommand, RulesCommand, ReplayCommand, InspectCommand,
                 CheckCommand, DoctorCommand, ListsBuildCommand, ListsLintCommand, ListsShowCommand,
                 ListsSearchCommand, ListsConvertCommand, ListsDiffCommand, ListsKeygenCommand,
                 ListsSignCommand, ListsCosignCommand, ListsVerifyCommand, ListsRollbackCommand,
                 ListsSuggestCommand, AuditVerifyCommand, ReportCommand, ControlCommand, TopCommand,
                 CaptureCommand>;

// Text to print instead of executing a command.
struct Answer {
  std::string text;
  int exit_status = 0;  // 0: to standard output; else to standard error
};

[[nodiscard]] std::string_view version() noexcept;

[[nodiscard]] Result<Command, Answer> parse_command_line(const std::vector<std::string>& words);

}  // namespace sluice::cli
