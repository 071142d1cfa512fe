#include "lists/format/write.h"

#include <algorithm>
#include <array>

#include "lists/format/answer_data.h"
#include "lists/format/line.h"

namespace sluice::lists {
namespace {

using match::Answer;
using match::AnswerKind;

// Characters of a name that our reader of zones takes (by ldns), with `*.` in front.
constexpr std::size_t kMostZoneText = 250;

constexpr std::string_view kZoneHead =
    "$TTL 300\n"
    "@ SOA localhost. root.localhost. 1 3600 600 86400 300\n"
    "@ NS localhost.\n";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// All bytes that any format could read as something else are escaped, except the stars of a glob.
std::string text_of(const name::Name& name, bool is_glob) {
  std::string text;
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    if (i > 0) text += '.';
    for (const char c : as_text(name.label(i))) {
      if (is_plain(c) || (is_glob && c == '*')) {
        text += c;
        continue;
      }
      const std::string digits = std::to_string(static_cast<unsigned char>(c));
      text += '\\' + std::string(3 - digits.size(), '0') + digits;
    }
  }
  return text;
}

// As `domains` writes it, for notes too.
std::string domains_text(const Entry& entry, const name::Name& name) {
  const bool is_glob = entry.kind == Kind::glob;
  const std::string written = text_of(name, is_glob);
  std::string text = entry.action == Action::block ? "" : "@@";
  if (entry.scope == Scope::itself) text += '=';
  if (entry.scope == Scope::below) text += "*.*.";
  // Else a star in front would be read as "and all below".
  if (is_glob && entry.scope == Scope::subtree && written.starts_with("*.")) text += "*.";
  return text + written;
}

bool is_address(const Answer& answer) {
  return answer.kind == AnswerKind::record && (answer.type == kTypeA || answer.type == kTypeAaaa);
}

// The data of a record of any type, RFC 3597 section 5.
std::string generic(std::string_view rdata) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\\# " + std::to_string(rdata.size()) + " ";
  for (const char c : rdata) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string record_text(const Answer& answer, std::string_view rdata) {
  const std::string ttl = std::to_string(answer.ttl) + " IN ";
  if (is_address(answer)) {
    return ttl + (answer.type == kTypeA ? "A " : "AAAA ") +
           IpAddress::from_bytes(as_bytes(rdata)).to_string();
  }
  return ttl + "TYPE" + std::to_string(answer.type) + " " + generic(rdata);
}

// The value of $dnsrewrite; empty: it cannot say it.
std::string dnsrewrite_of(const Answer& answer, std::string_view rdata) {
  switch (answer.kind) {
    case AnswerKind::nxdomain:
      return "NXDOMAIN";
    case AnswerKind::refused:
      return "REFUSED";
    case AnswerKind::nodata:
      return "NOERROR";
    case AnswerKind::record:
      break;
    default:
      return {};
  }
  if (is_address(answer)) return IpAddress::from_bytes(as_bytes(rdata)).to_string();
  if (answer.type == kTypeCname) {
    const auto target = name::Name::from_wire(as_bytes(rdata));
    return target ? "NOERROR;CNAME;" + text_of(*target, false) : std::string{};
  }
  const bool is_one_string = answer.type == kTypeTxt && !rdata.empty() &&
                             static_cast<unsigned char>(rdata[0]) + std::size_t{1} == rdata.size();
  const std::string_view text = is_one_string ? rdata.substr(1) : std::string_view{};
  const bool is_plain = !text.empty() && trim(text) == text &&
                        std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f; });
  return is_plain && !text.contains(',') && !text.contains("#") && !text.contains('$')
             ? "NOERROR;TXT;" + std::string(text)
             : std::string{};
}

}  // namespace

bool is_format_of_names(Format format) noexcept {
  return format != Format::endpoints;
}

ListWriter::ListWriter(Format format, std::string& out) : format_(format), out_(out) {
  if (format_ == Format::rpz) out_ += kZoneHead;
  if (format_ == Format::unbound) out_ += "server:\n";
  if (format_ == Format::adblock) out_ += "[Adblock Plus]\n";
}

void ListWriter::take(const Entry& entry) {
  if (!line_.empty() && line_.front().entry.line != entry.line) write_line();
  const auto name = name::Name::from_wire(entry.name);  // fails for ranges
  line_.push_back({entry, name.value_or(name::Name{}), std::string(as_text(entry.answer.rdata))});
}

void ListWriter::finish() {
  write_line();
}

void ListWriter::write_line() {
  std::vector<Held> exempt;
  for (const Held& held : line_) {
    if (held.entry.action == Action::exempt) exempt.push_back(held);
  }
  for (const Held& held : line_) {
    if (held.entry.action == Action::exempt) continue;
    std::string reason = refusal(held);
    if (reason.empty() && !exempt.empty() && format_ != Format::adblock) {
      reason = "names that it does not cover ($denyallow)";
    }
    if (reason.empty()) {
      write(held, exempt);
      continue;
    }
    refused_.add({held.entry.line, domains_text(held.entry, held.name),
                  std::string(to_string(format_)) + " cannot say it: " + reason});
  }
  line_.clear();
}

// Why the format cannot say what the entry covers.
std::string ListWriter::refusal(const Held& held) const {
  const Entry& entry = held.entry;
  const bool is_glob = entry.kind == Kind::glob;
  const bool allow = entry.action == Action::allow;
  if (entry.kind == Kind::addresses) return "a range of addresses";
  const std::string text = text_of(held.name, held.entry.kind == Kind::glob);
  if (text.ends_with("._signature")) return "a signature";
  const bool starts_with_star = text.starts_with('*');
  switch (format_) {
    case Format::domains:
    case Format::endpoints:
      return {};
    case Format::hosts:
      if (is_glob) return "a glob";
      if (allow) return "an exception";
      return entry.scope == Scope::itself ? "" : "what is below a name";
    case Format::adblock:
      if (is_glob && entry.scope == Scope::itself && starts_with_star) {
        return "a glob that starts with a star and is exact";
      }
      return {};
    case Format::dnsmasq:
      if (entry.scope == Scope::itself) return "a name without what is below it";
      if (is_glob && (text.rfind('*') != 0 || text.starts_with("*."))) {
        return "a glob with a star that is not in front";
      }
      return {};
    case Format::unbound:
      if (is_glob) return "a glob";
      if (entry.scope == Scope::below) return "what is below a name without the name";
      return allow && entry.scope == Scope::itself ? "an exception for one name alone" : "";
    case Format::rpz:
      if (!is_glob && as_text(held.name.label(0)) == "*") return "a label that is a star";
      if (text.size() > kMostZoneText) return "a name that is too long with its escapes";
      return is_glob ? "a glob" : "";
    case Format::v2fly:
      if (is_glob) return "a glob";
      if (allow) return "an exception";
      return entry.scope == Scope::below ? "what is below a name without the name" : "";
  }
  return {};
}

void ListWriter::warn(const Held& held, std::string reason) {
  warnings_.add({held.entry.line, domains_text(held.entry, held.name), std::move(reason)});
}

void ListWriter::write(const Held& held, const std::vector<Held>& exempt) {
  const Entry& entry = held.entry;
  const std::string text = text_of(held.name, held.entry.kind == Kind::glob);
  if (entry.important && format_ != Format::adblock) warn(held, "written without $important");
  const bool has_answer = entry.answer.kind != AnswerKind::of_policy;
  switch (format_) {
    case Format::adblock:
      return write_adblock(held, exempt);
    case Format::dnsmasq:
      return write_dnsmasq(held);
    case Format::unbound:
      return write_unbound(held);
    case Format::rpz:
      return write_rpz(held);
    case Format::domains:
      out_ += domains_text(entry, held.name);
      break;
    case Format::hosts:
      out_ += "0.0.0.0 " + text;
      break;
    default:
      out_ += (entry.scope == Scope::itself ? "full:" : "") + text;
  }
  out_ += '\n';
  if (has_answer) warn(held, "written without its answer");
}

void ListWriter::write_adblock(const Held& held, const std::vector<Held>& exempt) {
  const Entry& entry = held.entry;
  if (entry.action == Action::allow) out_ += "@@";
  out_ += entry.scope == Scope::itself ? "|" : "||";
  if (entry.scope == Scope::below) out_ += "*.";
  out_ += text_of(held.name, held.entry.kind == Kind::glob) + "^";
  char mark = '$';
  const auto add = [&](const std::string& modifier) {
    out_ += mark + modifier;
    mark = ',';
  };
  if (entry.important) add("important");
  std::string names;
  for (const Held& it : exempt) names += (names.empty() ? "" : "|") + text_of(it.name, false);
  if (!names.empty()) add("denyallow=" + names);
  if (entry.answer.kind != AnswerKind::of_policy) {
    const std::string value = dnsrewrite_of(entry.answer, held.rdata);
    if (!value.empty()) add("dnsrewrite=" + value);
    if (value.empty()) warn(held, "written without its answer");
  }
  out_ += '\n';
}

void ListWriter::write_dnsmasq(const Held& held) {
  const Entry& entry = held.entry;
  const std::string name = "/" + std::string(entry.scope == Scope::below ? "*." : "") +
                           text_of(held.name, held.entry.kind == Kind::glob) + "/";
  if (entry.action == Action::allow) {
    out_ += "server=" + name + "#\n";
    return;
  }
  if (is_address(entry.answer)) {
    out_ += "address=" + name + IpAddress::from_bytes(as_bytes(held.rdata)).to_string() + "\n";
    return;
  }
  out_ += "local=" + name + "\n";
  // local= is NXDOMAIN.
  if (entry.answer.kind != AnswerKind::of_policy && entry.answer.kind != AnswerKind::nxdomain) {
    warn(held, "written without its answer");
  }
}

void ListWriter::write_unbound(const Held& held) {
  const Entry& entry = held.entry;
  const std::string name = text_of(held.name, held.entry.kind == Kind::glob) + ".";
  const auto zone = [&](std::string_view type) {
    out_ += "local-zone: \"" + name + "\" " + std::string(type) + "\n";
  };
  const auto data = [&](const std::string& record) {
    out_ += "local-data: \"" + name + " " + record + "\"\n";
  };
  const AnswerKind kind = entry.answer.kind;
  if (entry.action == Action::allow) return zone("always_transparent");
  if (kind == AnswerKind::record) {
    if (entry.scope == Scope::subtree) zone("redirect");
    return data(record_text(entry.answer, held.rdata));
  }
  if (entry.scope == Scope::itself) {
    data("A 0.0.0.0");
    if (kind != AnswerKind::of_policy) warn(held, "written without its answer");
    return;
  }
  if (kind == AnswerKind::nodata) return zone("always_nodata");
  if (kind == AnswerKind::refused) return zone("always_refuse");
  if (kind == AnswerKind::drop) return zone("always_deny");
  zone("always_nxdomain");
  if (kind == AnswerKind::truncate) warn(held, "written without its answer");
}

void ListWriter::write_rpz(const Held& held) {
  const Entry& entry = held.entry;
  std::string record = "CNAME .";  // the usual block
  if (entry.action == Action::allow) record = "CNAME rpz-passthru.";
  switch (entry.action == Action::allow ? AnswerKind::of_policy : entry.answer.kind) {
    case AnswerKind::nodata:
      record = "CNAME *.";
      break;
    case AnswerKind::drop:
      record = "CNAME rpz-drop.";
      break;
    case AnswerKind::truncate:
      record = "CNAME rpz-tcp-only.";
      break;
    case AnswerKind::record:
      record = record_text(entry.answer, held.rdata);
      break;
    case AnswerKind::refused:
      warn(held, "written without its answer");
      break;
    default:
      break;
  }
  const std::string name = text_of(held.name, held.entry.kind == Kind::glob);
  if (entry.scope != Scope::below) out_ += name + " " + record + "\n";
  if (entry.scope != Scope::itself) out_ += "*." + name + " " + record + "\n";
}

}  // namespace sluice::lists
