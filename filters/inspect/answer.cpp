#include "filters/inspect/answer.h"

namespace sluice::inspect {
namespace {

bool leads_on(dns::RecordType type, bool service_targets) noexcept {
  return dns::is_alias(type) || (service_targets && dns::is_service_target(type));
}

}  // namespace

AnswerReport inspect_answer(const dns::Response& response, dns::ResponseReader& records,
                            bool service_targets, FindingList& findings) noexcept {
  AnswerReport report;
  while (findings.size() < FindingList::kCapacity) {
    const auto record = records.next();
    if (!record) return report;
    if (!leads_on(record->type, service_targets) || records.repeats_target(*record)) continue;
    const auto target = records.read_target(*record);
    if (!target) {
      report.error = error_of(target.error());
      return report;
    }
    report.has_ech = report.has_ech || target->has_ech;
    if (target->name == name::Name{}) continue;
    Finding& finding = *findings.add();
    finding.protocol = Protocol::dns;
    finding.source = Source::answer;
    finding.name = target->name;
    if (response.query.count > 0) finding.asked = &response.query.questions[0].name;
    finding.qtype = response.query.count > 0 ? response.query.questions[0].qtype
                                             : static_cast<std::uint16_t>(record->type);
    finding.has_ech = target->has_ech;
  }
  report.more = true;
  return report;
}

ParseError error_of(dns::ResponseError error) noexcept {
  switch (error) {
    case dns::ResponseError::not_response:
      break;
    case dns::ResponseError::malformed:
      return ParseError::dns_malformed;
    case dns::ResponseError::too_many_questions:
      return ParseError::dns_too_many_questions;
    case dns::ResponseError::too_many_targets:
      return ParseError::dns_too_many_targets;
  }
  return ParseError::none;
}

}  // namespace sluice::inspect
