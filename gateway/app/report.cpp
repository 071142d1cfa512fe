// `sluice report`: sums up an audit trail.

#include "gateway/audit/report.h"

#include <fstream>
#include <iostream>
#include <string>

#include "gateway/app/audit_trail.h"
#include "gateway/app/commands.h"

namespace sluice::app {
namespace {

int refuse(const std::string& why) {
  std::cerr << "sluice: " << why << '\n';
  return kUnusable;
}

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
  std::string key;
  if (!command.key_file.empty()) {
    auto read = read_key(command.key_file, "the chain");
    if (!read) return refuse(read.error());
    key = std::move(*read);
  }
  audit::ReportBuilder builder(std::move(key));
  builder.between(command.from, command.to);
  for (const std::string& file : command.files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return refuse(file + ": cannot be opened");
    for (std::string line; audit::next_line(in, line);) builder.take(line);
  }
  std::cout << in_form(builder.report(), command) << std::flush;
  return std::cout ? kOk : kUnusable;
}

}  // namespace sluice::app
