#include "gateway/suggest/suggestion_file.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "filters/name/name.h"
#include "lists/bundle/manifest.h"

namespace sluice::suggest {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kVersion = 1;
constexpr int kDeepest = 4;  // `evidence` of a candidate in `candidates`
constexpr std::uint64_t kMostCount = lists::kMaxVersion;  // exact in any JSON

Json object_of(const Candidate& candidate) {
  Json evidence = Json::object();
  for (std::size_t i = 0; i < kEvidence.size(); ++i) {
    evidence[std::string(kEvidence[i])] = std::min(candidate.evidence[i], kMostCount);
  }
  const auto hour = [](std::chrono::sys_seconds time) {
    return lists::time_text(std::chrono::floor<std::chrono::hours>(time));
  };
  return {{"name", candidate.name},
          {"app", candidate.app},
          {"clients", candidate.clients},
          {"first", hour(candidate.first)},
          {"last", hour(candidate.last)},
          {"evidence", std::move(evidence)},
          {"shared", std::min(candidate.shared, kMostCount)}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// As the gateway writes them.
bool is_plain_name(const std::string& text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  const auto name = name::Name::from_text(text);
  return name && name->label_count() > 1 && !text.ends_with('.') &&
         std::ranges::all_of(text, is_plain);
}

bool is_plain_app(const std::string& text) {
  return !text.empty() && text.size() <= lists::kMaxApp &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

// The keys of one object; the first error stays.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) refuse("not an object");
  }

  const Json& value(std::string_view key) {
    static const Json none;
    ++asked_;
    if (!object_.is_object()) return none;
    const auto found = object_.find(std::string(key));
    if (found != object_.end()) return *found;
    refuse("no " + quoted(key));
    return none;
  }
  std::string text(std::string_view key) {
    const Json& it = value(key);
    if (it.is_string()) return it.get<std::string>();
    refuse(quoted(key) + " is no text");
    return {};
  }
  std::uint64_t number(std::string_view key, std::uint64_t most) {
    const Json& it = value(key);
    if (it.is_number_unsigned() && it.get<std::uint64_t>() <= most) return it.get<std::uint64_t>();
    refuse(quoted(key) + " is no whole number up to " + std::to_string(most));
    return 0;
  }
  std::chrono::sys_seconds time(std::string_view key) {
    const auto time = lists::parse_time(text(key));
    if (!time) refuse(quoted(key) + " is no time (2026-11-28T01:00:00Z)");
    return time.value_or(std::chrono::sys_seconds{});
  }
  void require(bool fits, const std::string& reason) {
    if (!fits) refuse(reason);
  }
  // Behind all that is read. Empty: no error.
  std::string finish() {
    if (object_.is_object() && object_.size() != asked_) refuse("a key too many");
    return error_;
  }

 private:
  static std::string quoted(std::string_view key) { return '"' + std::string(key) + '"'; }
  void refuse(const std::string& reason) {
    if (error_.empty()) error_ = where_ + reason;
  }

  const Json& object_;
  std::string where_;
  std::size_t asked_ = 0;
  std::string error_;
};

Result<Candidate, std::string> candidate_of(const Json& object, const std::string& where) {
  Fields fields(object, where + ": ");
  Candidate candidate{.name = fields.text("name"), .app = fields.text("app")};
  fields.require(is_plain_name(candidate.name), "\"name\" is no domain name in lower case");
  fields.require(is_plain_app(candidate.app), "\"app\" is no name of an app");
  constexpr std::uint64_t kMostClients = std::numeric_limits<std::uint32_t>::max();
  candidate.clients = static_cast<std::uint32_t>(fields.number("clients", kMostClients));
  candidate.first = fields.time("first");
  candidate.last = fields.time("last");
  candidate.shared = fields.number("shared", kMostCount);
  Fields evidence(fields.value("evidence"), where + ": evidence: ");
  for (std::size_t i = 0; i < kEvidence.size(); ++i) {
    candidate.evidence[i] = evidence.number(kEvidence[i], kMostCount);
  }
  fields.require(candidate.first <= candidate.last, "\"last\" is before \"first\"");
  for (const std::string& error : {fields.finish(), evidence.finish()}) {
    if (!error.empty()) return fail(error);
  }
  return candidate;
}

// What the library builds of brackets takes thirty times their bytes. (To stop it from inside costs
// it the square of the candidates.)
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_text = !in_text;
    if (in_text && c == '\\') ++i;
    if (in_text) continue;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > kDeepest) return true;
  }
  return false;
}

Result<Json, std::string> parse_json(std::string_view text) {
  if (is_too_deep(text)) return fail(std::string("nested too deep"));
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return fail("not JSON, at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {  // a number out of range
    return fail(std::string("not JSON that can be read"));
  }
}

}  // namespace

std::string candidate_json(const Candidate& candidate) {
  return dump(object_of(candidate));
}

std::string suggestions_text(const SuggestionFile& file) {
  std::string text = "{\"v\":" + std::to_string(kVersion) + ",\"written\":\"" +
                     lists::time_text(file.written) + "\",\"candidates\":[";
  std::string_view between = "\n";
  for (const Candidate& candidate : file.candidates) {
    text.append(between).append(candidate_json(candidate));
    between = ",\n";
  }
  return text + "\n]}\n";
}

Result<SuggestionFile, std::string> parse_suggestions(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return fail(json.error());
  Fields fields(*json, "");
  if (fields.number("v", kMostCount) != kVersion) {
    fields.require(
        false, "\"v\" is not " + std::to_string(kVersion) + ": another version of Sluice wrote it");
  }
  SuggestionFile file{.written = fields.time("written"), .candidates = {}};
  const Json& candidates = fields.value("candidates");
  fields.require(candidates.is_array(), "\"candidates\" is no list");
  fields.require(candidates.size() <= kMostCandidates,
                 "over " + std::to_string(kMostCandidates) + " candidates");
  if (const std::string error = fields.finish(); !error.empty()) return fail(error);
  std::set<std::pair<std::string, std::string>> known;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string where = "candidates[" + std::to_string(i) + "]";
    auto candidate = candidate_of(candidates[i], where);
    if (!candidate) return fail(candidate.error());
    if (!known.emplace(candidate->name, candidate->app).second) {
      return fail(where + ": \"" + candidate->name + "\" is there twice");
    }
    file.candidates.push_back(std::move(*candidate));
  }
  return file;
}

}  // namespace sluice::suggest
