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

// An answer with keys has one record with them, or a few, and aliases in front; a chatty server
// adds its name servers and their addresses. In one with more records, or more names to watch, keys
// are not hidden.
constexpr std::size_t kMostRecords = 64;
constexpr std::size_t kMostWatchedNames = 24;

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

// Pointers to below this offset lead to no parameter: into the question, as most do, if that is
// one whole name.
std::size_t end_of_safe_names(const dns::Response& response) noexcept {
  constexpr std::size_t kTypeAndClass = 4;
  const std::size_t end = response.query.questions_end;
  if (response.query.count != 1) return 0;
  const std::size_t whole = response.query.questions[0].name.wire().size() + kTypeAndClass;
  return end == dns::kHeaderBytes + whole ? end : 0;
}

// A name may be compressed by a pointer into a parameter, and would read differently once that has
// moved.
bool may_lead_to_params(Bytes message, std::size_t name, std::size_t safe_end) noexcept {
  constexpr unsigned kPointer = 0xc0, kOffset = 0x3fff;
  for (std::size_t at = name; at + 1 < message.size();) {
    const unsigned length = std::to_integer<unsigned>(message[at]);
    if ((length & kPointer) == kPointer) {
      return (u16_at(message.subspan(at)) & kOffset) >= safe_end;
    }
    if (length == 0) return false;
    at += 1 + length;
  }
  return false;
}

// Of all names that the records show and that may change. nullopt: too many.
std::optional<std::uint64_t> hash_of_names(Bytes message, const dns::Response& response) noexcept {
  std::uint64_t hash = 0;
  std::size_t names_left = kMostWatchedNames;
  const auto mix = [&](Bytes name) { hash = keyed_hash({hash, name.size()}, name); };
  dns::ResponseReader records(message, response);
  dns::JumpsLeft jumps = dns::kJumpsOfTarget * kMostWatchedNames;
  const std::size_t safe_end = end_of_safe_names(response);
  const auto is_watched = [&](std::size_t name) {
    return may_lead_to_params(message, name, safe_end);
  };
  while (const auto record = records.next()) {
    if (is_watched(record->owner)) {
      if (names_left-- == 0) return std::nullopt;
      if (const auto owner = dns::read_name(message, record->owner, jumps)) {
        mix(owner->name.wire());
      }
    }
    const auto name = dns::name_in_data(*record);
    if (!name || !is_watched(*name)) continue;
    if (names_left-- == 0) return std::nullopt;
    if (const auto target = dns::read_name(message, *name, jumps)) mix(target->name.wire());
  }
  return hash;
}

}  // namespace

std::optional<std::size_t> hide_ech(MutableBytes message, const dns::Response& response) noexcept {
  if (response.records > kMostRecords) return std::nullopt;
  std::size_t first_changed = message.size();
  const auto names = hash_of_names(message, response);
  if (!names) return std::nullopt;
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
