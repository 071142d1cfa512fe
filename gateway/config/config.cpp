#include "gateway/config/config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include "gateway/config/table_reader.h"
#include "lists/format/format.h"

namespace sluice::config {
namespace {

// Shipped, and no app of the ban: whether clients may ask other resolvers is for the operator to
// say.
constexpr std::string_view kBannedOnRequest = "encrypted-dns";

namespace fs = std::filesystem;

constexpr std::string_view kAnyApp = "*";

std::optional<Fallback> parse_trouble(std::string_view word) {
  if (word == "pass") return Fallback::pass;
  if (word == "drop") return Fallback::drop;
  return std::nullopt;
}

std::optional<Checksums> parse_checksums(std::string_view word) {
  if (word == "verify") return Checksums::verify;
  if (word == "ignore") return Checksums::ignore;
  return std::nullopt;
}

std::optional<Ech> parse_ech(std::string_view word) {
  if (word == "allow") return Ech::allow;
  if (word == "strip") return Ech::strip;
  if (word == "drop") return Ech::drop;
  return std::nullopt;
}

// `127.0.0.1:9464`, `[::1]:9464`
bool is_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data() + colon + 1, end, port);
  return address && address->is_v4() != bracketed && number.ec == std::errc{} &&
         number.ptr == end && port != 0;
}

bool is_resolver(std::string_view text) {
  return IpAddress::parse(text).has_value() || is_listen_address(text);
}

// Of a list that has no other: `wechat.list` is `wechat`, `wechat.endpoints` all of it.
std::string name_of(const fs::path& file) {
  const bool endpoints = lists::usual_format(file.native()) == lists::Format::endpoints;
  return (endpoints ? file.filename() : file.stem()).string();
}

// Why `text` is no prefix, for the operator.
std::string prefix_problem(const std::string& text) {
  const auto address = IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
  if (!address) return "\"" + text + "\" is no IP address or prefix (10.0.0.0/8, 2001:db8::/32)";
  return "\"" + text + "\" has a bad prefix length, or bits set below it";
}

class Reader {
 public:
  Reader(const toml::table& root, const fs::path& file, Errors& errors)
      : root_(&root, "", errors), folder_(file.parent_path()) {}

  Config read() {
    Config config;
    read_dataplane(config.start);
    read_limits(config.start);
    read_endpoints(config.start.endpoints);
    read_outputs(config.start);
    read_verdicts(config.live.verdicts);
    read_dns(config.live.dns);
    read_lists(config.live.lists);
    read_policies(config.live);
    root_.refuse_others();
    return config;
  }

 private:
  [[nodiscard]] fs::path path_of(const std::string& text) const {
    if (text.empty() || text == "-") return text;
    return (folder_ / text).lexically_normal();
  }

  void read_dataplane(StartSettings& start) {
    auto table = root_.table("dataplane");
    table.read_word("type", start.dataplane, io::parse_kind, io::kKinds);
    table.read("inside", start.inside);
    table.read("outside", start.outside);
    table.read("buffer_mib", start.buffer_mib, 1, 1024);
    read_tunnels(table, start.tunnels);
    table.refuse_others();
  }

  static void read_tunnels(TableReader& table, packet::Tunnels& tunnels) {
    std::vector<std::string> words;
    table.read("tunnels", words);
    if (words.empty()) return;
    tunnels = {};
    if (words == std::vector<std::string>{"none"}) return;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (const auto tunnel = packet::parse_tunnel(words[i])) {
        tunnels.add(*tunnel);
      } else {
        table.error("tunnels", i, "\"" + words[i] + "\" is no tunnel that we know");
      }
    }
  }

  void read_limits(StartSettings& start) {
    auto table = root_.table("limits");
    table.read("flows", start.flows, 1024, 1U << 24);
    table.read("streams", start.streams, 16, 1U << 20);
    table.read("fragmented_datagrams", start.fragmented_datagrams, 4, 4096);
    auto fragment_seconds = static_cast<std::uint32_t>(start.fragment_timeout.count());
    table.read("fragment_timeout_seconds", fragment_seconds, 1, 3600);
    start.fragment_timeout = std::chrono::seconds(fragment_seconds);
    table.read("quic_flows", start.quic_flows, 1024, 1U << 22);
    table.read("quic_streams", start.quic_streams, 16, 1U << 20);
    table.read("quic_initials_per_second", start.quic_initials_per_second, 1, 1U << 20);
    table.read("audit_ring", start.audit_ring, 16, 1U << 20);
    auto seconds = static_cast<std::uint32_t>(start.idle_timeout.count());
    table.read("idle_timeout_seconds", seconds, 1, 86400);
    start.idle_timeout = std::chrono::seconds(seconds);
    table.read("leases", start.leases, 16, 1U << 20);
    table.read("innocent_addresses", start.innocents, 16, 1U << 22);
    table.refuse_others();
  }

  void read_endpoints(StartSettings::Endpoints& endpoints) {
    auto table = root_.table("endpoints");
    table.read("enable", endpoints.enable);
    table.read("resolver", endpoints.resolver);
    table.read("per_second", endpoints.per_second, 1, 1000);
    table.read("most_names", endpoints.most_names, 1, 100'000);
    table.read("refresh_seconds", endpoints.refresh_seconds, 60, 86400);
    if (endpoints.enable && endpoints.resolver.empty()) {
      table.error("resolver", "is needed where enable = true");
    } else if (!endpoints.resolver.empty() && !is_resolver(endpoints.resolver)) {
      table.error("resolver", "\"" + endpoints.resolver +
                                  "\" is no IP address (192.0.2.53, [2001:db8::53]:5353)");
    }
    table.refuse_others();
  }

  void read_outputs(StartSettings& start) {
    auto metrics = root_.table("metrics");
    metrics.read("listen", start.metrics_listen);
    if (!start.metrics_listen.empty() && !is_listen_address(start.metrics_listen)) {
      metrics.error("listen", "\"" + start.metrics_listen +
                                  "\" is no IP address and port (127.0.0.1:9464, [::1]:9464)");
    }
    metrics.refuse_others();

    auto audit = root_.table("audit");
    std::string file;
    std::string key_file;
    audit.read("file", file);
    audit.read("pseudonymise_clients", start.audit_pseudonymise);
    audit.read("key_file", key_file);
    start.audit_file = path_of(file);
    start.audit_key_file = path_of(key_file);
    if (start.audit_pseudonymise && key_file.empty()) {
      audit.error("key_file", "is needed where pseudonymise_clients = true");
    }
    audit.refuse_others();

    auto log = root_.table("log");
    const auto known_level = [](const std::string& level) -> std::optional<std::string> {
      static constexpr std::array kLevels = {"debug", "info", "warn", "error"};
      if (std::ranges::find(kLevels, level) == kLevels.end()) return std::nullopt;
      return level;
    };
    log.read_word("level", start.log_level, known_level, "debug, info, warn, error");
    log.refuse_others();
  }

  void read_verdicts(Verdicts& verdicts) {
    auto table = root_.table("verdicts");
    table.read_word("malformed", verdicts.malformed, parse_trouble, "pass, drop");
    table.read_word("unjudged", verdicts.unjudged, parse_trouble, "pass, drop");
    table.read_word("fragments", verdicts.fragments, parse_trouble, "pass, drop");
    table.read_word("quic_unknown", verdicts.quic_unknown, parse_trouble, "pass, drop");
    table.read_word("checksums", verdicts.checksums, parse_checksums, "verify, ignore");
    table.read_word("ech", verdicts.ech, parse_ech, "allow, strip, drop");
    table.refuse_others();
  }

  void read_dns(policy::DnsScope& dns) {
    auto table = root_.table("dns");
    std::vector<std::uint32_t> ports;
    table.read("ports", ports, 1, 65535);
    if (ports.size() > policy::kMaxDnsPorts) {
      table.error("ports", "names more than " + std::to_string(policy::kMaxDnsPorts));
      ports.resize(policy::kMaxDnsPorts);
    }
    if (!ports.empty()) dns.port_count = ports.size();
    for (std::size_t i = 0; i < ports.size(); ++i) {
      dns.ports[i] = Port{static_cast<std::uint16_t>(ports[i])};
    }
    table.read("judge_service_targets", dns.service_targets);
    table.refuse_others();
  }

  void read_lists(std::vector<lists::ListSpec>& specs) {
    std::set<std::string> names;
    for (TableReader& table : root_.tables("list")) {
      lists::ListSpec spec;
      std::string file;
      table.require("file", file);
      spec.file = path_of(file);
      spec.name = name_of(spec.file);
      table.read("name", spec.name);
      table.read("exceptions", spec.exceptions);
      table.read("force", spec.forced);
      spec.format = lists::usual_format(file);
      table.read_word("format", spec.format, lists::parse_format, lists::kFormatNames);
      if (spec.exceptions) {
        spec.app = kAnyApp;  // unless it says otherwise
        table.read("app", spec.app);
      } else {
        table.require("app", spec.app);
        if (spec.app == kAnyApp) table.error("app", "only exceptions may be of every app");
      }
      if (!names.insert(spec.name).second) {
        table.error("name", "\"" + spec.name + "\" is the name of an earlier list");
      }
      table.refuse_others();
      specs.push_back(std::move(spec));
    }
  }

  void read_policies(LiveSettings& live) {
    std::set<std::string> names;
    for (TableReader& table : root_.tables("policy")) {
      PolicySpec spec;
      table.require("name", spec.name);
      if (!names.insert(spec.name).second) {
        table.error("name", "\"" + spec.name + "\" is the name of an earlier policy");
      }
      std::vector<std::string> clients;
      table.read("clients", clients);
      for (std::size_t i = 0; i < clients.size(); ++i) {
        if (const auto prefix = IpPrefix::parse(clients[i])) {
          spec.clients.push_back(*prefix);
        } else {
          table.error("clients", i, prefix_problem(clients[i]));
        }
      }
      table.require("apps", spec.apps);
      for (std::size_t i = 0; i < spec.apps.size(); ++i) {
        // Exceptions of every app are no app: to ban it would ban nothing.
        const bool known = std::ranges::any_of(live.lists, [&](const lists::ListSpec& list) {
          return list.app == spec.apps[i] && list.app != kAnyApp;
        });
        if (!known) table.error("apps", i, "no list is of the app \"" + spec.apps[i] + "\"");
      }
      table.read_word("action", spec.action, policy::parse_action, "drop, reject, log, allow");
      table.refuse_others();
      live.policies.push_back(std::move(spec));
    }
  }

  TableReader root_;
  fs::path folder_;
};

}  // namespace

std::string ConfigError::to_string() const {
  std::string text = file;
  if (line != 0) text += ":" + std::to_string(line);
  text += ": ";
  if (!key.empty()) text += key + ": ";
  return text + reason;
}

Result<Config, std::vector<ConfigError>> parse(std::string_view text, const fs::path& file) {
  Errors errors(file.string());
  try {
    const toml::table root = toml::parse(text);
    Config config = Reader(root, file, errors).read();
    if (errors.all().empty()) return config;
    std::ranges::stable_sort(errors.all(), {}, &ConfigError::line);
  } catch (const toml::parse_error& error) {
    errors.add(error.source().begin.line, "", std::string(error.description()));
  }
  return fail(std::move(errors.all()));
}

Result<Config, std::vector<ConfigError>> load(const fs::path& file) {
  const auto unreadable = [&](const std::string& why) {
    return fail(std::vector<ConfigError>{{file.string(), 0, "", why}});
  };
  std::error_code error;
  if (fs::is_directory(file, error)) return unreadable("a folder, not a file");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return unreadable(std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) return unreadable("cannot be read");
  return parse(text, file);
}

Result<Config, std::vector<ConfigError>> defaults(const fs::path& lists_folder) {
  Config config;
  PolicySpec everyone{"default", {}, {}, policy::Action::drop};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(lists_folder, error)) {
    const fs::path& file = entry.path();
    if (file.extension() != ".list" && file.extension() != ".endpoints") continue;
    config.live.lists.push_back({.name = name_of(file),
                                 .file = file,
                                 .format = lists::usual_format(file.native()),
                                 .app = file.stem().string()});
  }
  if (config.live.lists.empty()) {
    return fail(std::vector<ConfigError>{
        {lists_folder.string(), 0, "", "no shipped lists here: name a configuration (--config)"}});
  }
  std::ranges::sort(config.live.lists, {}, &lists::ListSpec::name);
  // An app is banned by its names; endpoints alone ban nothing that has a list of its own
  // elsewhere.
  for (const auto& list : config.live.lists) {
    if (list.format == lists::Format::domains && list.app != kBannedOnRequest) {
      everyone.apps.push_back(list.app);
    }
  }
  config.live.policies.push_back(std::move(everyone));
  return config;
}

}  // namespace sluice::config
