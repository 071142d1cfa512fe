#include "lists/format/name_reader.h"

#include <algorithm>

#include "filters/base/ip_address.h"
#include "lists/format/idn.h"
#include "lists/format/line.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kMaxSource = 255;  // as match::DomainSetBuilder takes it
// UTF-8 takes at most 4 bytes for a code point, and an A-label at least 1.
constexpr std::size_t kMaxInternational = 4 * name::kMaxNameBytes;
constexpr std::string_view kAcePrefix = "xn--";

// The characters of plain names, with letters folded; 0: take the slow path.
constexpr auto kPlain = [] {
  std::array<char, 256> plain{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyz0123456789-_")) {
    plain[static_cast<unsigned char>(c)] = c;
  }
  for (char c = 'A'; c <= 'Z'; ++c) plain[static_cast<unsigned char>(c)] = to_lower_ascii(c);
  return plain;
}();

char plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}
bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
bool is_not_ascii(char c) {
  return static_cast<unsigned char>(c) > 0x7f;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string not_in_a_name(char c) {
  return std::string("'") + c + "' cannot be part of a name";
}

std::string_view without_final_dot(std::string_view text) {
  return text.substr(0, text.size() - (text.ends_with('.') ? 1 : 0));
}

bool has_ace_prefix(Bytes label) {
  return as_text(label).starts_with(kAcePrefix);
}

bool has_ace_prefix(const name::Name& name) {
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    if (has_ace_prefix(name.label(i))) return true;
  }
  return false;
}

// Stars, without escaped ones (`\*`).
std::ptrdiff_t count_stars(std::string_view text) {
  std::ptrdiff_t stars = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '*') {
      ++stars;
    }
  }
  return stars;
}

// Why the stars of `text` are not a glob; empty: they are.
std::string refusal_of_glob(std::string_view text, const name::Name& name, Globs globs) {
  if (globs == Globs::refused) return "a glob; this format takes names only";
  if (text.contains("**")) return "two stars in a row";
  if (count_stars(text) != std::ranges::count(as_text(name.wire()), '*')) {
    return "an escaped star beside a glob";  // the pattern could not tell them apart
  }
  if (as_text(name.label(name.label_count() - 1)).contains('*')) {
    return "a glob needs a fixed name to its right";
  }
  return {};
}

// Names of the machine itself in hosts files, in canonical form.
constexpr std::array<std::string_view, 11> kOwnNames = {
    "localhost",     "localhost.localdomain", "local",        "broadcasthost",
    "ip6-localhost", "ip6-loopback",          "ip6-localnet", "ip6-mcastprefix",
    "ip6-allnodes",  "ip6-allrouters",        "ip6-allhosts"};

// Whether a name in wire form is `text`.
bool is_name(Bytes wire, std::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (std::to_integer<std::size_t>(wire[0]) != label.size()) return false;
    if (as_text(wire.subspan(1, label.size())) != label) return false;
    wire = wire.subspan(1 + label.size());
    if (dot == std::string_view::npos) return wire[0] == std::byte{0};
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

bool is_own_name(Bytes wire) {
  return std::ranges::any_of(kOwnNames, [&](auto own) { return is_name(wire, own); });
}

Result<ReadName, std::string> NameReader::read(std::string_view text, Globs globs) {
  ReadName read;
  if (read_plain(text, read)) return read;
  if (const auto mark = text.find('#'); mark != text.npos && is_cosmetic(text.substr(mark))) {
    return fail(std::string("a rule that hides parts of web pages, not a name"));
  }
  if (std::ranges::any_of(text, is_blank)) return fail(std::string("blanks inside a name"));
  if (std::ranges::any_of(text, is_control)) {
    return fail(std::string("control characters inside a name"));
  }
  return std::ranges::any_of(text, is_not_ascii) ? read_international(text, globs)
                                                 : read_ascii(text, globs);
}

bool NameReader::read_plain(std::string_view text, ReadName& read) {
  text = without_final_dot(text);
  if (text.empty() || text.size() + 2 > bytes_.size()) return false;
  std::size_t label_at = 0;  // of its length byte
  std::size_t at = 1;
  bool all_digits = true;
  const auto end_label = [&] {
    const std::size_t size = at - label_at - 1;
    if (size == 0 || size > name::kMaxLabelBytes) return false;
    bytes_[label_at] = static_cast<std::byte>(size);
    read.has_a_label |= has_ace_prefix(Bytes(bytes_).subspan(label_at + 1, size));
    return true;
  };
  for (const char c : text) {
    if (const char folded = plain(c)) {
      bytes_[at++] = static_cast<std::byte>(folded);
      all_digits &= is_digit(c);
    } else {
      if (c != '.' || !end_label()) return false;
      label_at = at++;
      all_digits = true;
    }
  }
  if (all_digits || !end_label()) return false;  // may be an address
  bytes_[at++] = std::byte{0};
  read.wire = Bytes(bytes_).first(at);
  return true;
}

Result<ReadName, std::string> NameReader::read_ascii(std::string_view text, Globs globs) {
  // An address with a final dot is no name either.
  if (IpAddress::parse(without_final_dot(text))) {
    return fail(std::string("an IP address, not a name"));
  }
  // All others are signs of another format. Escapes write the rest.
  const auto odd = std::ranges::find_if_not(
      text, [](char c) { return plain(c) != 0 || c == '.' || c == '*' || c == '\\'; });
  if (odd != text.end()) return fail(not_in_a_name(*odd));
  const auto name = name::Name::from_text(text);
  if (!name) return fail(std::string(to_string(name.error())));
  if (name->label_count() == 0) return fail(std::string("the root; it would cover every name"));
  ReadName read;
  read.is_glob = count_stars(text) > 0;
  if (read.is_glob) {
    if (auto reason = refusal_of_glob(text, *name, globs); !reason.empty()) return fail(reason);
    // A leading `*.` of an entry would be read as "and all below".
    read.needs_source = as_text(name->label(0)) == "*";
  } else {
    read.needs_source = as_text(name->wire()).contains('*');
  }
  read.has_a_label = has_ace_prefix(*name);
  std::ranges::copy(name->wire(), bytes_.begin());
  read.wire = Bytes(bytes_).first(name->wire().size());
  return read;
}

Result<ReadName, std::string> NameReader::read_international(std::string_view text, Globs globs) {
  // libidn2 gets no text that cannot become a name, because it copies what it is given several
  // times.
  if (text.size() > kMaxInternational) return fail(std::string("longer than 255 bytes"));
  if (text.contains('\\')) return fail(std::string("an escape in a name that is not ASCII"));
  // IDNA has no stars: labels up to the last star must be ASCII.
  const std::size_t star = text.rfind('*');
  const std::size_t fixed_at = star == text.npos ? 0 : std::min(text.find('.', star), text.size());
  const std::string_view starred = text.substr(0, fixed_at);
  if (std::ranges::any_of(starred, is_not_ascii)) {
    return fail(std::string("a star beside letters that are not ASCII: write the A-label (xn--…)"));
  }
  const auto converted = to_a_labels(text.substr(fixed_at));
  if (!converted) return fail(converted.error());
  // IDNA may map letters to characters that mean something to us.
  for (const char c : *converted) {
    if (plain(c) == 0 && c != '.') return fail(not_in_a_name(c));
  }
  const std::string ascii = std::string(starred) + *converted;
  ReadName read;
  if (!read_plain(ascii, read)) {
    auto slowly = read_ascii(ascii, globs);
    if (!slowly) return slowly;
    read = *slowly;
  }
  read.needs_source = true;
  return read;
}

ReadName as_read(const name::Name& name) {
  return {.wire = name.wire(),
          .has_a_label = has_ace_prefix(name),
          .needs_source = as_text(name.wire()).contains('*')};
}

void emit_name(const Sink& sink, const ReadName& name, Entry entry, std::string_view written) {
  if (name.has_a_label) {
    if (auto doubt = doubt_of_a_labels(name.wire); !doubt.empty()) {
      sink.warning(line_error(entry.line, written, std::move(doubt), "doubtful-idn"));
    }
  }
  entry.kind = name.is_glob ? Kind::glob : Kind::name;
  entry.name = name.wire;
  const bool is_printable = std::ranges::none_of(written, is_control);
  if (name.needs_source && written.size() <= kMaxSource && is_printable) entry.source = written;
  sink.entry(entry);
}

}  // namespace sluice::lists
