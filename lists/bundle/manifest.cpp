#include "lists/bundle/manifest.h"

#include <unictype.h>
#include <unistr.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_set>

#include "lists/bundle/bundle.h"
#include "lists/bundle/manifest_json.h"

namespace sluice::lists {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> kKinds = {"list", "exceptions", "image"};
constexpr std::string_view kEveryApp = "*";
constexpr std::size_t kSha256Digits = 64;
constexpr int kDeepest = 3;  // a value in a member in `members`

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// UTF-8 of 1 to `most` bytes that a terminal shows as it is.
bool is_plain(std::string_view text, std::size_t most) noexcept {
  if (text.empty() || text.size() > most) return false;
  const auto* at = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t left = text.size(); left > 0;) {
    ucs4_t sign = 0;
    const int count = u8_mbtoucr(&sign, at, left);
    if (count <= 0) return false;
    constexpr std::uint32_t kUnseen =
        UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp;
    if (uc_is_general_category_withtable(sign, kUnseen)) return false;
    at += count;
    left -= static_cast<std::size_t>(count);
  }
  return true;
}

// The library takes the last of two keys, and reads as deep as its memory goes.
class Shape {
 public:
  bool take(int depth, Json::parse_event_t event, const Json& value) {
    using Event = Json::parse_event_t;
    if (depth > kDeepest) too_deep_ = true;
    if (too_deep_) return false;
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(value.get<std::string>()).second) {
      twice_ = true;
    }
    return true;
  }
  [[nodiscard]] bool too_deep() const noexcept { return too_deep_; }
  [[nodiscard]] bool twice() const noexcept { return twice_; }

 private:
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  bool too_deep_ = false;
  bool twice_ = false;
};

Result<Json, std::string> parse_json(std::string_view text) {
  Shape shape;
  const auto take = [&](int depth, Json::parse_event_t event, const Json& value) {
    return shape.take(depth, event, value);
  };
  try {
    Json json = Json::parse(text, take);
    if (shape.too_deep()) return fail(std::string("nested too deep"));
    if (shape.twice()) return fail(std::string("a key is there twice"));
    return json;
  } catch (const Json::parse_error& error) {
    return fail("not JSON, at byte " + std::to_string(error.byte));
  } catch (const Json::exception&) {  // a number out of range
    return fail(std::string("not JSON that can be read"));
  }
}

// The keys of one object. The first error stays.
class Fields {
 public:
  Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail_with("not an object");
  }

  const Json* find(const char* key) {
    known_.emplace_back(key);
    if (!object_.is_object()) return nullptr;
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    fail_with(std::string("no `") + key + "`");
    return nullptr;
  }

  std::string text(const char* key) {
    const Json* const value = find(key);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    fail_with(std::string("`") + key + "` is no text");
    return {};
  }

  std::uint64_t number(const char* key, std::uint64_t least, std::uint64_t most) {
    const Json* const value = find(key);
    if (value == nullptr) return 0;
    if (value->is_number_unsigned()) {
      const auto number = value->get<std::uint64_t>();
      if (number >= least && number <= most) return number;
    }
    fail_with(std::string("`") + key + "` is no whole number from " + std::to_string(least) +
              " to " + std::to_string(most));
    return 0;
  }

  std::chrono::sys_seconds time(const char* key) {
    const auto time = parse_time(text(key));
    if (!time) fail_with(std::string("`") + key + "` is no time (2026-11-28T01:34:49Z)");
    return time.value_or(std::chrono::sys_seconds{});
  }

  void require(bool fits, const char* reason) {
    if (!fits) fail_with(reason);
  }

  // Behind all that is read. Empty: no error.
  std::string finish() {
    if (object_.is_object() && object_.size() != known_.size()) fail_with("a key too many");
    return error_;
  }

 private:
  void fail_with(const std::string& reason) {
    if (error_.empty()) error_ = where_ + reason;
  }

  const Json& object_;
  std::string where_;
  std::vector<std::string_view> known_;
  std::string error_;
};

bool is_sha256(std::string_view text) noexcept {
  return text.size() == kSha256Digits &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

Result<Member, std::string> read_member(const Json& json, std::size_t index) {
  Fields fields(json, "member " + std::to_string(index + 1) + ": ");
  Member member;
  member.name = fields.text("name");
  fields.require(is_safe_member_name(member.name), "its name is not a safe file name");
  const auto kind = parse_member_kind(fields.text("kind"));
  fields.require(kind.has_value(), "its kind is not list, exceptions or image");
  member.kind = kind.value_or(MemberKind::list);
  if (member.kind != MemberKind::image) {
    member.app = fields.text("app");
    fields.require(is_plain(member.app, kMaxApp), "its app is empty, too long or not printable");
    fields.require(member.app != kEveryApp || member.kind == MemberKind::exceptions,
                   "only exceptions may be for every app");
    member.format = parse_format(fields.text("format"));
    fields.require(member.format.has_value(), "its format is none that this program knows");
  }
  member.size = fields.number("size", 0, kMaxBundle);
  member.sha256 = fields.text("sha256");
  fields.require(is_sha256(member.sha256), "its sha256 is not 64 digits of lower-case hex");
  std::string error = fields.finish();
  if (!error.empty()) return fail(std::move(error));
  return member;
}

Result<std::vector<Member>, std::string> read_members(const Json& array) {
  std::vector<Member> members;
  std::unordered_set<std::string> names;
  std::uint64_t sum = 0;
  for (const Json& one : array) {
    auto member = read_member(one, members.size());
    if (!member) return fail(std::move(member.error()));
    if (!names.insert(member->name).second) {
      return fail("two members are called " + member->name);
    }
    sum += member->size;  // cannot overflow: kMaxMembers of kMaxBundle
    members.push_back(std::move(*member));
  }
  if (sum > kMaxBundle) {
    return fail("its members have over " + std::to_string(kMaxBundle >> 20) + " MiB");
  }
  return members;
}

// REQUIRES: these are digits.
int take_number(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  const std::string_view part = text.substr(at, digits);
  int number = 0;
  std::from_chars(part.data(), part.data() + part.size(), number);
  return number;
}

Json json_of(const Member& member) {
  Json json = {{"name", member.name}, {"kind", to_string(member.kind)}};
  if (member.kind != MemberKind::image) {
    json["app"] = member.app;
    if (member.format) json["format"] = to_string(*member.format);
  }
  json["size"] = member.size;
  json["sha256"] = member.sha256;
  return json;
}

}  // namespace

std::string_view to_string(MemberKind kind) noexcept {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::optional<MemberKind> parse_member_kind(std::string_view word) noexcept {
  const auto kind = std::ranges::find(kKinds, word);
  if (kind == kKinds.end()) return std::nullopt;
  return static_cast<MemberKind>(kind - kKinds.begin());
}

bool is_safe_member_name(std::string_view name) noexcept {
  const auto plain = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !name.empty() && name.size() <= kMaxMemberName && plain(name.front()) &&
         std::ranges::all_of(name, [&](char c) {
           return plain(c) || c == '.' || c == '_' || c == '+' || c == '-';
         });
}

Result<Manifest, std::string> parse_manifest(std::string_view text) {
  if (text.size() > kMaxManifest) return fail(std::string("too large"));
  const auto json = parse_json(text);
  if (!json) return fail(json.error());
  Fields fields(*json, "");
  Manifest manifest;
  manifest.version = fields.number("version", 1, kMaxVersion);
  manifest.created = fields.time("created");
  manifest.valid_until = fields.time("valid_until");
  fields.require(manifest.created < manifest.valid_until, "it ends before it was made");
  manifest.author = fields.text("author");
  fields.require(manifest.author.empty() || is_plain(manifest.author, kMaxAuthor),
                 "`author` is too long or not printable");
  const Json* const members = fields.find("members");
  fields.require(members != nullptr && members->is_array() && !members->empty() &&
                     members->size() <= kMaxMembers,
                 "`members` are not a list of 1 to 256");
  static_assert(kMaxMembers == 256, "the message says so");
  std::string error = fields.finish();
  if (!error.empty() || members == nullptr) return fail(std::move(error));
  auto read = read_members(*members);
  if (!read) return fail(std::move(read.error()));
  manifest.members = std::move(*read);
  return manifest;
}

Json json_of(const Manifest& manifest) {
  Json members = Json::array();
  for (const Member& member : manifest.members) members.push_back(json_of(member));
  return {{"version", manifest.version},
          {"created", time_text(manifest.created)},
          {"valid_until", time_text(manifest.valid_until)},
          {"author", manifest.author},
          {"members", std::move(members)}};
}

Result<std::string, std::string> write_manifest(const Manifest& manifest) {
  constexpr int kIndent = 1;
  std::string text =
      json_of(manifest).dump(kIndent, ' ', false, Json::error_handler_t::replace) + '\n';
  const auto read = parse_manifest(text);
  if (!read) return fail(read.error());
  if (*read != manifest) return fail(std::string("a text in it is not UTF-8"));
  return text;
}

std::string time_text(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) noexcept {
  constexpr std::string_view kPattern = "0000-00-00T00:00:00Z";
  if (text.size() != kPattern.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kPattern[i] == '0' ? !is_digit(text[i]) : text[i] != kPattern[i]) return std::nullopt;
  }
  const std::chrono::year_month_day date{
      std::chrono::year(take_number(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(take_number(text, 5, 2))),
      std::chrono::day(static_cast<unsigned>(take_number(text, 8, 2)))};
  const int hour = take_number(text, 11, 2);
  const int minute = take_number(text, 14, 2);
  const int second = take_number(text, 17, 2);
  constexpr std::chrono::year kFirst{1970};
  if (!date.ok() || date.year() < kFirst || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace sluice::lists
