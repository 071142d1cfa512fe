#include <algorithm>
#include <set>

#include "filters/name/name.h"
#include "gateway/config/read_prefixes.h"
#include "gateway/config/tables.h"
#include "lists/format/format.h"
#include "lists/transfer/socket_address.h"
#include "lists/transfer/zone_source.h"
#include "lists/versions/version_source.h"

namespace sluice::config {
namespace {

constexpr std::string_view kAnyApp = "*";
constexpr std::size_t kMostLists = 4096;

void read_verdicts(TableReader table, Verdicts& verdicts) {
  static constexpr std::array kFallbacks = {Word<Fallback>{"pass", Fallback::pass},
                                            Word<Fallback>{"drop", Fallback::drop}};
  static constexpr std::array kChecksums = {Word<Checksums>{"verify", Checksums::verify},
                                            Word<Checksums>{"ignore", Checksums::ignore}};
  static constexpr std::array kEch = {Word<Ech>{"allow", Ech::allow},
                                      Word<Ech>{"strip", Ech::strip}, Word<Ech>{"drop", Ech::drop}};
  table.read_word("malformed", verdicts.malformed, kFallbacks);
  table.read_word("unjudged", verdicts.unjudged, kFallbacks);
  table.read_word("fragments", verdicts.fragments, kFallbacks);
  table.read_word("quic_unknown", verdicts.quic_unknown, kFallbacks);
  table.read_word("checksums", verdicts.checksums, kChecksums);
  table.read_word("ech", verdicts.ech, kEch);
  table.refuse_others();
}

void read_dns(TableReader table, policy::DnsScope& dns) {
  std::vector<std::uint32_t> ports;
  table.read("ports", ports, 1, 65535);
  if (ports.size() > policy::kMaxDnsPorts) {
    table.error("ports", "has more than " + std::to_string(policy::kMaxDnsPorts) + " entries");
    ports.resize(policy::kMaxDnsPorts);
  }
  if (!ports.empty()) dns.port_count = ports.size();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    dns.ports[i] = Port{static_cast<std::uint16_t>(ports[i])};
  }
  table.read("judge_service_targets", dns.service_targets);
  table.read("refusal_ttl_seconds", dns.refusal_ttl, 0, 86400);
  table.read("exceptions_cover_answers", dns.exceptions_cover_answers);
  read_prefixes(table, "trusted_resolvers", [&](const IpPrefix& prefix, std::size_t index) {
    if (index < policy::kMaxTrustedResolvers) {
      dns.trusted[dns.trusted_count++] = prefix;
    } else if (index == policy::kMaxTrustedResolvers) {
      table.error("trusted_resolvers",
                  "has more than " + std::to_string(policy::kMaxTrustedResolvers) + " entries");
    }
  });
  table.refuse_others();
}

void read_reload(TableReader table, LiveSettings& live) {
  table.read("kill_open_flows", live.kill_open_flows);
  table.read("max_shrink", live.guard.max_shrink, 0, 100);
  table.read("max_refused", live.guard.max_refused, 0, 100);
  table.read("max_newly_blocked", live.guard.max_newly_blocked, 0, 100);
  table.refuse_others();
}

void read_nat64(TableReader& table, Nat64& nat64) {
  if (table.has("nat64")) nat64 = Nat64::none();
  read_prefixes(table, "nat64", [&](const IpPrefix& prefix, std::size_t index) {
    if (!Nat64::may_be_prefix(prefix)) {
      table.error("nat64", index,
                  "\"" + prefix.to_string() + "\" is no prefix of a translator: it must be IPv6, " +
                      "of length 32, 40, 48, 56, 64 or 96, with zeros from bit 64 to 71");
    } else if (!nat64.add(prefix)) {
      table.error("nat64", index, "is one more than " + std::to_string(Nat64::kMost) + " entries");
    }
  });
}

// `203.0.113.53`, `203.0.113.53:5353`
std::optional<Endpoint> read_endpoint(TableReader& table, std::string_view key,
                                      const std::string& text) {
  auto endpoint = lists::parse_endpoint(text);
  if (!endpoint) {
    table.error(key,
                "\"" + text + "\" is no address (192.0.2.53, 192.0.2.53:5353, [2001:db8::53]:53)");
  }
  return endpoint;
}

// The keys of a zone. Its name and app are read as those of files.
ZoneSpec read_zone(TableReader& table, lists::ListSpec& spec) {
  ZoneSpec zone;
  table.require("zone", zone.zone);
  const auto name = name::Name::from_text(zone.zone);
  if (!name || name->label_count() == 0) table.error("zone", "\"" + zone.zone + "\" is not a zone");
  std::vector<std::string> primaries;
  table.require("primaries", primaries);
  for (const std::string& text : primaries) {
    if (const auto primary = read_endpoint(table, "primaries", text)) {
      zone.primaries.push_back(*primary);
    }
  }
  table.read("tsig_key_file", zone.key_file);
  std::string notify;
  table.read("notify_listen", notify);
  if (!notify.empty()) zone.notify = read_endpoint(table, "notify_listen", notify);
  table.read("zone_file", zone.file);
  if (zone.file.empty()) table.error("zone_file", "is missing");
  table.read("max_mib", zone.max_mib, 1, 65536);
  table.read("timeout_seconds", zone.timeout, 1, 86400);
  for (const char* key : {"file", "format", "source"}) {
    if (table.has(key))
      table.error(key, "cannot be combined with zone: it is a response policy zone");
  }
  std::string zone_name = zone.zone;
  if (zone_name.ends_with('.')) zone_name.pop_back();
  spec.name = zone_name;
  spec.source = lists::zone_source(zone.file, zone.zone);
  spec.format = lists::Format::rpz;
  return zone;
}

void read_file(TableReader& table, lists::ListSpec& spec) {
  std::filesystem::path file;
  table.read("file", file);
  if (file.empty()) table.error("file", "is missing");
  spec.source = lists::Source::file(file);
  spec.name = list_name_of(file);
  spec.format = lists::format_of_file(file.native());
  table.read_word("format", spec.format, lists::parse_format_choice, lists::format_choices(", "));
}

SourceList read_source(TableReader& table, const LiveSettings& live) {
  SourceList bound;
  table.read("source", bound.source);
  const auto spec = std::ranges::find(live.sources, bound.source, &SourceSpec::name);
  if (spec == live.sources.end()) {
    table.error("source", "no [[source]] has the name \"" + bound.source + "\"");
  } else {
    bound.folder = spec->state;
  }
  return bound;
}

// What a list of a source is until a version has it, and its format.
SourceList read_source_list(TableReader& table, lists::ListSpec& spec, const LiveSettings& live) {
  SourceList bound = read_source(table, live);
  table.read("file", bound.fallback);
  spec.name = bound.fallback.empty() ? bound.source : list_name_of(bound.fallback);
  table.read_word("format", spec.format, lists::parse_format_choice, lists::format_choices(", "));
  return bound;
}

void bind(SourceList bound, lists::ListSpec& spec, LiveSettings& live) {
  using lists::MemberKind;
  bound.list = spec.name;
  bound.purpose = {spec.exceptions ? MemberKind::exceptions : MemberKind::list, spec.app};
  spec.source = lists::version_source(bound);
  live.source_lists.push_back(std::move(bound));
}

void read_list(TableReader& table, lists::ListSpec& spec, LiveSettings& live) {
  std::optional<ZoneSpec> zone;
  std::optional<SourceList> bound;
  if (table.has("zone")) {
    zone = read_zone(table, spec);
  } else if (table.has("source")) {
    bound = read_source_list(table, spec, live);
  } else {
    read_file(table, spec);
  }
  table.read("name", spec.name);
  table.read("exceptions", spec.exceptions);
  table.read("force", spec.forced);
  bool shadow = false;
  table.read("shadow", shadow);
  Validity validity{.list = spec.name};
  table.read("valid_from", validity.from);
  table.read("valid_until", validity.until);
  if (validity.from && validity.until && *validity.from >= *validity.until) {
    table.error("valid_until", "is not later than valid_from");
  }
  const bool is_timed = validity.from || validity.until;
  spec.apart = shadow || is_timed;
  if (is_timed) live.validities.push_back(std::move(validity));
  if (shadow) live.shadow_lists.push_back(spec.name);
  if (spec.exceptions) {
    spec.app = kAnyApp;  // the default
    table.read("app", spec.app);
  } else {
    table.require("app", spec.app);
    if (spec.app == kAnyApp) table.error("app", "only exceptions may be for every app");
  }
  if (bound) bind(std::move(*bound), spec, live);
  if (!zone) return;
  zone->list = spec.name;
  live.zones.push_back(std::move(*zone));
}

// The image of a source; the file stands for it until a version has it.
void read_source_image(TableReader& table, std::filesystem::path file, LiveSettings& live) {
  SourceList bound = read_source(table, live);
  const auto spec = std::ranges::find(live.sources, bound.source, &SourceSpec::name);
  if (spec != live.sources.end() && spec->trusted_keys.empty()) {
    table.error("source", "an image comes in signed bundles only: the source needs trusted_keys");
  }
  bound.list = list_name_of(file);
  table.read("name", bound.list);
  bound.fallback = std::move(file);
  bound.purpose.kind = lists::MemberKind::image;
  live.image = lists::version_image(bound);
  live.source_lists.push_back(std::move(bound));
}

// An image has its names, apps and versions inside.
void read_list_image(TableReader& table, LiveSettings& live) {
  std::filesystem::path file;
  table.read("image", file);
  if (file.empty()) table.error("image", "is missing");
  const auto refuse = [&](std::string_view key) {
    if (!table.has(key)) return;
    table.error(key, "cannot be combined with image: an image is built with it");
  };
  for (const char* key : {"file", "app", "format", "exceptions", "force", "shadow"}) refuse(key);
  if (table.has("source")) {
    read_source_image(table, std::move(file), live);
  } else {
    refuse("name");
    live.image = [file](const lists::CompileOptions& options) {
      return lists::load_image(file, options);
    };
  }
  table.refuse_others();
}

}  // namespace

std::string list_name_of(const std::filesystem::path& file) {
  return lists::list_name_of_file(file.native());
}

void read_live_tables(TableReader& root, LiveSettings& live) {
  read_verdicts(root.table("verdicts"), live.verdicts);
  read_dns(root.table("dns"), live.dns);
  read_reload(root.table("reload"), live);
}

void read_lists(TableReader& root, LiveSettings& live) {
  auto guards = root.table("lists");
  guards.read("critical", live.critical);
  guards.read("popular", live.popular);
  guards.read("state", live.state);
  read_nat64(guards, live.nat64);
  guards.refuse_others();
  read_sources(root, live);

  std::set<std::string> names;
  std::vector<TableReader> tables = root.tables("list");
  if (tables.size() > kMostLists) {
    root.error("list", "more than " + std::to_string(kMostLists) + " lists");
    return;
  }
  for (TableReader& table : tables) {
    if (table.has("image")) {
      read_list_image(table, live);
      if (tables.size() > 1) {
        table.error("image", "must be the only list: build all lists into it (sluice lists build)");
      }
      continue;
    }
    lists::ListSpec spec;
    read_list(table, spec, live);
    if (!names.insert(spec.name).second) {
      table.error("name", "\"" + spec.name + "\" is the name of an earlier list");
    }
    table.refuse_others();
    live.lists.push_back(std::move(spec));
  }
}

}  // namespace sluice::config
