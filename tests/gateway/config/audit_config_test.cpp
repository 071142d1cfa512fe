// [audit]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "gateway/config/config.h"
#include "tests/gateway/config/errors.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Config good(std::string_view text) {
  auto config = parse(text, "/etc/sluice/sluice.toml");
  if (config) return std::move(*config);
  for (const ConfigError& error : config.error()) ADD_FAILURE() << error.to_string();
  return {};
}

TEST(AuditConfig, TheAuditTrailIsChainedAndMayBeRotatedAndSent) {
  const StartSettings start =
      good(
          "[audit]\nchain = false\nchain_key_file = \"key\"\nrotate_mib = 64\n"
          "keep = 3\nsync = true\nsyslog = \"udp://192.0.2.7:514\"\n")
          .start;
  EXPECT_FALSE(start.audit_chain);
  EXPECT_EQ(start.audit_chain_key_file, "/etc/sluice/key");
  EXPECT_EQ(start.audit_rotate_mib, 64U);
  EXPECT_EQ(start.audit_keep, 3U);
  EXPECT_TRUE(start.audit_sync);
  EXPECT_EQ(start.audit_syslog, "udp://192.0.2.7:514");
  EXPECT_TRUE(start.keeps_records());
  EXPECT_FALSE(good("").start.keeps_records());
  EXPECT_TRUE(good("").start.audit_chain);
  EXPECT_THAT(errors_of("[audit]\nkeep = 0\n"), ElementsAre(HasSubstr("audit.keep: ")));
}

TEST(AuditConfig, TheAuditTrailMayGoToTheJournal) {
  EXPECT_FALSE(good("").start.audit_journald);
  const StartSettings start = good("[audit]\njournald = true").start;
  EXPECT_TRUE(start.audit_journald);
  EXPECT_TRUE(start.keeps_records());
}

TEST(AuditConfig, TheAuditTrailMayGoToASyslogServerOverTls) {
  const StartSettings start =
      good(
          "[audit]\nsyslog = \"tls://log.example:6514\"\nsyslog_ca_file = \"ca.pem\"\n"
          "syslog_cert_file = \"gw.pem\"\nsyslog_key_file = \"/etc/ssl/gw.key\"\n")
          .start;
  EXPECT_EQ(start.audit_syslog, "tls://log.example:6514");
  EXPECT_EQ(start.audit_syslog_ca, "/etc/sluice/ca.pem");
  EXPECT_EQ(start.audit_syslog_cert, "/etc/sluice/gw.pem");
  EXPECT_EQ(start.audit_syslog_key, "/etc/ssl/gw.key");
  EXPECT_THAT(errors_of("[audit]\nsyslog = \"tcp://192.0.2.7:601\"\nsyslog_ca_file = \"a\"\n"),
              ElementsAre(HasSubstr("audit.syslog_ca_file: needs syslog = \"tls://")));
  EXPECT_THAT(errors_of("[audit]\nsyslog = \"tls://l:1\"\nsyslog_cert_file = \"a\"\n"),
              ElementsAre(HasSubstr("audit.syslog_cert_file: needs the other one")));
}

TEST(AuditConfig, TheAuditTrailMayGoToKafka) {
  const StartSettings start =
      good(
          "[audit]\nkafka_brokers = \"192.0.2.8:9092\"\nkafka_topic = \"sluice\"\n"
          "kafka_options = [\"security.protocol=ssl\"]\n")
          .start;
  EXPECT_EQ(start.audit_kafka_brokers, "192.0.2.8:9092");
  EXPECT_EQ(start.audit_kafka_topic, "sluice");
  EXPECT_THAT(start.audit_kafka_options, ElementsAre("security.protocol=ssl"));
  EXPECT_TRUE(start.keeps_records());
  EXPECT_THAT(errors_of("[audit]\nkafka_brokers = \"192.0.2.8:9092\"\n"),
              ElementsAre(HasSubstr("audit.kafka_topic: is required for kafka_brokers")));
  EXPECT_THAT(errors_of("[audit]\nkafka_topic = \"sluice\"\nkafka_options = [\"acks=1\"]\n"),
              ElementsAre(HasSubstr("audit.kafka_topic: needs kafka_brokers"),
                          HasSubstr("audit.kafka_options: needs kafka_brokers")));
}

TEST(AuditConfig, PseudonymsMayChangeAndLinesBeRemoved) {
  EXPECT_EQ(good("").start.audit_keep_days + good("").start.audit_rotate_pseudonyms, 0U);
  const StartSettings start =
      good(
          "[audit]\nkeep = 90\nkeep_days = 90\npseudonymise_clients = true\n"
          "key_file = \"key\"\nrotate_pseudonyms_days = 7\n")
          .start;
  EXPECT_EQ(start.audit_keep_days, 90U);
  EXPECT_EQ(start.audit_rotate_pseudonyms, 7U);
  EXPECT_THAT(
      errors_of("[audit]\nkeep = 89\nkeep_days = 90\n"),
      ElementsAre(HasSubstr(":2: audit.keep: 89 files hold fewer days than keep_days = 90")));
  EXPECT_THAT(errors_of("[audit]\nrotate_pseudonyms_days = 7\n"),
              ElementsAre(HasSubstr("audit.rotate_pseudonyms_days: needs pseudonymise_clients")));
}

TEST(AuditConfig, TheAuditTrailHasAFormat) {
  EXPECT_EQ(good("").start.audit_format, AuditFormat::sluice);
  EXPECT_EQ(good("[audit]\nformat = \"eve\"").start.audit_format, AuditFormat::eve);
  EXPECT_THAT(errors_of("[audit]\nformat = \"cef\"\n"),
              ElementsAre(HasSubstr("audit.format: \"cef\" is none of: sluice, eve")));
}

TEST(AuditConfig, AuditToStandardOutputOrNowhereIsNoPath) {
  EXPECT_EQ(good("[audit]\nfile = \"-\"").start.audit_file, "-");
  EXPECT_EQ(good("[audit]\nfile = \"\"").start.audit_file, "");
  EXPECT_EQ(good("[metrics]\nlisten = \"\"").start.metrics_listen, "");
}

}  // namespace
}  // namespace sluice::config
