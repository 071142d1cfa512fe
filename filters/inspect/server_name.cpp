#include "filters/inspect/server_name.h"

#include "filters/http/request.h"

namespace sluice::inspect {
namespace {

std::string_view host_part(std::string_view as_sent) noexcept {
  return http::trim(http::without_port(http::trim(as_sent)));
}

void add_as_sent(Protocol protocol, Source source, std::string_view as_sent, bool has_ech,
                 FindingList& findings) noexcept {
  if (Finding* finding = findings.add()) {
    finding->protocol = protocol;
    finding->source = source;
    finding->raw = as_sent;
    finding->name.assign_host(host_part(as_sent));
    finding->has_ech = has_ech;
  }
}

}  // namespace

name::Name canonical_host(std::string_view as_sent) noexcept {
  return name::Name::from_host(host_part(as_sent));
}

void add_host(std::string_view as_sent, FindingList& findings) noexcept {
  add_as_sent(Protocol::http, Source::host, as_sent, false, findings);
  const std::size_t user_end = as_sent.rfind('@');
  if (user_end == std::string_view::npos) return;
  add_as_sent(Protocol::http, Source::host, as_sent.substr(user_end + 1), false, findings);
}

void add_server_name(const tls::ClientHello& hello, Protocol protocol,
                     FindingList& findings) noexcept {
  if (!hello.has_server_name) return;
  add_as_sent(protocol, Source::server_name, hello.server_name, hello.has_ech, findings);
}

void add_signature(Protocol protocol, std::string_view name, FindingList& findings) noexcept {
  const auto canonical = name::Name::from_text(name);
  if (!canonical) return;
  if (Finding* finding = findings.add()) {
    finding->protocol = protocol;
    finding->source = Source::signature;
    finding->name = *canonical;
  }
}

}  // namespace sluice::inspect
