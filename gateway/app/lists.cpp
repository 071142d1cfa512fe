// `sluice lists build|lint|show|search`: lists of names, offline.

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/reload_guard.h"
#include "gateway/app/setup.h"
#include "gateway/cli/lists_report.h"
#include "lists/compile/image_file.h"
#include "lists/format/asked_name.h"
#include "lists/format/format.h"

namespace sluice::app {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxNotes = 100;  // `build` prints no more; `lint` prints all

std::uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

// The stem of the file, with a number if another list has that name already.
std::string name_for(const std::string& file, const std::vector<lists::ListSpec>& others) {
  const std::string stem = std::filesystem::path(file).stem().string();
  std::string name = stem;
  for (int i = 2; std::ranges::find(others, name, &lists::ListSpec::name) != others.end(); ++i) {
    name = stem + "-" + std::to_string(i);
  }
  return name;
}

std::vector<lists::ListSpec> specs_of(const cli::ListsInput& input) {
  std::vector<lists::ListSpec> specs;
  const auto add = [&](const cli::ListWord& word, bool exceptions) {
    specs.push_back({.name = name_for(word.file, specs),
                     .source = lists::Source::file(word.file),
                     .format = input.format ? *input.format : lists::format_of_file(word.file),
                     .app = word.app,
                     .exceptions = exceptions});
  };
  for (const cli::ListWord& word : input.lists) add(word, false);
  for (const cli::ListWord& word : input.exceptions) add(word, true);
  return specs;
}

Result<lists::Compiled, std::string> compile(const cli::ListsInput& input) {
  lists::CompileOptions options;
  options.critical = input.critical;
  options.popular = input.popular;
  options.forced = input.force;
  auto compiled = lists::compile(specs_of(input), options);
  if (!compiled) return fail(compiled.error().to_string());
  return std::move(*compiled);
}

lists::Review review(const lists::Compiled& compiled, cli::WorkDone& work) {
  const auto started = Clock::now();
  lists::Review found = lists::review(compiled.domains);
  work.reviewing = Clock::now() - started;
  work.peak_memory = peak_memory();
  return found;
}

int exit_status_of(const lists::Compiled& compiled) {
  const bool refused = std::ranges::any_of(
      compiled.lists, [](const lists::LoadedList& list) { return list.error_count > 0; });
  return refused ? kFindings : kOk;
}

// The input file that the image would overwrite; empty: none.
std::string overwritten(const cli::ListsBuildCommand& command) {
  std::vector<std::string> files = {command.input.critical, command.input.popular};
  for (const auto* words : {&command.input.lists, &command.input.exceptions}) {
    for (const cli::ListWord& word : *words) files.push_back(word.file);
  }
  const auto found = std::ranges::find_if(
      files, [&](const std::string& file) { return is_same_file(file, command.out); });
  return found == files.end() ? std::string{} : *found;
}

// What a set holds of each list. Duplicates are in no image.
telemetry::ListsStatus status_of(const match::DomainSet& set) {
  telemetry::ListsStatus status;
  status.lists.resize(set.list_count());
  for (std::size_t i = 0; i < status.lists.size(); ++i) {
    status.lists[i].name = set.list_name(match::ListId{static_cast<std::uint16_t>(i)});
  }
  set.for_each_rule([&](match::RuleId id) {
    const match::ListId list = set.rule(id).list;
    if (list.index < status.lists.size()) ++status.lists[list.index].entries;
  });
  return status;
}

// Why the image may not replace the one that is there; empty: it may. Whoever loads it next would
// lose what the old one bans.
std::string loss(const std::string& image, const lists::Compiled& compiled) {
  const auto old = lists::open_image(image);
  if (!old) return {};  // none there, or none that anybody can load
  // Refused lines are reported, and the exit status tells.
  const config::ReloadGuard guard{.max_refused = 100};
  telemetry::ListsStatus next = status_of(compiled.domains);
  for (std::size_t i = 0; i < next.lists.size(); ++i) {
    next.lists[i].exceptions = compiled.lists[i].spec.exceptions;
  }
  std::string lines;
  for (const auto& refusal : reload_refusals(status_of(*old), next, guard)) {
    lines += refusal.text + "; ";
  }
  return lines.empty() ? lines : lines + "the old image stays. If it is meant: --accept-loss";
}

}  // namespace

int lists_build(const cli::ListsBuildCommand& command) {
  if (const std::string list = overwritten(command); !list.empty()) {
    return refuse(command.out + ": is one of the input files and would be overwritten");
  }
  const auto compiled = compile(command.input);
  if (!compiled) return refuse(compiled.error());
  cli::print_notes(std::cerr, *compiled, kMaxNotes);
  cli::WorkDone work;
  const lists::Review found = review(*compiled, work);
  if (!command.accept_loss) {
    const std::string why = loss(command.out, *compiled);
    if (!why.empty()) return refuse(command.out + ": " + why);
  }
  const auto started = Clock::now();
  const auto written = lists::write_image(compiled->domains, command.out);
  if (!written) return refuse(command.out + ": " + written.error());
  work.writing = Clock::now() - started;
  std::cerr << command.out << ":\n";
  cli::print_summary(std::cerr, *compiled, found, work);
  return exit_status_of(*compiled);
}

int lists_lint(const cli::ListsLintCommand& command) {
  const auto compiled = compile(command.input);
  if (!compiled) return refuse(compiled.error());
  cli::WorkDone work;
  const lists::Review found = review(*compiled, work);
  if (command.json) {
    cli::print_lint_json(std::cout, *compiled, found);
  } else {
    cli::print_notes(std::cout, *compiled, std::numeric_limits<std::size_t>::max());
    cli::print_review(std::cout, *compiled, found);
  }
  cli::print_summary(std::cerr, *compiled, found, work);
  return all_written() ? exit_status_of(*compiled) : kUnusable;
}

int lists_show(const cli::ListsShowCommand& command) {
  const auto set = lists::open_image(command.image);
  if (!set) return refuse(command.image + ": " + set.error());
  std::cout << (command.json ? cli::image_json(command.image, *set) + "\n"
                             : cli::image_text(command.image, *set));
  return all_written() ? kOk : kUnusable;
}

int lists_search(const cli::ListsSearchCommand& command) {
  constexpr std::size_t kMostRules = 100;
  const auto set = lists::open_image(command.image);
  if (!set) return refuse(command.image + ": " + set.error());
  bool all_found = true;
  for (const std::string& text : command.names) {
    const auto asked = lists::read_asked_name(text);
    if (!asked) return refuse("\"" + text + "\": " + asked.error());
    if (asked->address) return refuse("\"" + text + "\": an address; ask check --image about it");
    std::array<char, name::kMaxTextBytes> buffer;
    const std::string_view name = name::to_text(asked->name, buffer);
    const cli::FoundRules found = cli::find_rules(*set, asked->name, kMostRules);
    all_found = all_found && found.covering_count + found.below_count > 0;
    std::cout << (command.json ? cli::found_json(*set, name, found) + "\n"
                               : cli::found_text(*set, name, found));
  }
  if (!all_written()) return kUnusable;
  return all_found ? kOk : kFindings;
}

}  // namespace sluice::app
