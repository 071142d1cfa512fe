#include "gateway/engine/labels.h"

#include "filters/flow/table.h"
#include "filters/policy/policy.h"
#include "gateway/dataplane/verdict.h"

namespace sluice::engine {
namespace {

static_assert(telemetry::kVerdicts == io::kVerdicts);
static_assert(telemetry::kProtocols == inspect::kProtocols);
static_assert(telemetry::kActions == policy::kActions);
static_assert(telemetry::kRemovals == flow::kRemovals);
static_assert(telemetry::kApps == match::kMaxApps + 1);
static_assert(telemetry::kShadowSlots == policy::kMostShadowPolicies);

// The words of an enumeration whose values are 0 … count-1.
template <typename Enum>
std::vector<std::string> words(std::size_t count) {
  std::vector<std::string> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(to_string(static_cast<Enum>(i)));
  return all;
}

}  // namespace

telemetry::Labels labels() {
  telemetry::Labels labels;
  labels.verdicts = words<io::Verdict>(io::kVerdicts);
  labels.reasons = words<Reason>(kReasons);
  labels.protocols = words<inspect::Protocol>(inspect::kProtocols);
  labels.actions = words<policy::Action>(policy::kActions);
  labels.removals = words<flow::Removal>(flow::kRemovals);
  labels.errors.resize(packet::kDecodeErrors + inspect::kParseErrors);
  for (std::size_t i = 0; i < packet::kDecodeErrors; ++i) {
    const auto error = static_cast<packet::DecodeError>(i);
    labels.errors[error_slot(error)] = {"packet", std::string(to_string(error))};
  }
  for (std::size_t i = 1; i < inspect::kParseErrors; ++i) {  // 0 is `none`
    const auto error = static_cast<inspect::ParseError>(i);
    labels.errors[error_slot(error)] = {std::string(to_string(protocol_of(error))),
                                        std::string(to_string(error))};
  }
  return labels;
}

}  // namespace sluice::engine
