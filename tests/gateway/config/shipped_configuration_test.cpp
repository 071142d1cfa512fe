// deploy/sluice.toml is the reference of all options: it must load, hold the defaults, and name
// every key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "gateway/config/config.h"
#include "lists/format/format.h"

namespace sluice::config {
namespace {

constexpr const char* kShipped = SLUICE_SHIPPED_CONFIGURATION;

std::string contents(const char* file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Config shipped() {
  auto config = load(kShipped);
  if (config) return std::move(*config);
  for (const ConfigError& error : config.error()) ADD_FAILURE() << error.to_string();
  return {};
}

TEST(ShippedConfiguration, IsMadeOfDefaults) {
  const StartSettings start = shipped().start;
  const StartSettings standard;
  EXPECT_EQ(start.dataplane, standard.dataplane);
  EXPECT_EQ(start.workers, standard.workers);
  EXPECT_EQ(start.cpus, standard.cpus);
  EXPECT_EQ(start.buffer_mib, standard.buffer_mib);
  EXPECT_EQ(start.asymmetric, standard.asymmetric);
  EXPECT_EQ(start.flows, standard.flows);
  EXPECT_EQ(start.streams, standard.streams);
  EXPECT_EQ(start.tunnels, standard.tunnels);
  EXPECT_EQ(start.fragmented_datagrams, standard.fragmented_datagrams);
  EXPECT_EQ(start.fragment_timeout, standard.fragment_timeout);
  EXPECT_EQ(start.quic_flows, standard.quic_flows);
  EXPECT_EQ(start.quic_streams, standard.quic_streams);
  EXPECT_EQ(start.quic_initials_per_second, standard.quic_initials_per_second);
  EXPECT_EQ(start.audit_ring, standard.audit_ring);
  EXPECT_EQ(start.idle_timeout, standard.idle_timeout);
  EXPECT_EQ(start.leases, standard.leases);
  EXPECT_EQ(start.innocents, standard.innocents);
  EXPECT_EQ(start.endpoints.enable, standard.endpoints.enable);
  EXPECT_EQ(start.endpoints.resolver, standard.endpoints.resolver);
  EXPECT_EQ(start.endpoints.per_second, standard.endpoints.per_second);
  EXPECT_EQ(start.endpoints.most_names, standard.endpoints.most_names);
  EXPECT_EQ(start.endpoints.refresh_seconds, standard.endpoints.refresh_seconds);
  EXPECT_EQ(start.suggest.enable, standard.suggest.enable);
  EXPECT_EQ(start.suggest.file, standard.suggest.file);
  EXPECT_EQ(start.suggest.names, standard.suggest.names);
  EXPECT_EQ(start.metrics_listen, standard.metrics_listen);
  EXPECT_EQ(start.audit_file, standard.audit_file);
  EXPECT_EQ(start.audit_format, standard.audit_format);
  EXPECT_EQ(start.audit_syslog, standard.audit_syslog);
  EXPECT_EQ(start.audit_syslog_ca, standard.audit_syslog_ca);
  EXPECT_EQ(start.audit_journald, standard.audit_journald);
  EXPECT_EQ(start.audit_kafka_brokers, standard.audit_kafka_brokers);
  EXPECT_EQ(start.audit_keep_days, standard.audit_keep_days);
  EXPECT_EQ(start.audit_rotate_pseudonyms, standard.audit_rotate_pseudonyms);
  EXPECT_EQ(start.audit_pseudonymise, standard.audit_pseudonymise);
  EXPECT_EQ(start.audit_key_file, standard.audit_key_file);
  EXPECT_EQ(start.control_socket, standard.control_socket);
  EXPECT_EQ(start.control_read_group, standard.control_read_group);
  EXPECT_EQ(start.control_admin_group, standard.control_admin_group);
  EXPECT_EQ(start.console.listen, standard.console.listen);
  EXPECT_EQ(start.console.token_file, standard.console.token_file);
  EXPECT_EQ(start.console.allow, standard.console.allow);
  EXPECT_EQ(start.log_level, standard.log_level);
  // Interfaces have no default; the file shows two.
  EXPECT_NE(start.inside, start.outside);

  const Verdicts verdicts = shipped().live.verdicts;
  const Verdicts usual;
  EXPECT_EQ(verdicts.malformed, usual.malformed);
  EXPECT_EQ(verdicts.unjudged, usual.unjudged);
  EXPECT_EQ(verdicts.fragments, usual.fragments);
  EXPECT_EQ(verdicts.quic_unknown, usual.quic_unknown);
  EXPECT_EQ(verdicts.checksums, usual.checksums);
  EXPECT_EQ(verdicts.ech, usual.ech);

  EXPECT_EQ(shipped().live.kill_open_flows, LiveSettings{}.kill_open_flows);
  EXPECT_EQ(shipped().live.guard.max_shrink, LiveSettings{}.guard.max_shrink);
  EXPECT_EQ(shipped().live.guard.max_refused, LiveSettings{}.guard.max_refused);
  EXPECT_EQ(shipped().live.guard.max_newly_blocked, LiveSettings{}.guard.max_newly_blocked);
  EXPECT_EQ(start.metrics_allow, standard.metrics_allow);
  EXPECT_EQ(shipped().live.critical, LiveSettings{}.critical);
  EXPECT_EQ(shipped().live.popular, LiveSettings{}.popular);
  EXPECT_EQ(shipped().live.nat64, LiveSettings{}.nat64);

  const policy::DnsScope dns = shipped().live.dns;
  EXPECT_EQ(dns.ports, policy::DnsScope{}.ports);
  EXPECT_EQ(dns.port_count, 1U);
  EXPECT_EQ(dns.service_targets, policy::DnsScope{}.service_targets);
  EXPECT_EQ(dns.exceptions_cover_answers, policy::DnsScope{}.exceptions_cover_answers);
  EXPECT_EQ(dns.refusal_ttl, policy::DnsScope{}.refusal_ttl);
  EXPECT_EQ(dns.trusted_count, policy::DnsScope{}.trusted_count);
}

// What is in force without a file and with the shipped one is the same ban.
TEST(ShippedConfiguration, BansWhatTheDefaultsBan) {
  const auto standard = defaults(SLUICE_SHIPPED_LISTS);
  ASSERT_TRUE(standard);
  const Config config = shipped();
  std::vector<std::string> names;
  for (const lists::ListSpec& list : config.live.lists) {
    names.push_back(list.name + " of " + list.app);
    EXPECT_TRUE(std::filesystem::exists(list.source.name())) << list.source.name();
    EXPECT_EQ(list.format, lists::format_of_file(list.source.name()));
    EXPECT_FALSE(list.exceptions || list.forced);
  }
  std::vector<std::string> usual;
  for (const lists::ListSpec& list : standard->live.lists) {
    usual.push_back(list.name + " of " + list.app);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(usual));
  ASSERT_EQ(config.live.policies.size(), 1U);
  EXPECT_THAT(config.live.policies[0].apps,
              testing::UnorderedElementsAreArray(standard->live.policies.at(0).apps));
  EXPECT_EQ(config.live.policies[0].action, standard->live.policies.at(0).action);
}

TEST(ShippedConfiguration, WithoutListsThereAreNoDefaults) {
  const auto none = defaults("no-such-folder");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().at(0).to_string(), testing::HasSubstr("no-such-folder: no shipped"));
}

// Optional keys stand behind a "#"; taken out of it, they must still be keys with their defaults.
TEST(ShippedConfiguration, ItsCommentedKeysAreKeysWithTheirDefaults) {
  const std::regex commented("\n# ([a-z_]+ = [^\n]*)");
  const std::string text = std::regex_replace(contents(kShipped), commented, "\n$1");
  ASSERT_NE(text, contents(kShipped));
  const auto config = parse(text, kShipped);
  ASSERT_TRUE(config) << config.error().at(0).to_string();
  const Config plain = shipped();
  for (std::size_t i = 0; i < plain.live.lists.size(); ++i) {
    EXPECT_EQ(config->live.lists.at(i).name, plain.live.lists[i].name);
    EXPECT_EQ(config->live.lists[i].format, plain.live.lists[i].format);
    EXPECT_EQ(config->live.lists[i].exceptions, plain.live.lists[i].exceptions);
    EXPECT_EQ(config->live.lists[i].forced, plain.live.lists[i].forced);
  }
}

// What the reader asks for, read off its source: there is no other list of the keys.
TEST(ShippedConfiguration, NamesEveryKeyOfTheReader) {
  const std::string readers = SLUICE_CONFIGURATION_READERS;
  const std::string source = contents((readers + "start_tables.cpp").c_str()) +
                             contents((readers + "live_tables.cpp").c_str()) +
                             contents((readers + "source_tables.cpp").c_str()) +
                             contents((readers + "policy_tables.cpp").c_str()) +
                             contents((readers + "exception_tables.cpp").c_str());
  const std::string text = contents(kShipped);
  const std::regex asks("(?:read|read_word|require|read_prefixes)\\((?:table, )?\"([a-z_]+)\"");
  std::size_t keys = 0;
  for (std::sregex_iterator it(source.begin(), source.end(), asks), end; it != end; ++it, ++keys) {
    const std::string key = (*it)[1];
    EXPECT_TRUE(std::regex_search(text, std::regex("\n(# +)?" + key + " = "))) << key;
  }
  EXPECT_GE(keys, 45U);
}

}  // namespace
}  // namespace sluice::config
