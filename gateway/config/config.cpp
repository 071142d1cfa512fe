#include "gateway/config/config.h"

#include <algorithm>

#include "gateway/config/shape.h"
#include "gateway/config/tables.h"
#include "lists/compile/load.h"
#include "lists/format/format.h"

namespace sluice::config {
namespace {

// Shipped, but not banned by default: the operator decides whether clients may ask other resolvers.
constexpr std::string_view kBannedOnRequest = "encrypted-dns";

namespace fs = std::filesystem;

}  // namespace

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line != 0) text += ":" + std::to_string(line);
  text += ": ";
  if (!key.empty()) text += key + ": ";
  return text + reason;
}

Result<Config, std::vector<ConfigError>> parse(std::string_view text, const fs::path& path) {
  File file(path);
  if (auto problem = shape_problem(text)) {
    file.error(problem->line, "", std::move(problem->reason));
    return fail(std::move(file.errors()));
  }
  try {
    const toml::table table = toml::parse(text);
    TableReader root(&table, "", file);
    Config config;
    read_start_tables(root, config.start);
    read_live_tables(root, config.live);
    read_lists(root, config.live);
    read_policies(root, config.live);
    read_exceptions(root, config.live);
    root.refuse_others();
    if (file.errors().empty()) return config;
    std::ranges::stable_sort(file.errors(), {}, &ConfigError::line);
  } catch (const toml::parse_error& error) {
    file.error(error.source().begin.line, "", std::string(error.description()));
  }
  return fail(std::move(file.errors()));
}

Result<Config, std::vector<ConfigError>> load(const fs::path& file) {
  const auto loaded = lists::load_file(file, kMaxConfigBytes);
  if (!loaded) return fail(std::vector<ConfigError>{{file.string(), 0, "", loaded.error()}});
  return parse(loaded->text, file);
}

Result<Config, std::vector<ConfigError>> defaults(const fs::path& lists_folder) {
  Config config;
  PolicySpec everyone{"default", {}, {}, policy::Action::drop};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(lists_folder, error)) {
    const fs::path& file = entry.path();
    if (file.extension() != ".list" && file.extension() != ".endpoints") continue;
    config.live.lists.push_back({.name = list_name_of(file),
                                 .source = lists::Source::file(file),
                                 .format = lists::format_of_file(file.native()),
                                 .app = file.stem().string()});
  }
  if (config.live.lists.empty()) {
    return fail(std::vector<ConfigError>{
        {lists_folder.string(), 0, "", "no shipped lists here; give a configuration (--config)"}});
  }
  std::ranges::sort(config.live.lists, {}, &lists::ListSpec::name);
  // A file of endpoints alone does not make an app banned.
  for (const auto& list : config.live.lists) {
    if (list.format != lists::Format::endpoints && list.app != kBannedOnRequest) {
      everyone.apps.push_back(list.app);
    }
  }
  config.live.policies.push_back(std::move(everyone));
  return config;
}

}  // namespace sluice::config
