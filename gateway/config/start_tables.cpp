#include <algorithm>
#include <charconv>
#include <span>

#include "gateway/config/tables.h"
#include "gateway/dataplane/marks.h"

namespace sluice::config {
namespace {

// `127.0.0.1:9464`, `[::1]:9464`
std::optional<Endpoint> listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data() + colon + 1, end, port);
  if (!address || address->is_v4() == bracketed) return std::nullopt;
  if (number.ec != std::errc{} || number.ptr != end || port == 0) return std::nullopt;
  return Endpoint{*address, Port{port}};
}

std::string no_listen_address(const std::string& text, std::string_view examples) {
  return "\"" + text + "\" is not an IP address with a port (" + std::string(examples) + ")";
}

bool is_loopback(const IpAddress& address) {
  static const auto v4 = IpPrefix::parse("127.0.0.0/8");
  static const auto v6 = IpPrefix::parse("::1");
  return (v4 && v4->contains(address)) || (v6 && v6->contains(address));
}

// None: everyone.
void read_allow(TableReader& table, std::vector<IpPrefix>& allowed) {
  std::vector<std::string> allow;
  table.read("allow", allow);
  for (std::size_t i = 0; i < allow.size(); ++i) {
    if (const auto prefix = IpPrefix::parse(allow[i])) {
      allowed.push_back(*prefix);
    } else {
      table.error("allow", i, "\"" + allow[i] + "\" is not an IP address or prefix (10.0.0.0/8)");
    }
  }
}

bool is_resolver(std::string_view text) {
  return IpAddress::parse(text).has_value() || listen_address(text).has_value();
}

void read_tunnels(TableReader& table, packet::Tunnels& tunnels) {
  std::vector<std::string> words;
  table.read("tunnels", words);
  if (words.empty()) return;
  tunnels = {};
  if (words == std::vector<std::string>{"none"}) return;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (const auto tunnel = packet::parse_tunnel(words[i])) {
      tunnels.add(*tunnel);
    } else {
      table.error("tunnels", i, "\"" + words[i] + "\" is not a known tunnel");
    }
  }
}

void read_on_failure(TableReader& table, StartSettings& start) {
  static constexpr std::array kWords = {Word<io::OnFailure>{"open", io::OnFailure::open},
                                        Word<io::OnFailure>{"closed", io::OnFailure::closed}};
  table.read_word("on_failure", start.xdp.on_failure, kWords);
  start.nfqueue.on_failure = start.xdp.on_failure;
}

void read_xdp(TableReader& table, io::XdpSettings& xdp) {
  static constexpr std::array kModes = {Word<io::XdpMode>{"auto", io::XdpMode::automatic},
                                        Word<io::XdpMode>{"native", io::XdpMode::native},
                                        Word<io::XdpMode>{"generic", io::XdpMode::generic}};
  table.read_word("xdp_mode", xdp.mode, kModes);
  table.read("pins", xdp.pins);
  table.read("zero_copy", xdp.zero_copy);
  table.read("busy_poll", xdp.busy_poll);
}

void read_nfqueue(TableReader& table, StartSettings& start) {
  static constexpr std::array kTools = {Word<io::RuleTool>{"auto", io::RuleTool::automatic},
                                        Word<io::RuleTool>{"nftables", io::RuleTool::nftables},
                                        Word<io::RuleTool>{"iptables", io::RuleTool::iptables},
                                        Word<io::RuleTool>{"none", io::RuleTool::none}};
  io::NfqueueSettings& nfqueue = start.nfqueue;
  table.read("queue", nfqueue.first_queue, 0, 0xffff);
  table.read("queue_packets", nfqueue.packets, 64, 1U << 20);
  table.read("mark_mask", nfqueue.mark_mask, 0, 0xffffffff);
  if (const auto marks = io::Marks::of(nfqueue.mark_mask); !marks) {
    table.error("mark_mask", marks.error());
  }
  table.read_word("rules", nfqueue.rules, kTools);
  table.read("keep_rules", nfqueue.keep_rules);
  table.read("local", nfqueue.local);
  table.read("flowtable", nfqueue.flowtable);
  if (nfqueue.first_queue + start.workers > 0x10000) {
    table.error("queue", "with " + std::to_string(start.workers) + " workers the last queue is " +
                             std::to_string(nfqueue.first_queue + start.workers - 1) +
                             ", over 65535");
  }
}

// One for each worker: a second worker on a CPU would only take turns with the first.
void read_cpus(TableReader& table, StartSettings& start) {
  constexpr std::uint32_t kLast = 1023;
  table.read("cpus", start.cpus, 0, kLast);
  if (start.cpus.empty()) return;
  if (start.cpus.size() != start.workers) {
    table.error("cpus", "has " + std::to_string(start.cpus.size()) + " CPUs for " +
                            std::to_string(start.workers) + " workers");
  }
  for (std::size_t i = 1; i < start.cpus.size(); ++i) {
    const auto earlier = std::span(start.cpus).first(i);
    if (std::ranges::find(earlier, start.cpus[i]) != earlier.end()) {
      table.error("cpus", i, "CPU " + std::to_string(start.cpus[i]) + " is there already");
    }
  }
}

void read_link_state(TableReader& table, StartSettings& start) {
  static constexpr std::array kWords = {Word<io::LinkState>{"keep", io::LinkState::keep},
                                        Word<io::LinkState>{"propagate", io::LinkState::propagate}};
  table.read_word("link_state", start.link_state, kWords);
  if (start.link_state == io::LinkState::propagate && start.dataplane == io::Kind::nfqueue) {
    table.error("link_state",
                "\"propagate\" needs type = \"xdp\" or \"pcap\": a router is no bridge");
  }
}

void read_dataplane(TableReader table, StartSettings& start) {
  static constexpr std::array kTypes = {Word<io::Kind>{"pcap", io::Kind::pcap},
                                        Word<io::Kind>{"xdp", io::Kind::xdp},
                                        Word<io::Kind>{"nfqueue", io::Kind::nfqueue}};
  table.read_word("type", start.dataplane, kTypes);
  table.read("workers", start.workers, 1, 64);
  read_cpus(table, start);
  table.read("inside", start.inside);
  table.read("outside", start.outside);
  table.read("buffer_mib", start.buffer_mib, 1, 1024);
  table.read("asymmetric", start.asymmetric);
  read_tunnels(table, start.tunnels);
  read_on_failure(table, start);
  read_link_state(table, start);
  read_xdp(table, start.xdp);
  read_nfqueue(table, start);
  table.refuse_others();
}

void read_limits(TableReader table, StartSettings& start) {
  table.read("flows", start.flows, 1024, 1U << 24);
  table.read("streams", start.streams, 16, 1U << 20);
  table.read("fragmented_datagrams", start.fragmented_datagrams, 4, 4096);
  table.read("fragment_timeout_seconds", start.fragment_timeout, 1, 3600);
  table.read("quic_flows", start.quic_flows, 1024, 1U << 22);
  table.read("quic_streams", start.quic_streams, 16, 1U << 20);
  table.read("quic_initials_per_second", start.quic_initials_per_second, 1, 1U << 20);
  table.read("audit_ring", start.audit_ring, 16, 1U << 20);
  table.read("idle_timeout_seconds", start.idle_timeout, 1, 86400);
  table.read("leases", start.leases, 16, 1U << 20);
  table.read("innocent_addresses", start.innocents, 16, 1U << 22);
  table.refuse_others();
}

void read_endpoints(TableReader table, StartSettings::Endpoints& endpoints) {
  table.read("enable", endpoints.enable);
  table.read("resolver", endpoints.resolver);
  table.read("per_second", endpoints.per_second, 1, 1000);
  table.read("most_names", endpoints.most_names, 1, 100'000);
  table.read("refresh_seconds", endpoints.refresh_seconds, 60, 86400);
  if (endpoints.enable && endpoints.resolver.empty()) {
    table.error("resolver", "is required if enable = true");
  } else if (!endpoints.resolver.empty() && !is_resolver(endpoints.resolver)) {
    table.error("resolver", "\"" + endpoints.resolver +
                                "\" is not an IP address (192.0.2.53, [2001:db8::53]:5353)");
  }
  table.refuse_others();
}

void read_suggest(TableReader table, StartSettings::Suggest& suggest) {
  table.read("enable", suggest.enable);
  table.read("file", suggest.file);
  table.read("names", suggest.names, 64, 65536);
  if (suggest.enable && suggest.file.empty()) {
    table.error("file", "is required if enable = true");
  } else if (suggest.file == "-") {
    table.error("file", "\"-\" is no file");
  }
  table.refuse_others();
}

void read_metrics(TableReader table, StartSettings& start) {
  table.read("listen", start.metrics_listen);
  if (!start.metrics_listen.empty() && !listen_address(start.metrics_listen)) {
    table.error("listen", no_listen_address(start.metrics_listen, "127.0.0.1:9464, [::1]:9464"));
  }
  read_allow(table, start.metrics_allow);
  table.refuse_others();
}

// Everybody on the network who reaches another address than a loopback one could read the page.
void read_console(TableReader table, StartSettings::Console& console) {
  std::string listen;
  table.read("listen", listen);
  table.read("token_file", console.token_file);
  read_allow(table, console.allow);
  if (console.token_file == "-") table.error("token_file", "\"-\" is no file");
  if (!listen.empty()) {
    console.listen = listen_address(listen);
    if (!console.listen) {
      table.error("listen", no_listen_address(listen, "127.0.0.1:9465, [::1]:9465"));
    } else if (!is_loopback(console.listen->address) && console.token_file.empty()) {
      table.error("token_file", "is required because " + listen + " is no loopback address");
    }
  }
  table.refuse_others();
}

// Certificates are of TLS only; an address is checked where it is used.
void read_audit_syslog(TableReader& table, StartSettings& start) {
  table.read("syslog", start.audit_syslog);
  table.read("syslog_ca_file", start.audit_syslog_ca);
  table.read("syslog_cert_file", start.audit_syslog_cert);
  table.read("syslog_key_file", start.audit_syslog_key);
  const bool is_tls = start.audit_syslog.starts_with("tls://");
  const auto refuse_without_tls = [&](const char* key, const std::filesystem::path& file) {
    if (!file.empty() && !is_tls) table.error(key, "needs syslog = \"tls://…\"");
  };
  refuse_without_tls("syslog_ca_file", start.audit_syslog_ca);
  refuse_without_tls("syslog_cert_file", start.audit_syslog_cert);
  refuse_without_tls("syslog_key_file", start.audit_syslog_key);
  if (start.audit_syslog_cert.empty() != start.audit_syslog_key.empty()) {
    table.error(start.audit_syslog_key.empty() ? "syslog_cert_file" : "syslog_key_file",
                "needs the other one of syslog_cert_file and syslog_key_file");
  }
}

void read_audit_kafka(TableReader& table, StartSettings& start) {
  table.read("kafka_brokers", start.audit_kafka_brokers);
  table.read("kafka_topic", start.audit_kafka_topic);
  table.read("kafka_options", start.audit_kafka_options);
  if (!start.audit_kafka_brokers.empty()) {
    if (start.audit_kafka_topic.empty())
      table.error("kafka_topic", "is required for kafka_brokers");
    return;
  }
  if (!start.audit_kafka_topic.empty()) table.error("kafka_topic", "needs kafka_brokers");
  if (!start.audit_kafka_options.empty()) table.error("kafka_options", "needs kafka_brokers");
}

void read_audit(TableReader table, StartSettings& start) {
  static constexpr std::array kFormats = {Word<AuditFormat>{"sluice", AuditFormat::sluice},
                                          Word<AuditFormat>{"eve", AuditFormat::eve}};
  table.read("file", start.audit_file);
  table.read_word("format", start.audit_format, kFormats);
  read_audit_syslog(table, start);
  table.read("journald", start.audit_journald);
  read_audit_kafka(table, start);
  table.read("chain", start.audit_chain);
  table.read("chain_key_file", start.audit_chain_key_file);
  table.read("rotate_mib", start.audit_rotate_mib, 0, 1U << 20);
  table.read("keep", start.audit_keep, 1, 10'000);
  table.read("keep_days", start.audit_keep_days, 0, 36'500);
  if (start.audit_keep_days > start.audit_keep) {
    table.error("keep", std::to_string(start.audit_keep) +
                            " files hold fewer days than keep_days = " +
                            std::to_string(start.audit_keep_days) + ": there is one a day");
  }
  table.read("sync", start.audit_sync);
  table.read("pseudonymise_clients", start.audit_pseudonymise);
  table.read("rotate_pseudonyms_days", start.audit_rotate_pseudonyms, 0, 3650);
  table.read("key_file", start.audit_key_file);
  if (start.audit_rotate_pseudonyms > 0 && !start.audit_pseudonymise) {
    table.error("rotate_pseudonyms_days", "needs pseudonymise_clients = true");
  }
  if (start.audit_pseudonymise && start.audit_key_file.empty()) {
    table.error("key_file", "is required if pseudonymise_clients = true");
  }
  table.refuse_others();
}

void read_control(TableReader table, StartSettings& start) {
  table.read("socket", start.control_socket);
  table.read("read_group", start.control_read_group);
  table.read("admin_group", start.control_admin_group);
  if (start.control_socket == "-") table.error("socket", "\"-\" is no path of a socket");
  table.refuse_others();
}

void read_log(TableReader table, StartSettings& start) {
  static constexpr std::array kLevels = {
      Word<std::string_view>{"debug", "debug"}, Word<std::string_view>{"info", "info"},
      Word<std::string_view>{"warn", "warn"}, Word<std::string_view>{"error", "error"}};
  table.read_word("level", start.log_level, kLevels);
  table.refuse_others();
}

}  // namespace

void read_start_tables(TableReader& root, StartSettings& start) {
  read_dataplane(root.table("dataplane"), start);
  read_limits(root.table("limits"), start);
  read_endpoints(root.table("endpoints"), start.endpoints);
  read_suggest(root.table("suggest"), start.suggest);
  read_metrics(root.table("metrics"), start);
  read_audit(root.table("audit"), start);
  read_control(root.table("control"), start);
  read_console(root.table("console"), start.console);
  read_log(root.table("log"), start);
}

}  // namespace sluice::config
