#include "lists/transfer/record_stream.h"

#include "lists/transfer/knot.h"

namespace sluice::lists {
namespace {

std::string serial_text(std::uint32_t serial) {
  return std::to_string(serial);
}

}  // namespace

std::optional<Soa> soa_of(const knot_rrset_t& record) noexcept {
  constexpr std::size_t kNumbers = 20;
  if (record.type != KNOT_RRTYPE_SOA || record.rrs.count != 1) return std::nullopt;
  const knot_rdata_t* const rdata = record.rrs.rdata;
  // The parser has checked that names and numbers fill the data.
  if (rdata->len < kNumbers + 2) return std::nullopt;
  return Soa{knot_soa_serial(rdata), knot_soa_refresh(rdata), knot_soa_retry(rdata),
             knot_soa_expire(rdata)};
}

Result<RecordStream::State, std::string> RecordStream::take_first(const knot_rrset_t& record) {
  const auto soa = soa_of(record);
  if (!soa) return fail(std::string("it does not begin with a SOA record"));
  newest_ = *soa;
  stage_ = Stage::second;
  if (!ours_ || is_newer(newest_.serial, *ours_)) return state_;
  if (newest_.serial == *ours_) return state_ = State::up_to_date;
  return fail("the serial went back: the primary has " + serial_text(newest_.serial) +
              ", in force is " + serial_text(*ours_));
}

Result<RecordStream::State, std::string> RecordStream::take(const knot_rrset_t& record, Take give) {
  if (record.rclass != KNOT_CLASS_IN) return fail(std::string("a record is not of class IN"));
  if (knot_dname_in_bailiwick(record.owner, zone_.data()) < 0) {
    return fail(std::string("a record lies outside the zone"));
  }
  if (record.type == KNOT_RRTYPE_SOA && !knot_dname_is_equal(record.owner, zone_.data())) {
    return fail(std::string("a SOA record is not of this zone"));
  }
  if (stage_ == Stage::first) return take_first(record);
  if (const auto soa = soa_of(record)) return take_soa(*soa);
  if (record.type == KNOT_RRTYPE_SOA) return fail(std::string("a SOA record is cut short"));
  if (stage_ == Stage::second) stage_ = Stage::full;
  const Does does = stage_ == Stage::full       ? Does::full
                    : stage_ == Stage::removing ? Does::remove
                                                : Does::add;
  if (!give(does, newest_, record)) return fail(std::string());
  return state_;
}

Result<RecordStream::State, std::string> RecordStream::take_soa(const Soa& soa) {
  switch (stage_) {
    case Stage::second:
      if (soa.serial == newest_.serial) return state_ = State::whole_zone;  // an empty zone
      if (!ours_ || soa.serial != *ours_) {
        return fail("its changes are of serial " + serial_text(soa.serial) + ", not of ours");
      }
      reached_ = soa.serial;
      stage_ = Stage::removing;
      return state_;
    case Stage::full:
      if (soa != newest_) return fail(std::string("the zone changed while it was sent"));
      return state_ = State::whole_zone;
    case Stage::removing:
      if (!is_newer(soa.serial, reached_)) return fail(std::string("its serials do not ascend"));
      reached_ = soa.serial;
      stage_ = Stage::adding;
      return state_;
    case Stage::adding:
      if (soa.serial != reached_) return fail(std::string("its changes do not follow each other"));
      if (soa.serial == newest_.serial) return state_ = State::changes;
      stage_ = Stage::removing;
      return state_;
    case Stage::first:
      break;
  }
  return fail(std::string("out of order"));
}

}  // namespace sluice::lists
