#pragma once

// Configuration from a TOML file (toml++); deploy/sluice.toml documents every key.
//
// Two structs, by lifetime: StartSettings are fixed at start; LiveSettings are swapped at reload. A
// file with an error gives no configuration, only all its errors, each with file, line and key. An
// unknown key is an error. Relative paths start at the file's directory. Allocates, reads the file;
// not for workers.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/nat64.h"
#include "filters/base/result.h"
#include "filters/base/time.h"
#include "filters/packet/tunnels.h"
#include "filters/policy/dns_scope.h"
#include "filters/policy/fallbacks.h"
#include "filters/policy/policy.h"
#include "gateway/dataplane/kind.h"
#include "gateway/dataplane/link_state.h"
#include "gateway/dataplane/nfqueue_settings.h"
#include "gateway/dataplane/xdp_settings.h"
#include "gateway/schedule/week_hours.h"
#include "lists/compile/compile.h"
#include "lists/versions/version_source.h"

namespace sluice::config {

enum class AuditFormat : std::uint8_t { sluice, eve };

struct StartSettings {
  io::Kind dataplane = io::Kind::pcap;               // [dataplane] type
  std::uint32_t workers = 1;                         // [dataplane] workers
  std::vector<std::uint32_t> cpus;                   // [dataplane] cpus, one a worker; none: any
  std::string inside, outside;                       // [dataplane] inside, outside
  std::uint32_t buffer_mib = 16;                     // [dataplane] buffer_mib
  packet::Tunnels tunnels = packet::Tunnels::all();  // [dataplane] tunnels
  bool asymmetric = false;                           // [dataplane] asymmetric
  io::LinkState link_state = io::LinkState::keep;    // [dataplane] link_state
  io::XdpSettings xdp;                               // [dataplane] xdp_mode, on_failure, pins …
  io::NfqueueSettings nfqueue;                       // [dataplane] queue, mark_mask, rules …

  std::uint32_t flows = 65536;                   // [limits] flows
  std::uint32_t streams = 2048;                  // [limits] streams
  std::uint32_t fragmented_datagrams = 256;      // [limits] fragmented_datagrams
  std::chrono::seconds fragment_timeout{60};     // [limits] fragment_timeout_seconds
  std::uint32_t quic_flows = 16384;              // [limits] quic_flows
  std::uint32_t quic_streams = 1024;             // [limits] quic_streams
  std::uint32_t quic_initials_per_second = 200;  // [limits] quic_initials_per_second
  std::uint32_t audit_ring = 8192;               // [limits] audit_ring, records
  std::uint32_t leases = 4096;                   // [limits] leases: addresses of banned names
  std::uint32_t innocents = 32768;               // [limits] innocent_addresses: of other names
  std::chrono::seconds idle_timeout{300};        // [limits] idle_timeout_seconds

  std::string metrics_listen = "127.0.0.1:9464";   // [metrics] listen; "": none
  std::vector<IpPrefix> metrics_allow;             // [metrics] allow; none: everyone
  std::filesystem::path audit_file;                // [audit] file; "": none; "-": standard output
  AuditFormat audit_format = AuditFormat::sluice;  // [audit] format
  std::string audit_syslog;                        // [audit] syslog: a URL; "": none
  // [audit] syslog_ca_file, syslog_cert_file, syslog_key_file: of a server over TLS
  std::filesystem::path audit_syslog_ca, audit_syslog_cert, audit_syslog_key;
  bool audit_journald = false;                   // [audit] journald
  std::string audit_kafka_brokers;               // [audit] kafka_brokers; "": none
  std::string audit_kafka_topic;                 // [audit] kafka_topic
  std::vector<std::string> audit_kafka_options;  // [audit] kafka_options: `name=value`
  bool audit_chain = true;                       // [audit] chain
  std::filesystem::path audit_chain_key_file;    // [audit] chain_key_file
  std::uint32_t audit_rotate_mib = 0;            // [audit] rotate_mib; 0: never
  std::uint32_t audit_keep = 30;                 // [audit] keep, rotated files
  std::uint32_t audit_keep_days = 0;             // [audit] keep_days; 0: for ever
  bool audit_sync = false;                       // [audit] sync
  bool audit_pseudonymise = false;               // [audit] pseudonymise_clients
  std::uint32_t audit_rotate_pseudonyms = 0;     // [audit] rotate_pseudonyms_days; 0: never
  std::filesystem::path audit_key_file;          // [audit] key_file
  std::filesystem::path control_socket;          // [control] socket; "": none
  std::string control_read_group;                // [control] read_group; "": none
  std::string control_admin_group;               // [control] admin_group; "": none

  struct Console {                     // [console]: a web page for operators
    std::optional<Endpoint> listen;    // [console] listen; none: no console
    std::filesystem::path token_file;  // [console] token_file; empty: whoever connects may ask
    std::vector<IpPrefix> allow;       // [console] allow; none: everyone
  } console;

  // Operators may ask what was blocked of late.
  [[nodiscard]] bool keeps_activity() const noexcept {
    return !control_socket.empty() || console.listen.has_value();
  }
  // Somebody reads what the workers record.
  [[nodiscard]] bool keeps_records() const noexcept {
    return !audit_file.empty() || !audit_syslog.empty() || audit_journald ||
           !audit_kafka_brokers.empty() || keeps_activity();
  }
  std::string log_level = "info";  // [log] level

  struct Endpoints {                  // [endpoints]: the background resolver
    bool enable = false;              // [endpoints] enable
    std::string resolver;             // [endpoints] resolver: `192.0.2.53`, `[2001:db8::53]:5353`
    std::uint32_t per_second = 5;     // [endpoints] per_second: questions
    std::uint32_t most_names = 2000;  // [endpoints] most_names
    std::uint32_t refresh_seconds = 1800;  // [endpoints] refresh_seconds
  } endpoints;

  struct Suggest {               // [suggest]: names that lead to banned apps
    bool enable = false;         // [suggest] enable
    std::filesystem::path file;  // [suggest] file
    std::uint32_t names = 1024;  // [suggest] names
  } suggest;
};

// [verdicts]: the one place where fail-open or fail-closed is decided.
using Verdicts = policy::Fallbacks;
using policy::Checksums;
using policy::Ech;
using policy::Fallback;

struct PolicySpec {
  std::string name;
  std::vector<IpPrefix> clients;
  std::vector<std::string> apps;
  policy::Action action = policy::Action::drop;
  policy::DnsAnswer answer;                  // of `reject`
  bool shadow = false;                       // [[policy]] shadow
  std::optional<schedule::WeekHours> hours;  // [[policy]] hours, time_zone; none: always
  std::vector<std::string> shadow_lists;     // [[policy]] shadow_lists, and lists with `shadow`
};

// [[exception]]: clients that some apps are not banned for.
struct ExceptionSpec {
  std::vector<IpPrefix> clients;  // [[exception]] clients
  std::vector<std::string> apps;  // [[exception]] apps
  std::string owner, reason;      // [[exception]] owner, reason: for people
  schedule::Time expires;         // [[exception]] expires: from then on it does not count
};

// What a reload may change without an operator's explicit word, in percent.
struct ReloadGuard {
  std::uint32_t max_shrink = 25;        // [reload] max_shrink: of the entries of a list
  std::uint32_t max_refused = 50;       // [reload] max_refused: of the lines of a list
  std::uint32_t max_newly_blocked = 5;  // [reload] max_newly_blocked: of the names seen of late
};

// [[list]] zone: a list that comes by zone transfer.
struct ZoneSpec {
  std::string list;                   // its name
  std::string zone;                   // [[list]] zone
  std::vector<Endpoint> primaries;    // [[list]] primaries
  std::filesystem::path key_file;     // [[list]] tsig_key_file; empty: unsigned
  std::optional<Endpoint> notify;     // [[list]] notify_listen
  std::filesystem::path file;         // [[list]] zone_file: the last good zone
  std::uint32_t max_mib = 1024;       // [[list]] max_mib: of a transfer
  std::chrono::seconds timeout{600};  // [[list]] timeout_seconds: of a transfer
  friend bool operator==(const ZoneSpec&, const ZoneSpec&) = default;
};

// [[source]]: lists that come from a URL or a folder.
struct SourceSpec {
  std::string name;                                 // [[source]] name
  std::string url;                                  // [[source]] url
  std::filesystem::path folder;                     // [[source]] folder
  std::vector<std::filesystem::path> trusted_keys;  // [[source]] trusted_keys: files
  std::filesystem::path ca_file;                    // [[source]] ca_file
  std::string proxy;                                // [[source]] proxy
  bool insecure_http = false;                       // [[source]] insecure_http_for_tests
  std::chrono::seconds interval{300};               // [[source]] interval_seconds
  std::chrono::seconds timeout{600};                // [[source]] timeout_seconds
  std::uint32_t max_mib = 256;                      // [[source]] max_mib
  std::uint32_t keep = 5;                           // [[source]] keep: versions
  std::filesystem::path state;                      // its folder in that of [lists] state
  friend bool operator==(const SourceSpec&, const SourceSpec&) = default;
};

// [[list]] source; the fallback is [[list]] file, or image.
using lists::SourceList;

// When a list counts.
struct Validity {
  std::string list;                     // its name
  std::optional<schedule::Time> from;   // [[list]] valid_from
  std::optional<schedule::Time> until;  // [[list]] valid_until: from then on it does not count
};

struct LiveSettings {
  Verdicts verdicts;
  policy::DnsScope dns;                   // [dns]
  bool kill_open_flows = false;           // [reload] kill_open_flows
  ReloadGuard guard;                      // [reload] max_shrink, max_refused, max_newly_blocked
  std::filesystem::path critical;         // [lists] critical: names never blocked; empty: none
  std::filesystem::path popular;          // [lists] popular: names to warn of; empty: none
  Nat64 nat64;                            // [lists] nat64: prefixes of translators
  std::vector<lists::ListSpec> lists;     // [[list]] app, file, name, format, exceptions, force
  std::vector<Validity> validities;       // of those of `lists` that have one
  std::vector<ZoneSpec> zones;            // those of `lists` that are zones; fixed at start
  std::filesystem::path state;            // [lists] state: versions of sources
  std::vector<SourceSpec> sources;        // [[source]]; fixed at start
  std::vector<SourceList> source_lists;   // those of `lists` that come from sources, or the image
  std::vector<std::string> shadow_lists;  // [[list]] shadow: their names
  lists::LoadImage image;                 // [[list]] image, instead of `lists`; empty: none
  std::vector<PolicySpec> policies;       // [[policy]]
  std::vector<ExceptionSpec> exceptions;  // [[exception]]
};

struct Config {
  StartSettings start;
  LiveSettings live;
};

struct ConfigError {
  std::string file;
  std::uint32_t line = 0;  // 0: no line (the file cannot be read)
  std::string key;         // `policy[0].clients[1]`
  std::string reason;
  // `sluice.toml:12: policy[0].clients[1]: "10.0.0.300" is not an IP address or prefix`
  [[nodiscard]] std::string to_string() const;
};

[[nodiscard]] Result<Config, std::vector<ConfigError>> load(const std::filesystem::path& file);
// `path` is for messages and relative paths only.
[[nodiscard]] Result<Config, std::vector<ConfigError>> parse(std::string_view text,
                                                             const std::filesystem::path& path);
// The settings without a configuration file: every shipped list in `lists_folder` (*.list and
// *.endpoints; the app is the file's stem), and one policy for every client that drops each app
// with a *.list.
[[nodiscard]] Result<Config, std::vector<ConfigError>> defaults(
    const std::filesystem::path& lists_folder);

// As of `now`. Error: the policy that names an app that no list is of, or a list that there is not.
[[nodiscard]] Result<policy::PolicySet, std::string> resolve_policies(
    const LiveSettings& live, const match::DomainSet& domains, schedule::Time now);

}  // namespace sluice::config
