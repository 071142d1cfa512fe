#include "filters/craft/hide_ech.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "filters/base/byte_writer.h"
#include "filters/base/keyed_hash.h"

namespace sluice::craft {
namespace {

// Keys for private use, RFC 9460 section 14.3.2.
constexpr std::uint16_t kFirstPrivateKey = 65280;
constexpr std::uint16_t kLastPrivateKey = 65534;
constexpr std::size_t kParamHead = 4;  // key and length
constexpr std::size_t kKeyBytes = 2;
constexpr auto kEch = static_cast<std::uint16_t>(dns::ServiceKey::ech);
constexpr auto kMandatory = static_cast<std::uint16_t>(dns::ServiceKey::mandatory);

// An answer with keys has one record with them, or a few, and aliases in front. In one with more
// records keys are not hidden: all its names are read twice to tell that they stay.
constexpr std::size_t kMostRecords = 64;

std::uint16_t u16_at(Bytes bytes) noexcept {
  return ByteReader(bytes).u16();
}

// Keys stand in ascending order: the highest private key that none of the parameters has, and
// where its parameter would begin.
struct Place {
  std::uint16_t key = 0;
  std::size_t at = 0;
};
std::optional<Place> place_for_private_key(Bytes params) noexcept {
  Place place;
  ByteReader reader(params);
  std::size_t lowest = kFirstPrivateKey;  // that may stand here
  const auto consider = [&](std::size_t highest, std::size_t at) {
    highest = std::min<std::size_t>(highest, kLastPrivateKey);
    if (highest >= lowest) place = {static_cast<std::uint16_t>(highest), at};
  };
  while (reader.remaining() > 0) {
    const std::size_t at = reader.position();
    const std::size_t key = reader.u16();
    reader.skip(reader.u16());
    if (!reader.ok()) return std::nullopt;
    if (key > 0) consider(key - 1, at);
    lowest = std::max(lowest, key + 1);
  }
  consider(kLastPrivateKey, params.size());
  return place.key == 0 ? std::nullopt : std::optional(place);
}

bool names_ech(Bytes keys) noexcept {
  for (; keys.size() >= kKeyBytes; keys = keys.subspan(kKeyBytes)) {
    if (u16_at(keys) == kEch) return true;
  }
  return false;
}

// Takes `ech` out of a `mandatory` parameter; returns how long it is now, 0: nothing is left of it.
std::size_t shorten_mandatory(MutableBytes param) noexcept {
  std::size_t end = kParamHead;
  for (std::size_t at = kParamHead; at + kKeyBytes <= param.size(); at += kKeyBytes) {
    const std::uint16_t key = u16_at(param.subspan(at));
    if (key == kEch) continue;
    put_u16(param.subspan(end), key);
    end += kKeyBytes;
  }
  put_u16(param.subspan(kKeyBytes), static_cast<std::uint16_t>(end - kParamHead));
  return end == kParamHead ? 0 : end;
}

// `params`: whole parameters from the first one that changes to the end of RDATA.
bool hide(MutableBytes params) noexcept {
  const auto place = place_for_private_key(params);
  if (!place) return false;
  std::size_t to = 0;
  for (std::size_t from = 0; from < place->at;) {
    const MutableBytes rest = params.subspan(from);
    const std::uint16_t key = u16_at(rest);
    const MutableBytes param = rest.first(kParamHead + u16_at(rest.subspan(kKeyBytes)));
    from += param.size();
    if (key == kEch) continue;
    const std::size_t kept = key == kMandatory ? shorten_mandatory(param) : param.size();
    std::ranges::copy(param.first(kept), params.subspan(to).begin());
    to += kept;
  }
  const MutableBytes hidden = params.subspan(to, place->at - to);
  put_u16(hidden, place->key);
  put_u16(hidden.subspan(kKeyBytes), static_cast<std::uint16_t>(hidden.size() - kParamHead));
  std::ranges::fill(hidden.subspan(kParamHead), std::byte{0});
  return true;
}

// Of all names that the records show. A name may be compressed by a pointer into a parameter, and
// would read differently once that has moved.
std::uint64_t hash_of_names(Bytes message, const dns::Response& response) noexcept {
  std::uint64_t hash = 0;
  const auto mix = [&](Bytes name) { hash = keyed_hash({hash, name.size()}, name); };
  dns::ResponseReader records(message, response);
  dns::JumpsLeft jumps = dns::kJumpsOfTarget * dns::most_targets(message.size());
  while (const auto record = records.next()) {
    if (const auto owner = dns::read_name(message, record->owner, jumps)) mix(owner->name.wire());
    if (!dns::is_alias(record->type) && !dns::is_service_target(record->type)) continue;
    if (const auto target = records.read_target(*record)) mix(target->name.wire());
  }
  return hash;
}

}  // namespace

std::optional<std::size_t> hide_ech(MutableBytes message, const dns::Response& response) noexcept {
  if (response.records > kMostRecords) return std::nullopt;
  std::size_t first_changed = message.size();
  const std::uint64_t names = hash_of_names(message, response);
  dns::ResponseReader records(message, response);
  while (const auto record = records.next()) {
    if (!dns::is_service_binding(record->type)) continue;
    const auto binding = dns::read_service_binding(message, *record);
    if (!binding) return std::nullopt;
    if (binding->ech.empty()) continue;
    std::size_t from = binding->ech_at;
    if (names_ech(binding->mandatory)) {
      from = static_cast<std::size_t>(binding->mandatory.data() - message.data()) - kParamHead;
    }
    if (!hide(message.subspan(from, record->data + record->size - from))) return std::nullopt;
    first_changed = std::min(first_changed, from);
  }
  if (hash_of_names(message, response) != names) return std::nullopt;
  return first_changed;
}

}  // namespace sluice::craft
