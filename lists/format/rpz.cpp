#include "lists/format/rpz.h"

#include <algorithm>
#include <array>

#include "lists/format/answer_data.h"
#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/logical_lines.h"
#include "lists/format/name_reader.h"
#include "lists/format/record_reader.h"

namespace sluice::lists {
namespace {

using match::Answer;
using match::AnswerKind;

// RR types, IANA.
constexpr std::uint16_t kNs = 2, kSoa = 6, kDname = 39;
// DS, RRSIG, NSEC, DNSKEY, NSEC3, NSEC3PARAM, CDS, CDNSKEY, ZONEMD.
constexpr std::array<std::uint16_t, 9> kDnssec = {43, 46, 47, 48, 50, 51, 59, 60, 63};

constexpr std::array<std::string_view, 4> kOtherTriggers = {"rpz-ip", "rpz-client-ip", "rpz-nsip",
                                                            "rpz-nsdname"};

std::string text_of(const name::Name& name) {
  std::array<char, name::kMaxTextBytes> text;
  return std::string(name::to_text(name, text));
}

std::string_view label(const name::Name& name, std::size_t i) {
  return as_text(name.label(i));
}

bool is_below(const name::Name& name, const name::Name& origin) {
  return name.label_count() >= origin.label_count() &&
         as_text(name.suffix(origin.label_count())) == as_text(origin.wire());
}

// The name without the labels of the origin, and without `left` labels in front.
name::Name cut(const name::Name& name, std::size_t left, const name::Name& origin) {
  name::Name result;
  for (std::size_t i = left; i + origin.label_count() < name.label_count(); ++i) {
    static_cast<void>(result.append(name.label(i)));  // shorter than the name
  }
  return result;
}

bool is_sinkhole_data(const ZoneRecord& record) {
  const bool is_address = (record.type == kTypeA && record.rdata.size() == 4) ||
                          (record.type == kTypeAaaa && record.rdata.size() == IpAddress::kBytes);
  return is_address && is_sinkhole(IpAddress::from_bytes(record.rdata));
}

}  // namespace

void RpzReader::take(const ZoneRecord& record, std::uint32_t line) {
  auto reason = refusal(record, line);
  if (reason.empty()) return;
  give_held();  // errors and entries come in the order of lines
  sink_.error(line_error(line, text_of(record.owner), std::move(reason)));
}

std::string RpzReader::refusal(const ZoneRecord& record, std::uint32_t line) {
  const name::Name& owner = record.owner;
  if (std::ranges::find(kDnssec, record.type) != kDnssec.end()) return {};
  if (!is_below(owner, origin_)) {
    return "outside the zone \"" + text_of(origin_) + "\"; its origin is the owner of its SOA";
  }
  const std::size_t labels = owner.label_count() - origin_.label_count();
  if (labels == 0) return {};  // the apex
  const std::string_view last = label(owner, labels - 1);
  if (std::ranges::find(kOtherTriggers, last) != kOtherTriggers.end()) {
    return "the trigger " + std::string(last) + " is not read, only names of questions are";
  }
  if (last.starts_with("rpz-")) return "an unknown trigger";
  if (record.type == kSoa || record.type == kNs || record.type == kDname) {
    return "no policy: SOA, NS and DNAME records";
  }
  const bool star = label(owner, 0) == "*";
  if (star && labels == 1) return "every name";
  Held entry{.name = cut(owner, star ? 1 : 0, origin_),
             .scope = star ? Scope::below : Scope::itself,
             .line = line};
  if (record.type == kTypeCname) return take_cname(record, entry);
  if (is_sinkhole_data(record)) {
    hold(entry);
    return {};
  }
  return give_record(record, entry);
}

std::string RpzReader::take_cname(const ZoneRecord& record, Held entry) {
  const auto target = name::Name::from_wire(record.rdata);
  if (!target) return std::string("the target: ") + std::string(to_string(target.error()));
  const std::string text = text_of(*target);
  if (text.empty()) {
    entry.answer = AnswerKind::nxdomain;
  } else if (text == "*") {
    entry.answer = AnswerKind::nodata;
  } else if (text == "rpz-drop") {
    entry.answer = AnswerKind::drop;
  } else if (text == "rpz-tcp-only") {
    entry.answer = AnswerKind::truncate;
  } else if (text == "rpz-passthru" || *target == cut(record.owner, 0, origin_)) {
    entry.action = Action::allow;
  } else if (text.starts_with("rpz-")) {
    return target->label_count() == 1 ? "an unknown policy: " + text
                                      : "the target has no final dot: \"" + text + "\"";
  } else if (text.starts_with("*.")) {
    return "a target with a star: the name of each question would be put in front";
  } else {
    return give_record(record, entry);
  }
  hold(entry);
  return {};
}

std::string RpzReader::give_record(const ZoneRecord& record, const Held& entry) {
  if (record.rdata.size() > kMaxRdata) return "data longer than 512 bytes";
  give_held();
  give(entry, {AnswerKind::record, record.type, record.ttl, record.rdata});
  return {};
}

void RpzReader::hold(const Held& entry) {
  const bool is_pair = held_.line != 0 && held_.scope != entry.scope &&
                       held_.action == entry.action && held_.answer == entry.answer &&
                       held_.name == entry.name;
  if (!is_pair) {
    give_held();
    held_ = entry;
    return;
  }
  held_.scope = Scope::subtree;
  give_held();
}

void RpzReader::give_held() {
  if (held_.line == 0) return;
  give(held_, {held_.answer});
  held_.line = 0;
}

void RpzReader::give(const Held& entry, Answer answer) const {
  emit_name(sink_, as_read(entry.name),
            {.action = entry.action, .scope = entry.scope, .line = entry.line, .answer = answer},
            text_of(entry.name));
}

namespace {

class ZoneParser {
 public:
  ZoneParser(const name::Name& origin, const Sink& sink)
      : sink_(sink), records_(kLocalTtl), zone_(origin, sink) {
    records_.set_origin(origin);
  }

  // False: the rest cannot be read.
  bool take(const LogicalLine& line) {
    auto reason = line.problem.empty() ? read(line) : std::string(line.problem);
    if (reason.empty()) return true;
    zone_.finish();
    sink_.error(line_error(line.number, line.text, std::move(reason)));
    return !origin_is_unknown_;
  }
  void finish() { zone_.finish(); }

 private:
  std::string read(const LogicalLine& line) {
    if (line.text.starts_with('$')) return read_directive(line.text);
    const auto record = records_.read(line.text);
    if (!record) return record.error();
    if (record->type == kSoa && !has_soa_) {
      has_soa_ = true;
      zone_.set_origin(record->owner);
    }
    zone_.take(*record, line.number);
    return {};
  }

  std::string read_directive(std::string_view text) {
    std::string_view rest = trim(text);
    const std::string_view word = take_word(rest);
    const std::string value(take_word(rest));
    if (word == "$TTL") return records_.set_ttl(value) ? "" : "not a time to live";
    if (word == "$ORIGIN") {
      if (value.contains('\0') || !records_.set_origin(value)) {
        origin_is_unknown_ = true;
        return "not a name; what follows is not read, because its names are unknown";
      }
      if (!has_soa_ && !has_origin_) zone_.set_origin(records_.origin());
      has_origin_ = true;
      return {};
    }
    if (word == "$INCLUDE") return "another file: a list is one file";
    return "an unknown directive; $ORIGIN and $TTL are read";
  }

  const Sink& sink_;
  RecordReader records_;
  RpzReader zone_;
  bool has_soa_ = false, has_origin_ = false, origin_is_unknown_ = false;
};

}  // namespace

void parse_rpz_zone(std::string_view text, const name::Name& origin, const Sink& sink) {
  ZoneParser parser(origin, sink);
  LogicalLines lines(text);
  for (LogicalLine line; lines.next(line);) {
    if (!parser.take(line)) break;
  }
  parser.finish();
}

void parse_rpz(TextPart text, const Sink& sink) {
  parse_rpz_zone(text.bytes, {}, sink);
}

}  // namespace sluice::lists
