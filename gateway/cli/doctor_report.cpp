#include "gateway/cli/doctor_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;
using Outcome = io::CheckResult::Outcome;
using io::Severity;

constexpr std::size_t kWordWidth = 9;  // `unknown` is the longest

// `ok`, `unknown`, or how bad it is.
std::string_view word_of(const io::CheckResult& result) {
  if (result.outcome == Outcome::ok) return "ok";
  if (result.outcome == Outcome::unknown) return "unknown";
  return to_string(result.severity);
}

std::string padded(std::string_view word) {
  std::string text(word);
  text.resize(std::max(text.size(), kWordWidth), ' ');
  return text;
}

// What it was about, and what was found.
std::string line_of(const io::CheckResult& result) {
  if (result.outcome == Outcome::failed) return result.found;
  std::string line(to_string(result.what));
  return result.found.empty() ? line : line + ": " + result.found;
}

void add_result(const io::CheckResult& result, io::Kind kind, std::string& text) {
  const std::string indent(2 + kWordWidth, ' ');
  text += "  " + padded(word_of(result)) + line_of(result) + '\n';
  if (result.outcome != Outcome::failed) return;
  if (matters_to_others(result.what, kind)) {
    std::string kinds;
    for (const io::Kind other : matters_to(result.what)) {
      kinds += (kinds.empty() ? "" : ", ") + std::string(to_string(other));
    }
    text += indent + "matters to: " + kinds + '\n';
  }
  if (!result.command.words.empty()) {
    text += indent + "run: " + to_string(result.command) + '\n';
  }
}

// `2 findings for [dataplane] type "xdp": 1 breaking traffic, 1 slowing it`
std::string summary_of(const DoctorReport& report) {
  const auto count = [&](Severity severity) {
    return std::ranges::count_if(report.results, [&](const io::CheckResult& result) {
      return result.is_finding() && result.severity == severity;
    });
  };
  const auto all = count(Severity::breaks) + count(Severity::risks) + count(Severity::slows);
  std::string text = (all == 0 ? "nothing wrong" : std::to_string(all) + " finding") +
                     (all > 1 ? "s" : "") + " for [dataplane] type \"" +
                     std::string(to_string(report.kind)) + '"';
  std::string separator = ": ";
  const auto add = [&](Severity severity, const char* what) {
    if (count(severity) == 0) return;
    text += separator + std::to_string(count(severity)) + ' ' + what;
    separator = ", ";
  };
  add(Severity::breaks, "breaking traffic");
  add(Severity::risks, "risking some");
  add(Severity::slows, "slowing it");
  return text + '\n';
}

std::string_view outcome_id(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::failed:
      return "failed";
    case Outcome::unknown:
      return "unknown";
  }
  return "?";
}

Json json_of(const io::CheckResult& result) {
  Json kinds = Json::array();
  for (const io::Kind kind : matters_to(result.what)) kinds.push_back(to_string(kind));
  Json object = {{"check", id_of(result.what)},           {"subject", result.subject},
                 {"outcome", outcome_id(result.outcome)}, {"severity", to_string(result.severity)},
                 {"matters_to", std::move(kinds)},        {"found", result.found}};
  const bool has_command = !result.command.words.empty();
  object["command"] = has_command ? Json(to_string(result.command)) : Json();
  object["safe"] = has_command && result.command.is_safe;
  return object;
}

}  // namespace

bool has_findings(std::span<const io::CheckResult> results) noexcept {
  return std::ranges::any_of(results, &io::CheckResult::is_finding);
}

std::string to_text(const DoctorReport& report) {
  std::vector<std::string> subjects;  // in the order in which they come first
  for (const io::CheckResult& result : report.results) {
    if (std::ranges::find(subjects, result.subject) == subjects.end()) {
      subjects.push_back(result.subject);
    }
  }
  std::string text;
  for (const std::string& subject : subjects) {
    text += subject + '\n';
    for (const io::CheckResult& result : report.results) {
      if (result.subject == subject) add_result(result, report.kind, text);
    }
  }
  return text + '\n' + summary_of(report);
}

std::string to_json(const DoctorReport& report) {
  Json checks = Json::array();
  for (const io::CheckResult& result : report.results) checks.push_back(json_of(result));
  Json object = {{"dataplane", to_string(report.kind)},
                 {"findings", std::ranges::count_if(report.results, &io::CheckResult::is_finding)},
                 {"checks", std::move(checks)}};
  if (report.fixes) {
    Json fixes = Json::array();
    for (const Fix& fix : *report.fixes) {
      fixes.push_back({{"command", to_string(fix.command)},
                       {"error", fix.error.empty() ? Json() : Json(fix.error)}});
    }
    object["fixes"] = std::move(fixes);
  }
  // Interface names may hold bytes that are not UTF-8.
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::cli
