#include "gateway/config/timetable.h"

namespace sluice::config {

bool is_in_force(const PolicySpec& policy, schedule::Time now) {
  return !policy.hours || policy.hours->contains(now);
}

bool is_in_force(const Validity& validity, schedule::Time now) {
  return (!validity.from || now >= *validity.from) && (!validity.until || now < *validity.until);
}

bool is_in_force(const ExceptionSpec& exception, schedule::Time now) {
  return now < exception.expires;
}

std::string name_of(const ExceptionSpec& exception) {
  return exception.owner + ": " + exception.reason;
}

std::vector<Timed> timed(const LiveSettings& live, schedule::Time now) {
  std::vector<Timed> all;
  for (const PolicySpec& policy : live.policies) {
    if (policy.hours) all.push_back({"policy", policy.name, is_in_force(policy, now)});
  }
  for (const Validity& validity : live.validities) {
    all.push_back({"list", validity.list, is_in_force(validity, now)});
  }
  for (const ExceptionSpec& exception : live.exceptions) {
    all.push_back({"exception", name_of(exception), is_in_force(exception, now)});
  }
  return all;
}

std::optional<schedule::Time> next_change(const LiveSettings& live, schedule::Time after) {
  std::optional<schedule::Time> next;
  const auto take = [&](const std::optional<schedule::Time>& time) {
    if (time && *time > after && (!next || *time < *next)) next = time;
  };
  for (const PolicySpec& policy : live.policies) {
    if (policy.hours) take(policy.hours->next_change(after));
  }
  for (const Validity& validity : live.validities) {
    take(validity.from);
    take(validity.until);
  }
  for (const ExceptionSpec& exception : live.exceptions) take(exception.expires);
  return next;
}

}  // namespace sluice::config
