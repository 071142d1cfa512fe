#include "gateway/app/audit_trail.h"

#include <fstream>
#include <string_view>
#include <utility>

#include "gateway/audit/trail.h"
#include "gateway/telemetry/file_sink.h"
#include "gateway/telemetry/syslog_sink.h"
#include "gateway/telemetry/tee_sink.h"
#include "lists/compile/load.h"

namespace sluice::app {
namespace {

constexpr std::uint64_t kMebibyte = 1024 * 1024;

Result<telemetry::AuditOptions, std::string> options_of(const config::StartSettings& start) {
  telemetry::AuditOptions options{.chain = start.audit_chain,
                                  .chain_key = {},
                                  .pseudonymise = start.audit_pseudonymise,
                                  .key = {}};
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

// nullptr: nowhere. Of two destinations the file decides what is lost.
Result<std::unique_ptr<telemetry::AuditSink>, std::string> open_sink(
    const config::StartSettings& start) {
  std::unique_ptr<telemetry::AuditSink> syslog;
  if (!start.audit_syslog.empty()) {
    auto options = telemetry::SyslogSink::parse(start.audit_syslog);
    if (!options) return fail("[audit] syslog: " + options.error());
    syslog = std::make_unique<telemetry::SyslogSink>(std::move(*options));
  }
  if (start.audit_file.empty()) return syslog;
  auto file = telemetry::FileSink::open(start.audit_file,
                                        {.rotate_bytes = start.audit_rotate_mib * kMebibyte,
                                         .keep = start.audit_keep,
                                         .sync = start.audit_sync});
  if (!file) return fail(file.error());
  if (syslog == nullptr) return std::unique_ptr<telemetry::AuditSink>(std::move(*file));
  std::vector<std::unique_ptr<telemetry::AuditSink>> others;
  others.push_back(std::move(syslog));
  return std::make_unique<telemetry::TeeSink>(std::move(*file), std::move(others));
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

Result<AuditTrail, std::string> open_audit_trail(
    const config::StartSettings& start, std::vector<telemetry::AuditRing*> rings) {
  auto options = options_of(start);
  if (!options) return fail(options.error());
  auto sink = open_sink(start);
  if (!sink) return fail(sink.error());
  AuditTrail trail;
  if (!start.keeps_records()) return trail;
  telemetry::AuditWriter::Tap tap;
  if (start.keeps_activity()) {
    trail.activity = std::make_unique<telemetry::Activity>(*options);
    tap = [activity = trail.activity.get()](const auto& record) { activity->take(record); };
  }
  const bool is_file = !start.audit_file.empty() && start.audit_file != "-";
  const auto before = is_file ? audit::last_value_of(start.audit_file) : std::nullopt;
  trail.writer = std::make_unique<telemetry::AuditWriter>(
      std::move(*sink), std::move(*options), std::move(rings), std::move(tap),
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
