#pragma once

// Response policy zones (RPZ, draft-vixie-dnsop-dns-rpz-00): records to entries.
//
//   name.origin.    CNAME .               the name: NXDOMAIN      *.name.origin. …  what is below
//   it
//                   CNAME *.              NODATA
//                   CNAME rpz-passthru.   exception (also: CNAME of the name itself)
//                   CNAME rpz-drop.       no answer
//                   CNAME rpz-tcp-only.   TC over UDP
//                   A, AAAA, TXT, …       that record; unspecified and loopback addresses: as the
//                   CNAME other.name.     policy says
//
// Only names of questions are triggers here. Refused, with the reason: the triggers rpz-ip,
// rpz-client-ip, rpz-nsip, rpz-nsdname; targets with a star; every name (`*`). Records of the apex
// and of DNSSEC are no policy, and left out.
//
// Takes records one by one, as a zone transfer brings them; parse_rpz() (format.h) reads a zone
// file. Allocates little; no I/O. One thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "filters/name/name.h"
#include "lists/format/entry.h"

namespace sluice::lists {

struct ZoneRecord {
  name::Name owner;  // with the origin
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;  // seconds
  Bytes rdata;            // wire form, names in it without compression
};

class RpzReader {
 public:
  static constexpr std::size_t kMaxRdata = 512;  // bytes

  // The sink must outlive the reader.
  RpzReader(const name::Name& origin, const Sink& sink) : origin_(origin), sink_(sink) {}

  // `line`: for messages and rules; of a transfer the number of the record.
  void take(const ZoneRecord& record, std::uint32_t line);
  // Gives what is held back: a name and all below it, which come one after the other, make one
  // entry. REQUIRES: called once, after the last record.
  void finish() { give_held(); }

  // Of the records that follow.
  void set_origin(const name::Name& origin) { origin_ = origin; }
  [[nodiscard]] const name::Name& origin() const noexcept { return origin_; }

 private:
  // An entry without a record of its own.
  struct Held {
    name::Name name;
    Scope scope = Scope::itself;
    Action action = Action::block;
    match::AnswerKind answer = match::AnswerKind::of_policy;
    std::uint32_t line = 0;  // 0: none is held
  };

  [[nodiscard]] std::string refusal(const ZoneRecord& record, std::uint32_t line);
  [[nodiscard]] std::string take_cname(const ZoneRecord& record, Held entry);
  [[nodiscard]] std::string give_record(const ZoneRecord& record, const Held& entry);
  void hold(const Held& entry);
  void give_held();
  void give(const Held& entry, match::Answer answer) const;

  name::Name origin_;
  const Sink& sink_;
  Held held_;
};

// A zone file as parse_rpz() reads it, with an origin for names that have no final dot before the
// first $ORIGIN. The zone's origin is the owner of its SOA, else the first $ORIGIN, else this.
void parse_rpz_zone(std::string_view text, const name::Name& origin, const Sink& sink);

}  // namespace sluice::lists
