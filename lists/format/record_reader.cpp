#include "lists/format/record_reader.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <array>

#include "lists/format/line.h"

namespace sluice::lists {
namespace {

struct FreeRecord {
  void operator()(ldns_rr* record) const noexcept { ldns_rr_free(record); }
};

// What may be an answer, and what zones have besides. ldns reads many more types, but nobody
// answers with them, and it leaks memory where some are malformed (IPSECKEY in 1.8.3).
constexpr std::array<std::string_view, 24> kTypes = {
    "A",          "AAAA",  "CAA",   "CDNSKEY", "CDS",   "CNAME", "DNAME", "DNSKEY",
    "DS",         "HINFO", "HTTPS", "MX",      "NAPTR", "NS",    "NSEC",  "NSEC3",
    "NSEC3PARAM", "PTR",   "RRSIG", "SOA",     "SRV",   "SVCB",  "TLSA",  "TXT"};

bool is_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, {}, to_lower_ascii, to_lower_ascii);
}

// The type of a record, as written; empty: there is none.
std::string_view type_of(std::string_view line) {
  std::string_view rest = trim(line);
  if (!line.empty() && !is_blank(line.front())) static_cast<void>(take_word(rest));
  // A time to live and a class may come before.
  for (int words = 0; words < 3; ++words) {
    const std::string_view word = take_word(rest);
    const bool is_ttl = !word.empty() && word.front() >= '0' && word.front() <= '9';
    const bool is_class = is_word(word, "IN") || is_word(word, "CH") || is_word(word, "HS");
    if (!is_ttl && !is_class) return word;
  }
  return {};
}

bool is_read(std::string_view type) {
  // TYPE1234 \# …, RFC 3597.
  return is_word(type.substr(0, 4), "TYPE") ||
         std::ranges::any_of(kTypes, [&](auto known) { return is_word(type, known); });
}

Bytes bytes_of(const ldns_rdf* rdf) {
  return std::as_bytes(std::span(ldns_rdf_data(rdf), ldns_rdf_size(rdf)));
}

}  // namespace

void RecordReader::Free::operator()(ldns_struct_rdf* rdf) const noexcept {
  ldns_rdf_deep_free(rdf);
}

RecordReader::RecordReader(std::uint32_t ttl) : origin_(ldns_dname_new_frm_str(".")), ttl_(ttl) {}
RecordReader::~RecordReader() = default;

bool RecordReader::set_origin(const std::string& name) {
  Rdf read(ldns_dname_new_frm_str(name.c_str()));
  if (read == nullptr) return false;
  // Relative to the origin before it.
  if (!name.ends_with('.') && ldns_dname_cat(read.get(), origin_.get()) != LDNS_STATUS_OK) {
    return false;
  }
  origin_ = std::move(read);
  return true;
}

void RecordReader::set_origin(const name::Name& name) {
  const Bytes wire = name.wire();
  origin_.reset(ldns_dname_new_frm_data(static_cast<std::uint16_t>(wire.size()), wire.data()));
}

name::Name RecordReader::origin() const {
  return name::Name::from_wire(bytes_of(origin_.get())).value_or(name::Name{});
}

bool RecordReader::set_ttl(const std::string& period) {
  const char* end = nullptr;
  const std::uint32_t ttl = ldns_str2period(period.c_str(), &end);
  if (period.empty() || *end != '\0') return false;
  ttl_ = ttl;
  return true;
}

Result<ZoneRecord, std::string> RecordReader::read(const std::string& line) {
  if (line.size() > kMaxLine) return fail(std::string("a record longer than 8192 bytes"));
  if (line.contains('\0')) return fail(std::string("a NUL byte"));
  const bool has_owner = !line.empty() && !is_blank(line.front());
  if (!has_owner && (owner_was_refused_ || previous_ == nullptr)) {
    return fail(std::string("a record without a name; the line before has none either"));
  }
  if (const std::string_view type = type_of(line); !is_read(type)) {
    owner_was_refused_ = owner_was_refused_ || has_owner;
    return fail(type.empty() ? std::string("not a record: a name, a type and data")
                             : "not a record of a type that is read: " + std::string(type));
  }
  ldns_rr* read = nullptr;
  ldns_rdf* previous = previous_.release();
  const ldns_status status =
      ldns_rr_new_frm_str(&read, line.c_str(), ttl_, origin_.get(), &previous);
  previous_.reset(previous);
  const std::unique_ptr<ldns_rr, FreeRecord> record(read);
  // Records without a name that follow would get an earlier one.
  if (has_owner) owner_was_refused_ = status != LDNS_STATUS_OK;
  if (status != LDNS_STATUS_OK) {
    return fail(std::string("not a record: ") + ldns_get_errorstr_by_id(status));
  }
  if (ldns_rr_get_class(record.get()) != LDNS_RR_CLASS_IN) {
    return fail(std::string("a record of another class than IN"));
  }
  const auto owner = name::Name::from_wire(bytes_of(ldns_rr_owner(record.get())));
  if (!owner) return fail(std::string(name::to_string(owner.error())));
  rdata_.clear();
  for (std::size_t i = 0; i < ldns_rr_rd_count(record.get()); ++i) {
    const ldns_rdf* const field = ldns_rr_rdf(record.get(), i);
    if (field == nullptr) return fail(std::string("not a record: a field is missing"));
    const Bytes bytes = bytes_of(field);
    rdata_.insert(rdata_.end(), bytes.begin(), bytes.end());
  }
  return ZoneRecord{*owner, static_cast<std::uint16_t>(ldns_rr_get_type(record.get())),
                    ldns_rr_ttl(record.get()), rdata_};
}

}  // namespace sluice::lists
