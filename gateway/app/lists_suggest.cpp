// `sluice lists suggest`: names that lead to banned apps, for people to decide about.

#include <algorithm>
#include <array>
#include <iostream>
#include <set>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/setup.h"
#include "gateway/cli/suggest_report.h"
#include "gateway/suggest/suggestion_file.h"
#include "gateway/suggest/suggestion_list.h"
#include "lists/compile/critical_names.h"
#include "lists/compile/load.h"
#include "lists/compile/replace_file.h"

namespace sluice::app {
namespace {

constexpr mode_t kForAll = 0644;  // a list holds names, and no word of who used them

struct Inputs {
  std::string file, critical, popular;  // empty: none
};

// What the command line says, else what the configuration says.
Result<Inputs, std::string> inputs_of(const cli::ListsSuggestCommand& command) {
  Inputs inputs{command.file, command.critical, command.popular};
  if (!command.config.empty()) {
    const auto config = load_config(command.config);
    if (!config) return fail(config.error());
    if (inputs.file.empty()) inputs.file = config->start.suggest.file.string();
    if (inputs.critical.empty()) inputs.critical = config->live.critical.string();
    if (inputs.popular.empty()) inputs.popular = config->live.popular.string();
  }
  if (inputs.file.empty()) return fail(command.config + ": has no file in [suggest]");
  return inputs;
}

// Empty: no file.
Result<std::string, std::string> text_of(const std::string& file) {
  if (file.empty()) return std::string{};
  const auto loaded = lists::load_file(file);
  if (!loaded) return fail(file + ": " + loaded.error());
  return std::string(loaded->text);
}

Result<suggest::Review, std::string> review_of(const Inputs& inputs,
                                               const suggest::ReviewOptions& options) {
  const auto loaded = lists::load_file(inputs.file, suggest::kMostFileBytes);
  if (!loaded) return fail(inputs.file + ": " + loaded.error());
  const auto parsed = suggest::parse_suggestions(loaded->text);
  if (!parsed) return fail(inputs.file + ": " + parsed.error());
  const auto critical_text = text_of(inputs.critical);
  if (!critical_text) return fail(critical_text.error());
  auto critical = lists::CriticalNames::read(*critical_text);
  if (!critical) return fail(inputs.critical + ": " + critical.error());
  const auto popular = text_of(inputs.popular);
  if (!popular) return fail(popular.error());
  return suggest::review(parsed->candidates, options, lists::Guard(std::move(*critical)), *popular);
}

// A list is of one app.
Result<void, std::string> write_list(const cli::ListsSuggestCommand& command,
                                     const std::string& source, const suggest::Review& review) {
  std::set<std::string> apps;
  for (const suggest::Reviewed& it : review.shown) apps.insert(it.candidate.app);
  if (apps.size() > 1) {
    std::string said = "a list is of one app: say which with --app:";
    for (const std::string& app : apps) said += " " + app;
    return fail(said);
  }
  const std::string text = suggest::list_text(review.shown, source);
  if (!command.replace) {
    if (write_new_file(command.to, text)) return {};
    return fail(command.to + ": cannot be written, or exists already (--replace writes over it)");
  }
  const std::array parts = {as_bytes(text)};
  if (auto written = lists::replace_file(command.to, parts, kForAll); !written) {
    return fail(command.to + ": " + written.error());
  }
  return {};
}

}  // namespace

int lists_suggest(const cli::ListsSuggestCommand& command) {
  const auto inputs = inputs_of(command);
  if (!inputs) return refuse(inputs.error());
  const suggest::ReviewOptions options{command.app, command.least_count, command.least_clients};
  const auto review = review_of(*inputs, options);
  if (!review) return refuse(review.error());
  if (command.to.empty()) {
    std::cout << (command.json ? cli::suggestions_json(*review)
                               : cli::suggestions_report(*review, options));
    return all_written() ? kOk : kUnusable;
  }
  if (review->shown.empty()) {
    std::cout << "no candidates: " << command.to << " was not written\n";
    return all_written() ? kOk : kUnusable;
  }
  if (is_same_file(command.to, inputs->file)) {
    return refuse(command.to + ": is the file of suggestions itself");
  }
  if (auto written = write_list(command, inputs->file, *review); !written) {
    return refuse(written.error());
  }
  const auto marked =
      std::ranges::count_if(review->shown, [](const auto& it) { return !it.marks.empty(); });
  std::cout << command.to << ": " << review->shown.size() - static_cast<std::size_t>(marked)
            << " names, " << marked << " more as comments\n";
  if (!all_written()) return kUnusable;
  return marked > 0 ? kFindings : kOk;
}

}  // namespace sluice::app
