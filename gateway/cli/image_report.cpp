// The part of lists_report.h about images: what `lists show` prints.

#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "filters/match/domain_image.h"
#include "gateway/cli/lists_report.h"
#include "lists/compile/load.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

// Tells images of different seeds apart without revealing the seed, which is a secret.
std::string seed_fingerprint(const match::DomainSet& set) {
  const Bytes header = set.image().first(sizeof(SluiceImageHeader));
  return lists::short_digest(
      as_text(header.subspan(offsetof(SluiceImageHeader, key), sizeof(SluiceHashKey))));
}

std::vector<std::uint64_t> rules_by_list(const match::DomainSet& set) {
  std::vector<std::uint64_t> rules(set.list_count());
  set.for_each_rule([&](match::RuleId id) {
    const match::ListId list = set.rule(id).list;
    if (list.index < rules.size()) ++rules[list.index];
  });
  return rules;
}

match::ListId list_id(std::size_t index) {
  return {static_cast<std::uint16_t>(index)};
}
match::AppId app_id(std::size_t index) {
  return {static_cast<std::uint8_t>(index)};
}

}  // namespace

std::string image_text(std::string_view file, const match::DomainSet& set) {
  std::ostringstream out;
  out << file << ":\n  version   " << kSluiceImageVersion << "\n  checksum  ok\n  seed      "
      << seed_fingerprint(set) << " (fingerprint)\n  apps     ";
  for (std::size_t i = 0; i < set.app_count(); ++i) out << ' ' << set.app_name(app_id(i));
  out << "\n  rules     " << set.size() << "\n  names     " << set.name_count() << "\n  bytes    "
      << set.image().size() << ": " << set.hot_bytes() << " hot, "
      << set.image().size() - set.hot_bytes() << " cold\n";
  const std::vector<std::uint64_t> rules = rules_by_list(set);
  for (std::size_t i = 0; i < set.list_count(); ++i) {
    out << "  list      " << set.list_name(list_id(i)) << ": version "
        << set.list_version(list_id(i)) << ", " << rules[i] << " rules\n";
  }
  return out.str();
}

std::string image_json(std::string_view file, const match::DomainSet& set) {
  Json apps = Json::array();
  for (std::size_t i = 0; i < set.app_count(); ++i) apps.push_back(set.app_name(app_id(i)));
  const std::vector<std::uint64_t> rules = rules_by_list(set);
  Json lists = Json::array();
  for (std::size_t i = 0; i < set.list_count(); ++i) {
    lists.push_back({{"name", set.list_name(list_id(i))},
                     {"version", set.list_version(list_id(i))},
                     {"rules", rules[i]}});
  }
  const Json object = {{"image", file},          {"version", static_cast<int>(kSluiceImageVersion)},
                       {"checksum", "ok"},       {"seed", seed_fingerprint(set)},
                       {"rules", set.size()},    {"names", set.name_count()},
                       {"hot", set.hot_bytes()}, {"cold", set.image().size() - set.hot_bytes()},
                       {"apps", apps},           {"lists", lists}};
  // File names may hold bytes that are not UTF-8.
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace sluice::cli
