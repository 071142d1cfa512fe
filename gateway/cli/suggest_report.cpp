#include "gateway/cli/suggest_report.h"

#include <nlohmann/json.hpp>

#include "gateway/suggest/suggestion_file.h"
#include "gateway/suggest/suggestion_list.h"

namespace sluice::cli {

std::string suggestions_report(const suggest::Review& review,
                               const suggest::ReviewOptions& options) {
  std::string text;
  for (const suggest::Reviewed& it : review.shown) {
    text += it.candidate.name + " app=" + it.candidate.app + "\n  " +
            suggest::evidence_text(it.candidate) + '\n';
    for (const suggest::Mark& mark : it.marks) {
      text.append("  ! ").append(mark.code).append(": ").append(mark.text) += '\n';
    }
  }
  text += std::to_string(review.shown.size()) + " candidates";
  if (review.below > 0) {
    text += "; " + std::to_string(review.below) + " more were seen under " +
            std::to_string(options.least_count) + " times, or with under about " +
            std::to_string(options.least_clients) + " clients";
  }
  return text + '\n';
}

std::string suggestions_json(const suggest::Review& review) {
  using Json = nlohmann::ordered_json;
  std::string text;
  for (const suggest::Reviewed& it : review.shown) {
    Json object = Json::parse(suggest::candidate_json(it.candidate));
    object["marks"] = Json::array();
    for (const suggest::Mark& mark : it.marks) {
      object["marks"].push_back({{"code", mark.code}, {"text", mark.text}});
    }
    text += object.dump(-1, ' ', true, Json::error_handler_t::replace) + '\n';
  }
  return text;
}

}  // namespace sluice::cli
