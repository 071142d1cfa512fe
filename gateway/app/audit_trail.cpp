#include "gateway/app/audit_trail.h"

#include <chrono>
#include <fstream>
#include <string_view>
#include <utility>

#include "gateway/audit/trail.h"
#include "gateway/telemetry/file_sink.h"
#include "gateway/telemetry/journal_sink.h"
#include "gateway/telemetry/kafka_sink.h"
#include "gateway/telemetry/syslog_sink.h"
#include "gateway/telemetry/tee_sink.h"
#include "lists/compile/load.h"

namespace sluice::app {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;

Result<telemetry::AuditOptions, std::string> options_of(const config::StartSettings& start) {
  const bool is_eve = start.audit_format == config::AuditFormat::eve;
  telemetry::AuditOptions options{
      .format = is_eve ? telemetry::AuditFormat::eve : telemetry::AuditFormat::sluice,
      .chain = start.audit_chain,
      .chain_key = {},
      .pseudonymise = start.audit_pseudonymise,
      .key = {},
      .rotate_days = start.audit_rotate_pseudonyms};
  if (options.pseudonymise) {
    auto key = read_key(start.audit_key_file, "pseudonyms");
    if (!key) return fail(key.error());
    options.key = std::move(*key);
  }
  if (options.chain) {
    auto key = chain_key_of(start.audit_chain_key_file);
    if (!key) return fail(key.error());
    options.chain_key = std::move(*key);
  }
  return options;
}

using Sinks = std::vector<std::unique_ptr<telemetry::AuditSink>>;

// The destinations in the order in which they decide what is lost. Error: one line that names the
// key, or the file.
Result<Sinks, std::string> open_sinks(const config::StartSettings& start) {
  Sinks sinks;
  if (!start.audit_file.empty()) {
    auto file = telemetry::FileSink::open(start.audit_file,
                                          {.rotate_bytes = start.audit_rotate_mib * kMebibyte,
                                           .keep = start.audit_keep,
                                           .keep_days = std::chrono::days(start.audit_keep_days),
                                           .sync = start.audit_sync});
    if (!file) return fail(file.error());
    sinks.push_back(std::move(*file));
  }
  if (!start.audit_syslog.empty()) {
    auto options = telemetry::SyslogSink::parse(start.audit_syslog);
    if (!options) return fail("[audit] syslog: " + options.error());
    options->ca_file = start.audit_syslog_ca;
    options->cert_file = start.audit_syslog_cert;
    options->key_file = start.audit_syslog_key;
    auto syslog = telemetry::SyslogSink::make(std::move(*options));
    if (!syslog) return fail("[audit] syslog_" + syslog.error());
    sinks.push_back(std::move(*syslog));
  }
  if (start.audit_journald) sinks.push_back(std::make_unique<telemetry::JournalSink>());
  if (!start.audit_kafka_brokers.empty()) {
    auto kafka = telemetry::KafkaSink::make({.brokers = start.audit_kafka_brokers,
                                             .topic = start.audit_kafka_topic,
                                             .options = start.audit_kafka_options});
    if (!kafka) return fail("[audit] kafka_" + kafka.error());
    sinks.push_back(std::move(*kafka));
  }
  return sinks;
}

// nullptr: nowhere.
std::unique_ptr<telemetry::AuditSink> one_of(Sinks sinks) {
  if (sinks.empty()) return nullptr;
  auto first = std::move(sinks.front());
  sinks.erase(sinks.begin());
  if (sinks.empty()) return first;
  return std::make_unique<telemetry::TeeSink>(std::move(first), std::move(sinks));
}

}  // namespace

Result<std::string, std::string> read_key(const std::filesystem::path& path, const char* what) {
  constexpr std::uintmax_t kMaxKeyFile = 4096;
  const auto file = lists::load_file(path, kMaxKeyFile);
  if (!file) return fail(path.string() + ": " + file.error());
  std::string key(std::string_view(file->text).substr(0, file->text.find('\n')));
  if (key.empty()) {
    return fail(path.string() + ": no key for " + what + " in its first line");
  }
  return key;
}

Result<std::string, std::string> chain_key_of(const std::filesystem::path& file) {
  return file.empty() ? std::string() : read_key(file, "the chain");
}

Result<void, std::string> for_each_line(
    const std::vector<std::string>& files,
    FunctionRef<void(const std::string&, const std::string&, std::uint64_t)> visit) {
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(file + ": cannot be opened");
    std::uint64_t number = 0;
    for (std::string line; audit::next_line(in, line);) visit(line, file, ++number);
  }
  return {};
}

Result<AuditTrail, std::string> open_audit_trail(const config::StartSettings& start,
                                                 std::vector<telemetry::AuditRing*> rings) {
  auto options = options_of(start);
  if (!options) return fail(options.error());
  auto sinks = open_sinks(start);
  if (!sinks) return fail(sinks.error());
  AuditTrail trail;
  if (!start.keeps_records()) return trail;
  telemetry::AuditWriter::Tap tap;
  if (start.keeps_activity()) {
    trail.activity = std::make_unique<telemetry::Activity>(*options);
    tap = [activity = trail.activity.get()](const auto& record) { activity->take(record); };
  }
  const bool is_file = !start.audit_file.empty() && start.audit_file != "-";
  auto before = is_file ? audit::last_value_of(start.audit_file) : std::nullopt;
  if (is_file && !before) before = audit::last_value_of(start.audit_file.string() + ".1");
  trail.writer = std::make_unique<telemetry::AuditWriter>(
      one_of(std::move(*sinks)), std::move(*options), std::move(rings), std::move(tap),
      before.value_or(audit::ChainValue{}));
  return trail;
}

telemetry::UpdateRecord update_record(std::string result, std::uint64_t generation,
                                      const telemetry::ListsStatus& lists) {
  telemetry::UpdateRecord record{
      .result = std::move(result), .generation = generation, .lists = {}};
  for (const telemetry::ListStatus& list : lists.lists) {
    record.lists.push_back({list.name, list.app, list.version, list.entries});
  }
  return record;
}

}  // namespace sluice::app
