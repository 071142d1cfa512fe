// Rules of ad blockers, as DNS filters read them.
//
//   [@@] ( "||" | "|" ) pattern "^" [ "$" modifier { "," modifier } ]
//
// A rule that a browser applies to parts of pages or to some requests only would, as a name, ban
// the whole site. So whatever is not known here is refused.

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "lists/format/answer_data.h"
#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

using match::Answer;
using match::AnswerKind;

constexpr std::size_t kMaxTxt = 255;

// Modifiers of DNS filters that depend on what a list does not know, or act on other rules.
constexpr std::array<std::string_view, 4> kOtherDnsModifiers = {"badfilter", "client", "ctag",
                                                                "dnstype"};

struct Modifiers {
  bool important = false;
  std::vector<name::Name> exempt;  // of $denyallow
  Answer answer;                   // its data lies in the parser
};

std::optional<std::string_view> value_of(std::string_view modifier, std::string_view name) {
  if (!take_prefix(modifier, name) || !take_prefix(modifier, "=")) return std::nullopt;
  return modifier;
}

// Whether the line, from a `#` or `$` on, changes web pages: `##`, `#@#`, `#$#`, `$$`, …
bool changes_pages(std::string_view line) {
  if (line.contains("$$") || line.contains("$@$")) return true;
  for (std::size_t at = line.find('#'); at != line.npos; at = line.find('#', at + 1)) {
    if (is_cosmetic(line.substr(at))) return true;
  }
  return false;
}

// `# text`, `#####`, `## title`: no rule.
bool is_hash_comment(std::string_view line) {
  if (!line.starts_with('#')) return false;
  const std::size_t text = line.find_first_not_of('#');
  return !is_cosmetic(line) || text == line.npos || is_blank(line[text]);
}

bool is_header(std::string_view line) {
  return line.ends_with(']') && (line.starts_with("[Ad") || line.starts_with("[uBlock"));
}

bool is_expression(std::string_view rule) {
  return rule.starts_with('/') && (rule.ends_with('/') || rule.contains("/$"));
}

class Parser {
 public:
  explicit Parser(const Sink& sink) : sink_(sink) {}

  void take(std::string_view line, std::uint32_t number) {
    if (line.starts_with('!') || is_header(line) || is_hash_comment(line)) return;
    line_ = line;
    number_ = number;
    auto reason = read_line();
    if (!reason.empty()) sink_.error(line_error(number_, line_, std::move(reason)));
  }

 private:
  // Why the line is refused; empty: it is taken, or words of it were refused one by one.
  std::string read_line() {
    std::string_view rule = line_;
    const bool allow = take_prefix(rule, "@@");
    if (is_expression(rule)) return "a regular expression; name the names, or write a glob";
    if (changes_pages(line_)) return "a rule that changes web pages, not a name";
    if (!rule.starts_with('|') && !rule.starts_with('*')) {
      if (allow) return "an exception needs || and ^: @@||example.com^";
      return read_unanchored(trim(without_comment(rule)));
    }
    const std::size_t sign = rule.find('$');
    Modifiers modifiers;
    if (sign != rule.npos) {
      if (auto reason = read_modifiers(rule.substr(sign + 1), allow, modifiers); !reason.empty()) {
        return reason;
      }
    }
    return read_pattern(rule.substr(0, sign), allow, modifiers);
  }

  // A name, or a line of a hosts file.
  std::string read_unanchored(std::string_view rule) {
    std::string_view rest = rule;
    const std::string_view first = take_word(rest);
    if (!rest.empty()) {
      const auto address = IpAddress::parse(first.substr(0, first.find('%')));
      if (!address) return "neither a rule, nor a name, nor a line of a hosts file";
      return read_hosts(*address, rest);
    }
    if (first.contains('$')) return "a name with modifiers needs || and ^: ||example.com^$…";
    if (first.ends_with('^')) return "without || it also covers names that only end like this";
    auto name = names_.read(first, Globs::refused);
    if (!name) return std::move(name.error());
    emit_name(sink_, *name, {.scope = Scope::itself, .line = number_}, first);
    return {};
  }

  std::string read_hosts(const IpAddress& address, std::string_view names) {
    const Answer answer = data_.of(address);
    while (!names.empty()) {
      const std::string_view word = take_word(names);
      if (word == "0.0.0.0") continue;
      auto name = names_.read(word, Globs::refused);
      if (!name) {
        sink_.error(line_error(number_, word, std::move(name.error())));
      } else if (!is_own_name(name->wire)) {
        emit_name(sink_, *name, {.scope = Scope::itself, .line = number_, .answer = answer}, word);
      }
    }
    return {};
  }

  std::string read_modifiers(std::string_view text, bool allow, Modifiers& modifiers) {
    std::string reason;
    for_each_part(text, ',', [&](std::string_view modifier) {
      if (reason.empty()) reason = read_modifier(trim(modifier), allow, modifiers);
    });
    return reason;
  }

  std::string read_modifier(std::string_view modifier, bool allow, Modifiers& modifiers) {
    if (modifier == "important") {
      modifiers.important = true;
      return {};
    }
    if (const auto names = value_of(modifier, "denyallow")) {
      if (allow) return "$denyallow in an exception";
      return read_exempt(*names, modifiers);
    }
    if (const auto answer = value_of(modifier, "dnsrewrite")) {
      if (allow) return "$dnsrewrite in an exception";
      return read_answer(*answer, modifiers.answer);
    }
    const std::string word = "$" + std::string(modifier.substr(0, modifier.find('=')));
    if (std::ranges::find(kOtherDnsModifiers, std::string_view(word).substr(1)) !=
        kOtherDnsModifiers.end()) {
      return word + ": a rule for some questions or about other rules; it cannot be applied here";
    }
    return word + ": a rule for browsers; as a name it would cover more than it means";
  }

  std::string read_exempt(std::string_view names, Modifiers& modifiers) {
    std::string reason;
    for_each_part(names, '|', [&](std::string_view text) {
      if (!reason.empty()) return;
      if (const auto name = exempt_names_.read(text, Globs::refused)) {
        modifiers.exempt.push_back(*name::Name::from_wire(name->wire));
      } else {
        reason = "$denyallow: \"" + std::string(text) + "\": " + name.error();
      }
    });
    return reason;
  }

  // `NXDOMAIN`, `192.0.2.1`, `example.net`, `NOERROR;TYPE;VALUE`.
  std::string read_answer(std::string_view text, Answer& answer) {
    std::string_view type, value;
    const std::size_t end = text.find(';');
    const bool has_parts = end != text.npos;
    if (has_parts) {
      type = text.substr(end + 1);
      text = text.substr(0, end);
      const std::size_t type_end = std::min(type.find(';'), type.size());
      value = type.substr(std::min(type_end + 1, type.size()));
      type = type.substr(0, type_end);
    }
    if (text == "NXDOMAIN" || text == "REFUSED") {
      answer.kind = text == "REFUSED" ? AnswerKind::refused : AnswerKind::nxdomain;
      return value.empty() ? std::string{} : "$dnsrewrite: a record in an answer without records";
    }
    if (text == "NOERROR") return read_record(type, value, answer);
    if (const auto address = IpAddress::parse(text); address && !has_parts) {
      return read_address(*address, answer);
    }
    if (has_parts || !text.contains('.')) {
      return "$dnsrewrite: an answer other than NOERROR, NXDOMAIN and REFUSED";
    }
    return read_cname(text, answer);
  }

  std::string read_record(std::string_view type, std::string_view value, Answer& answer) {
    if (type.empty() && value.empty()) {
      answer.kind = AnswerKind::nodata;
      return {};
    }
    if (type == "CNAME") return read_cname(value, answer);
    if (type == "TXT") {
      if (value.size() > kMaxTxt) return "$dnsrewrite: a text longer than 255 bytes";
      answer = data_.txt(value);
      return {};
    }
    const auto address = IpAddress::parse(value);
    if ((type == "A" || type == "AAAA") && address && address->is_v4() == (type == "A")) {
      return read_address(*address, answer);
    }
    return "$dnsrewrite: a record other than A, AAAA, CNAME and TXT, or its value is wrong";
  }

  std::string read_address(const IpAddress& address, Answer& answer) {
    answer = data_.of(address);
    return {};
  }

  std::string read_cname(std::string_view text, Answer& answer) {
    auto name = exempt_names_.read(text, Globs::refused);
    if (!name) return "$dnsrewrite: \"" + std::string(text) + "\": " + name.error();
    answer = data_.cname(name->wire);
    return {};
  }

  std::string read_pattern(std::string_view pattern, bool allow, const Modifiers& modifiers) {
    Scope scope = Scope::subtree;
    if (!take_prefix(pattern, "||") && take_prefix(pattern, "|")) scope = Scope::itself;
    if (!take_end(pattern)) {
      return "without ^ it also covers names that only start like this: write ||example.com^";
    }
    // Here a star stands for dots too, so one in front covers all that ends like the rest.
    if (pattern.starts_with('*')) scope = Scope::subtree;
    std::string_view below = pattern;
    if (take_prefix(below, "*.") && !below.contains('*')) {
      pattern = below;
      scope = Scope::below;
    }
    auto name = names_.read(pattern, Globs::taken);
    if (!name) return std::move(name.error());
    if (pattern.find('*', 1) != pattern.npos) {
      sink_.warning(line_error(number_, line_, "its stars cover no dots here", "narrower-glob"));
    }
    const Action action = allow ? Action::allow : Action::block;
    const name::Name covered = *name::Name::from_wire(name->wire);
    const bool is_glob = name->is_glob;
    emit_name(sink_, *name,
              {.action = action,
               .scope = scope,
               .important = modifiers.important,
               .line = number_,
               .answer = modifiers.answer},
              line_.substr(0, line_.find('$')));
    for (const name::Name& exempt : modifiers.exempt) give_exempt(exempt, covered, is_glob);
    return {};
  }

  // Removes what ends a pattern. False: nothing does.
  static bool take_end(std::string_view& pattern) {
    for (const std::string_view end : {"^|", "^", "|"}) {
      if (!pattern.ends_with(end)) continue;
      pattern.remove_suffix(end.size());
      return true;
    }
    return false;
  }

  void give_exempt(const name::Name& exempt, const name::Name& covered, bool is_glob) {
    const std::size_t labels = covered.label_count();
    const bool is_below = is_glob || (exempt.label_count() >= labels &&
                                      as_text(exempt.suffix(labels)) == as_text(covered.wire()));
    if (!is_below) {
      sink_.warning(line_error(number_, line_, "$denyallow has a name that the rule does not cover",
                               "idle-denyallow"));
      return;
    }
    sink_.entry({.action = Action::exempt, .line = number_, .name = exempt.wire()});
  }

  const Sink& sink_;
  std::string_view line_;
  std::uint32_t number_ = 0;
  NameReader names_, exempt_names_;
  AnswerData data_;
};

}  // namespace

void parse_adblock(TextPart text, const Sink& sink) {
  Parser parser(sink);
  for_each_whole_line(
      text, [&](std::string_view line, std::uint32_t number) { parser.take(line, number); });
}

}  // namespace sluice::lists
