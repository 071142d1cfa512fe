// `sluice lists verify`: what a gateway would say of a bundle.

#include <chrono>
#include <iostream>
#include <string>

#include "gateway/app/commands.h"
#include "gateway/app/lists_keys.h"
#include "gateway/app/setup.h"
#include "gateway/cli/bundle_report.h"
#include "lists/bundle/bundle.h"
#include "lists/compile/load.h"

namespace sluice::app {

int lists_verify(const cli::ListsVerifyCommand& command) {
  const auto refuse = [](const std::string& why) {
    std::cerr << "sluice: " << why << '\n';
    return kUnusable;
  };
  const auto keys = read_trusted(command.trusted);
  if (!keys) return refuse(keys.error());
  const auto loaded = lists::load_file(command.bundle, lists::kMaxBundle);
  if (!loaded) return refuse(command.bundle + ": " + loaded.error());
  const auto bundle = lists::open_bundle(loaded->text, *keys);
  std::optional<lists::Refusal> refusal;
  if (bundle) {
    const auto now = command.at.value_or(
        std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    refusal = lists::date_refusal(bundle->manifest, command.minimum_version, now);
  } else {
    refusal = bundle.error();
  }
  if (command.json) {
    std::cout << cli::bundle_json(command.bundle, bundle ? &*bundle : nullptr,
                                  refusal ? &*refusal : nullptr)
              << '\n';
  } else if (bundle) {
    std::cout << cli::bundle_text(command.bundle, *bundle);
  }
  if (refusal) {
    std::cerr << "sluice: " << command.bundle << ": refused (" << to_string(refusal->reason)
              << "): " << refusal->text << '\n';
  }
  if (!all_written()) return kUnusable;
  return refusal ? kRefused : kOk;
}

}  // namespace sluice::app
