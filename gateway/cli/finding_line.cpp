#include "gateway/cli/finding_line.h"

#include <array>
#include <nlohmann/json.hpp>

#include "filters/inspect/ends.h"
#include "gateway/cli/explanation.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

std::string printable_name(const inspect::Finding& finding) {
  // Names that were not sent as text.
  if (finding.raw.empty() && finding.source != inspect::Source::host) {
    std::array<char, name::kMaxTextBytes> text;
    return std::string(name::to_text(finding.name, text));
  }
  std::string_view raw = finding.raw;
  while (!raw.empty() && is_blank(raw.front())) raw.remove_prefix(1);
  while (!raw.empty() && is_blank(raw.back())) raw.remove_suffix(1);
  if (raw.ends_with('.')) raw.remove_suffix(1);
  std::string printable;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x21 || byte > 0x7e) {
      const std::string digits = std::to_string(byte);
      printable += '\\' + std::string(3 - digits.size(), '0') + digits;
    } else {
      if (c == '\\') printable += '\\';
      printable += to_lower_ascii(c);
    }
  }
  return printable;
}

std::string qtype_text(std::uint16_t qtype) {
  switch (qtype) {
    case 1:
      return "A";
    case 2:
      return "NS";
    case 5:
      return "CNAME";
    case 6:
      return "SOA";
    case 12:
      return "PTR";
    case 15:
      return "MX";
    case 16:
      return "TXT";
    case 28:
      return "AAAA";
    case 33:
      return "SRV";
    case 35:
      return "NAPTR";
    case 39:
      return "DNAME";
    case 43:
      return "DS";
    case 48:
      return "DNSKEY";
    case 64:
      return "SVCB";
    case 65:
      return "HTTPS";
    case 252:
      return "AXFR";
    case 255:
      return "ANY";
    default:
      return "TYPE" + std::to_string(qtype);
  }
}

std::string finding_fields(const packet::Packet& packet, const inspect::Finding& finding,
                           const policy::Decision& decision, const match::DomainSet& domains) {
  Json line;
  line["proto"] = to_string(finding.protocol);
  line["name"] = printable_name(finding);
  const inspect::Ends ends = inspect::ends_of(packet, finding);
  line["client"] = ends.client.to_string();
  line["server"] = ends.server.to_string();
  line["transport"] = packet.transport == packet::Transport::udp ? "udp" : "tcp";
  line["ech"] = finding.has_ech;
  line["verdict"] = verdict_word(decision.action);
  line["app"] = nullptr;
  line["rule"] = nullptr;
  if (decision.rule.valid()) {
    line["app"] = domains.app_name(decision.app);
    line["rule"] = match::rule_text(domains, decision.rule);
  }
  if (finding.protocol == inspect::Protocol::dns) line["qtype"] = qtype_text(finding.qtype);
  if (finding.source == inspect::Source::answer) line["from"] = "answer";
  return line.dump();
}

}  // namespace sluice::cli
