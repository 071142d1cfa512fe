// `sluice audit verify`: whether the lines of an audit trail follow from one another.

#include <iostream>
#include <string>

#include "gateway/app/audit_trail.h"
#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/audit/chain.h"

namespace sluice::app {
namespace {

constexpr std::uint64_t kMostShown = 20;  // places

struct Seen {
  std::uint64_t lines = 0, wrong = 0;
  bool begins_within = false;
};

void take(audit::ChainCheck& check, const std::string& line, const std::string& place, Seen& seen) {
  const auto say = [&](const char* what) {
    if (++seen.wrong <= kMostShown) std::cout << place << ": " << what << '\n';
  };
  ++seen.lines;
  switch (check.take(line)) {
    case audit::ChainCheck::Finding::follows:
      break;
    case audit::ChainCheck::Finding::begins:
      // Of a file that was not there when the process started: that is as it should be.
      if (seen.lines > 1) say("a chain begins, and does not go on with the one before");
      break;
    case audit::ChainCheck::Finding::within:
      seen.begins_within = true;
      break;
    case audit::ChainCheck::Finding::broken:
      say("does not follow from the line before");
      break;
    case audit::ChainCheck::Finding::not_chained:
      say("is no line of a chain");
      break;
  }
}

}  // namespace

int audit_verify(const cli::AuditVerifyCommand& command) {
  auto key = chain_key_of(command.key_file);
  if (!key) return refuse(key.error());
  if (!command.expect.empty() && !audit::parse_chain_value(command.expect)) {
    return refuse("--expect: \"" + command.expect + "\" is no value of a chain: 32 hex digits");
  }
  audit::ChainCheck check(std::move(*key));
  Seen seen;
  const auto visit = [&](const std::string& line, const std::string& file, std::uint64_t number) {
    take(check, line, file + ':' + std::to_string(number), seen);
  };
  if (const auto read = for_each_line(command.files, visit); !read) return refuse(read.error());
  if (seen.wrong > kMostShown) {
    std::cout << "and " << seen.wrong - kMostShown << " places more\n";
  }
  const auto last = check.last();
  const bool is_end = command.expect.empty() || (last && audit::to_text(*last) == command.expect);
  if (!is_end) std::cout << "the last value is another one: lines are missing at the end\n";
  std::cout << seen.lines << " lines, " << (seen.wrong == 0 && is_end ? "whole" : "NOT WHOLE");
  if (seen.begins_within)
    std::cout << " as far as they go: what was before the first one is not known";
  if (last) std::cout << "; last value " << audit::to_text(*last);
  std::cout << '\n';
  return seen.wrong == 0 && is_end ? kOk : kBroken;
}

}  // namespace sluice::app
