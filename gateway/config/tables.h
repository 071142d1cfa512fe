#pragma once

// One function for each table of the configuration. To add a key: a member of the settings in
// config.h, a line in the function of its table, a line in deploy/sluice.toml (a test checks it).
// Private to gateway/config.

#include "gateway/config/table_reader.h"

namespace sluice::config {

// [dataplane], [limits], [endpoints], [suggest], [metrics], [audit], [control], [console], [log]
void read_start_tables(TableReader& root, StartSettings& start);

// [verdicts], [dns], [reload]
void read_live_tables(TableReader& root, LiveSettings& live);
// [[source]]. REQUIRES: live.state was read.
void read_sources(TableReader& root, LiveSettings& live);
// [lists], [[source]], [[list]]
void read_lists(TableReader& root, LiveSettings& live);
// [[policy]]. REQUIRES: the lists were read.
void read_policies(TableReader& root, LiveSettings& live);
// [[exception]]. REQUIRES: the lists were read.
void read_exceptions(TableReader& root, LiveSettings& live);
// Errors for apps that no list is of. Of an image, resolve_policies() checks them.
void check_apps(TableReader& table, const LiveSettings& live, std::string_view key,
                const std::vector<std::string>& apps);

// The name of a list that gives none: `wechat` for `wechat.list`, `wechat.endpoints` for itself.
[[nodiscard]] std::string list_name_of(const std::filesystem::path& file);

}  // namespace sluice::config
