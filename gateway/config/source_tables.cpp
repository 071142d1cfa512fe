#include <algorithm>

#include "gateway/config/tables.h"
#include "lists/bundle/manifest.h"
#include "lists/https/https_feed.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostSources = 64;  // a thread each

void read_place(TableReader& table, SourceSpec& spec) {
  table.read("insecure_http_for_tests", spec.insecure_http);
  table.read("url", spec.url);
  table.read("folder", spec.folder);
  if (table.has("url") == table.has("folder")) {
    table.error("url", "a source has a url or a folder, one of them");
    return;
  }
  if (table.has("folder")) {
    spec.interval = std::chrono::seconds(60);  // inotify tells sooner
    for (const char* key : {"ca_file", "proxy", "insecure_http_for_tests", "timeout_seconds"}) {
      if (table.has(key)) table.error(key, "is for a source with a url");
    }
    return;
  }
  const std::string problem = lists::url_problem(spec.url, spec.insecure_http);
  if (!problem.empty()) table.error("url", problem);
}

void read_keys(TableReader& table, SourceSpec& spec) {
  std::vector<std::string> files;
  table.read("trusted_keys", files);
  for (const std::string& file : files) spec.trusted_keys.push_back(table.resolve(file));
}

}  // namespace

void read_sources(TableReader& root, LiveSettings& live) {
  std::vector<TableReader> tables = root.tables("source");
  if (tables.size() > kMostSources) {
    root.error("source", "more than " + std::to_string(kMostSources) + " sources");
    return;
  }
  for (TableReader& table : tables) {
    SourceSpec spec;
    table.require("name", spec.name);
    if (!lists::is_safe_member_name(spec.name)) {
      table.error("name", "has other signs than letters, digits and ._+-");
    } else if (std::ranges::find(live.sources, spec.name, &SourceSpec::name) !=
               live.sources.end()) {
      table.error("name", "\"" + spec.name + "\" is the name of an earlier source");
    }
    if (live.state.empty()) table.error("name", "needs [lists] state = a folder for its versions");
    spec.state = live.state / spec.name;
    read_place(table, spec);
    read_keys(table, spec);
    table.read("ca_file", spec.ca_file);
    table.read("proxy", spec.proxy);
    table.read("interval_seconds", spec.interval, 1, 86400);
    table.read("timeout_seconds", spec.timeout, 1, 86400);
    table.read("max_mib", spec.max_mib, 1, 1024);
    table.read("keep", spec.keep, 1, 100);
    table.refuse_others();
    live.sources.push_back(std::move(spec));
  }
}

}  // namespace sluice::config
