#include "filters/inspect/finding.h"

namespace sluice::inspect {

std::string_view to_string(Protocol protocol) noexcept {
  switch (protocol) {
    case Protocol::dns:
      return "dns";
    case Protocol::tls:
      return "tls";
    case Protocol::quic:
      return "quic";
    case Protocol::http:
      return "http";
    case Protocol::mmtls:
      return "mmtls";
    case Protocol::ip:
      return "ip";
  }
  return "?";
}

Finding* FindingList::add() noexcept {
  if (count_ == kCapacity) return nullptr;
  items_[count_] = Finding{};
  return &items_[count_++];
}

}  // namespace sluice::inspect
