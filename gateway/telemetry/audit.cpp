#include "gateway/telemetry/audit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "gateway/audit/chain.h"
#include "gateway/telemetry/eve.h"

namespace sluice::telemetry {
namespace {

constexpr int kFormatVersion = 1;

using Digest = std::array<unsigned char, 32>;

Digest hmac_of(std::span<const unsigned char> key, std::span<const unsigned char> text) {
  Digest digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), text.data(), text.size(),
       digest.data(), &size);
  return digest;
}

std::span<const unsigned char> bytes_of(std::string_view text) {
  return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// The key of the period that a time is in. It follows from the master key and the period's first
// day, so nothing has to be kept, and workers of several gateways agree on it.
Digest key_of_period(Nanos time, const AuditOptions& options) {
  const auto day = std::chrono::floor<std::chrono::days>(time).count();
  const auto length = static_cast<std::int64_t>(options.rotate_days);
  const std::string text = "sluice pseudonyms from day " + std::to_string(day - day % length);
  return hmac_of(bytes_of(options.key), bytes_of(text));
}

// Under one key, a client always has the same pseudonym. Without the key, the address cannot be
// found from it.
std::string pseudonym(const IpAddress& address, Nanos time, const AuditOptions& options) {
  const std::span address_bytes(reinterpret_cast<const unsigned char*>(address.mapped().data()),
                                address.mapped().size());
  const Digest digest = options.rotate_days == 0
                            ? hmac_of(bytes_of(options.key), address_bytes)
                            : hmac_of(key_of_period(time, options), address_bytes);
  constexpr std::size_t kShown = 8;
  return "p:" + audit::to_hex(std::span(digest).first(kShown));
}

// The names of policies and lists may hold any bytes: escape them.
std::string dump(const nlohmann::ordered_json& line) {
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

nlohmann::ordered_json begin_note(Nanos time, const char* kind) {
  return {{"v", kFormatVersion}, {"time", time_text(time)}, {"kind", kind}};
}

std::string end_note(nlohmann::ordered_json note, AuditFormat format) {
  return dump(format == AuditFormat::eve ? eve_note(std::move(note)) : note);
}

}  // namespace

std::string start_json(Nanos time, AuditFormat format) {
  nlohmann::ordered_json line = begin_note(time, "start");
  line["version"] = SLUICE_VERSION;
  return end_note(std::move(line), format);
}

std::string lost_json(Nanos time, std::uint64_t records, AuditFormat format) {
  nlohmann::ordered_json line = begin_note(time, "lost");
  line["records"] = records;
  return end_note(std::move(line), format);
}

std::string update_json(Nanos time, const UpdateRecord& update, AuditFormat format) {
  nlohmann::ordered_json line = begin_note(time, "update");
  line["result"] = update.result;
  line["generation"] = update.generation;
  line["lists"] = nlohmann::ordered_json::array();
  for (const UpdateRecord::List& list : update.lists) {
    line["lists"].push_back({{"name", list.name},
                             {"app", list.app},
                             {"version", list.version},
                             {"entries", list.entries}});
  }
  return end_note(std::move(line), format);
}

std::string time_text(Nanos time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(time - seconds);
  const std::time_t whole = seconds.count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 32> date{};
  std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros.count()));
  return std::string(date.data()) + fraction.data();
}

std::string client_text(const IpAddress& client, Nanos time, const AuditOptions& options) {
  return options.pseudonymise ? pseudonym(client, time, options) : client.to_string();
}

nlohmann::ordered_json to_object(const AuditRecord& record, const AuditOptions& options) {
  nlohmann::ordered_json line;
  line["v"] = kFormatVersion;
  line["time"] = time_text(record.time);
  // Whoever counts drops must not count what was not dropped.
  line["action"] = record.is_shadow ? "shadow" : record.action.view();
  if (record.is_shadow) line["would"] = record.action.view();
  line["app"] = record.app.view();
  line["name"] = record.name.view();
  if (!record.asked.view().empty()) line["asked"] = record.asked.view();
  line["protocol"] = record.protocol.view();
  line["transport"] = record.transport;
  line["rule"] = record.rule.view();
  line["list"] = record.list.view();
  line["list_version"] = record.list_version.view();
  line["line"] = record.line;
  line["policy"] = record.policy.view();
  line["client"] = options.pseudonymise ? client_text(record.client.address, record.time, options)
                                        : record.client.to_string();
  line["server"] = record.server.to_string();
  line["evidence"] = record.evidence;
  if (!record.unjudged.empty()) {
    line["kind"] = "unjudged";
    line["reason"] = record.unjudged;
    line["suppressed"] = record.suppressed;
  }
  return line;
}

std::string to_json(const AuditRecord& record, const AuditOptions& options) {
  return dump(options.format == AuditFormat::eve ? eve_object(record, options)
                                                 : to_object(record, options));
}

}  // namespace sluice::telemetry
