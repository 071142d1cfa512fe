#include "gateway/telemetry/eve.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::telemetry {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kGenerator = 9464;  // tells our signature ids from those of rules for Suricata (1)
constexpr int kRevision = 1;
constexpr int kMedium = 2, kLow = 3;  // severities; 1 is the highest

// EVE writes the offset of UTC without a colon.
std::string timestamp_of(const Json& own) {
  auto time = own.at("time").get<std::string>();
  time.replace(time.size() - 1, 1, "+0000");
  return time;
}

// Follows from the text, so that it is the same on every gateway: 31 bits of its SHA-256.
std::uint32_t signature_id(std::string_view signature) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  EVP_Digest(signature.data(), signature.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return (std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 |
          std::uint32_t{digest[2]} << 8 | std::uint32_t{digest[3]}) >>
         1;
}

Json alert_of(const AuditRecord& record) {
  const bool is_decision = record.unjudged.empty();
  const bool is_blocked = !record.is_shadow && record.action.view() != "log";
  std::string signature = "Cannot be judged: " + std::string(record.unjudged);
  if (is_decision) {
    signature = record.is_shadow ? "Banned app on trial: " : "Banned app: ";
    signature += record.app.view();
  }
  const std::uint32_t id = signature_id(signature);
  return {{"action", is_blocked ? "blocked" : "allowed"},
          {"gid", kGenerator},
          {"signature_id", id},
          {"rev", kRevision},
          {"signature", std::move(signature)},
          {"category", is_decision ? "Banned app" : "Traffic that cannot be judged"},
          {"severity", is_decision && is_blocked ? kMedium : kLow}};
}

Json dns_of(const AuditRecord& record) {
  const bool is_answer = !record.asked.view().empty();
  const std::string_view asked = is_answer ? record.asked.view() : record.name.view();
  const Json question = {{"type", "query"}, {"rrname", asked}};
  return {{"version", 2},
          {"type", is_answer ? "answer" : "query"},
          {"rrname", asked},
          {"query", Json::array({question})}};
}

// Suricata's name of the protocol, and what it says of it. Of others it has none.
void add_protocol(const AuditRecord& record, Json& line) {
  const std::string_view protocol = record.protocol.view();
  Json shown;
  if (protocol == "dns") {
    shown = dns_of(record);
  } else if (protocol == "tls" || protocol == "quic") {
    shown["sni"] = record.name.view();
  } else if (protocol == "http") {
    shown["hostname"] = record.name.view();
  } else {
    return;
  }
  line["app_proto"] = protocol;
  line["alert"] = nullptr;  // keeps its place
  line[std::string(protocol)] = std::move(shown);
}

}  // namespace

Json eve_object(const AuditRecord& record, const AuditOptions& options) {
  Json own = to_object(record, options);
  Json line;
  line["timestamp"] = timestamp_of(own);
  line["event_type"] = "alert";
  const bool has_ports = !record.transport.empty();
  line["src_ip"] = client_text(record.client.address, record.time, options);
  if (has_ports && !options.pseudonymise) line["src_port"] = record.client.port.number;
  line["dest_ip"] = record.server.address.to_string();
  if (has_ports) {
    line["dest_port"] = record.server.port.number;
    line["proto"] = record.transport == "udp" ? "UDP" : "TCP";
  }
  add_protocol(record, line);
  line["alert"] = alert_of(record);
  for (const char* said : {"time", "transport", "client", "server"}) own.erase(said);
  line["sluice"] = std::move(own);
  return line;
}

Json eve_note(Json note) {
  Json line;
  line["timestamp"] = timestamp_of(note);
  line["event_type"] = "sluice";
  note.erase("time");
  line["sluice"] = std::move(note);
  return line;
}

}  // namespace sluice::telemetry
