#include "filters/dns/service.h"

namespace sluice::dns {
namespace {

constexpr std::size_t kParamHead = 4;  // key and length

// Lists of fixed-size items may not be empty (RFC 9460 sections 7.3 and 8).
bool is_list_of(Bytes value, std::size_t bytes) noexcept {
  return !value.empty() && value.size() % bytes == 0;
}

bool read_params(ByteReader params, std::size_t at, ServiceBinding& binding) noexcept {
  int previous = -1;
  while (params.remaining() > 0) {
    const Bytes from_here = params.rest();
    const std::size_t start = at + params.position();
    const std::uint16_t key = params.u16();
    const Bytes value = params.take(params.u16());
    if (!params.ok() || key <= previous) return false;
    previous = key;
    switch (static_cast<ServiceKey>(key)) {
      case ServiceKey::mandatory:
        if (!is_list_of(value, sizeof(std::uint16_t))) return false;
        binding.mandatory = value;
        break;
      case ServiceKey::ipv4hint:
        if (!is_list_of(value, kIpv4Bytes)) return false;
        binding.ipv4_hints = value;
        break;
      case ServiceKey::ipv6hint:
        if (!is_list_of(value, kIpv6Bytes)) return false;
        binding.ipv6_hints = value;
        break;
      case ServiceKey::ech:
        binding.ech = from_here.first(kParamHead + value.size());
        binding.ech_at = start;
        break;
      case ServiceKey::alpn:
      case ServiceKey::no_default_alpn:
      case ServiceKey::port:
        break;
    }
  }
  return true;
}

}  // namespace

std::optional<ServiceBinding> read_service_binding(Bytes message, const Record& record,
                                                   JumpsLeft& jumps) noexcept {
  ByteReader reader(record.data_in(message));
  ServiceBinding binding;
  binding.priority = reader.u16();
  if (!reader.ok()) return std::nullopt;
  const auto target = read_name(message, record.data + reader.position(), jumps);
  const std::size_t end = record.data + record.size;
  if (!target || target->end > end) return std::nullopt;
  binding.target = target->name;
  if (binding.priority == 0) return binding;
  const Bytes params = message.subspan(target->end, end - target->end);
  if (!read_params(ByteReader(params), target->end, binding)) return std::nullopt;
  return binding;
}

}  // namespace sluice::dns
