// `sluice report`: sums up an audit trail.

#include "gateway/audit/report.h"

#include <iostream>
#include <string>

#include "gateway/app/audit_trail.h"
#include "gateway/app/commands.h"
#include "gateway/app/setup.h"

namespace sluice::app {
namespace {

std::string in_form(const audit::Report& report, const cli::ReportCommand& command) {
  switch (command.form) {
    case cli::ReportCommand::Form::html:
      return to_html(report, command.most);
    case cli::ReportCommand::Form::json:
      return to_json(report, command.most);
    case cli::ReportCommand::Form::text:
      break;
  }
  return to_text(report, command.most);
}

}  // namespace

int report(const cli::ReportCommand& command) {
  auto key = chain_key_of(command.key_file);
  if (!key) return refuse(key.error());
  audit::ReportBuilder builder(std::move(*key));
  builder.between(command.from, command.to);
  const auto read = for_each_line(command.files, [&](const std::string& line, const std::string&,
                                                     std::uint64_t) { builder.take(line); });
  if (!read) return refuse(read.error());
  std::cout << in_form(builder.report(), command) << std::flush;
  return std::cout ? kOk : kUnusable;
}

}  // namespace sluice::app
