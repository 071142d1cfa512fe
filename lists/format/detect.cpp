#include "lists/format/detect.h"

#include <algorithm>
#include <array>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/match/pseudo_name.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kMostLines = 1000;
constexpr std::size_t kMostBytes = std::size_t{256} * 1024;

// What a line looks like. All but the first three belong to one format.
enum class Look : std::uint8_t {
  other,
  bare_name,     // domains, v2fly, adblock (there it covers itself alone)
  hosts_line,    // hosts, adblock
  marked_name,   // domains: `=x`, `@@x`, `*.x`, globs
  adblock_rule,  // `||x^`, `##.banner`, `[Adblock Plus]`
  dnsmasq_option,
  unbound_option,
  zone_record,  // rpz
  v2fly_word,   // `full:x`, `x @ads`
  endpoint,     // `203.0.113.0/24`, `signature:dot`
};
constexpr std::size_t kLooks = 10;

struct Reads {
  Format format;
  std::vector<Look> looks;
};

std::vector<Reads> what_formats_read() {
  using enum Look;
  return {{Format::domains, {marked_name, bare_name}},
          {Format::hosts, {hosts_line}},
          {Format::endpoints, {endpoint}},
          {Format::adblock, {adblock_rule, bare_name, hosts_line}},
          {Format::dnsmasq, {dnsmasq_option}},
          {Format::unbound, {unbound_option}},
          {Format::rpz, {zone_record}},
          {Format::v2fly, {v2fly_word, bare_name}}};
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](auto start) { return text.starts_with(start); });
}

// `x CNAME .`, `x 300 IN A 192.0.2.1`, ` NS localhost.`: a type behind at most a name, a time to
// live and a class.
bool is_zone_record(std::string_view line) {
  constexpr std::array<std::string_view, 8> kTypes = {"CNAME", "A",  "AAAA", "TXT",
                                                      "SOA",   "NS", "MX",   "SRV"};
  if (starts_with_any(line, {"$TTL", "$ORIGIN", "$INCLUDE"})) return true;
  for (int words = 0; words < 4 && !line.empty(); ++words) {
    const std::string_view word = take_word(line);
    if (std::ranges::find(kTypes, word) != kTypes.end()) return !line.empty();
  }
  return false;
}

bool is_adblock_rule(std::string_view line) {
  if (starts_with_any(line, {"||", "@@|", "|", "[Adblock", "[AdGuard"})) return true;
  if (line.starts_with('/') && line.ends_with('/')) return true;
  if (line.ends_with('^') || line.contains("^$") || line.contains("$$")) return true;
  const std::size_t mark = line.find('#');
  return mark != line.npos && is_cosmetic(line.substr(mark));
}

bool is_v2fly(std::string_view line) {
  if (starts_with_any(line, {"domain:", "full:", "keyword:", "regexp:", "include:"})) return true;
  static_cast<void>(take_word(line));
  return line.starts_with('@') || line.starts_with('&');
}

// REQUIRES: no comment.
Look look_of(std::string_view line, NameReader& names) {
  if (starts_with_any(line, {"address=", "local=", "server="})) return Look::dnsmasq_option;
  if (starts_with_any(line, {"local-zone:", "local-data:", "server:"})) return Look::unbound_option;
  if (is_adblock_rule(line)) return Look::adblock_rule;
  if (is_v2fly(line)) return Look::v2fly_word;
  std::string_view rest = line;
  const std::string_view first = take_word(rest);
  if (!rest.empty()) {
    if (IpAddress::parse(first.substr(0, first.find('%')))) return Look::hosts_line;
    return is_zone_record(line) ? Look::zone_record : Look::other;
  }
  if (first.starts_with('$')) return is_zone_record(line) ? Look::zone_record : Look::other;
  if (IpPrefix::parse(first) || first.starts_with(match::kSignatureMark)) return Look::endpoint;
  std::string_view name = first;
  const bool excepted = take_prefix(name, "@@");
  const bool exact = take_prefix(name, "=");
  if (IpPrefix::parse(name)) return Look::endpoint;
  const auto read = names.read(name, Globs::taken);
  // Names in other letters are read by no other format's marks either.
  if (!read) return name.starts_with("*.") ? Look::marked_name : Look::other;
  return excepted || exact || read->is_glob ? Look::marked_name : Look::bare_name;
}

struct Sample {
  std::array<std::size_t, kLooks> count{};
  std::size_t lines = 0;
  bool has_exclamation = false;  // a comment of ad-block rules

  [[nodiscard]] std::size_t of(Look look) const { return count[static_cast<std::size_t>(look)]; }
};

// Comments of all formats are left out: `#`, `!`, `;`.
Sample sample_of(std::string_view text) {
  if (text.size() > kMostBytes) text = text.substr(0, text.rfind('\n', kMostBytes));
  Sample sample;
  NameReader names;
  for_each_whole_line({text}, [&](std::string_view line, std::uint32_t) {
    if (sample.lines == kMostLines || line.starts_with(';')) return;
    if (line.starts_with('!')) {
      sample.has_exclamation = true;
      return;
    }
    const bool hides = is_cosmetic(line) && !line.starts_with("###") && !line.starts_with("## ");
    if (!hides) line = trim(without_comment(line));
    if (line.empty()) return;
    ++sample.lines;
    ++sample.count[static_cast<std::size_t>(look_of(line, names))];
  });
  return sample;
}

std::string how_to_say() {
  return "; say which one: format = \"…\", or --format";
}

// The two formats mean different names.
constexpr std::string_view kExactOrNot =
    "bare names beside comments with \"!\" or lines of a hosts file fit adblock (each name alone) "
    "and domains (each name and all below it)";

}  // namespace

Result<Format, std::string> detect_format(std::string_view text) {
  const Sample sample = sample_of(text);
  // Nothing to tell by: every line is refused as what it is not in `domains`.
  if (sample.lines == sample.of(Look::other)) return Format::domains;
  std::vector<Format> best;
  std::size_t most = 0;
  std::string counts;
  for (const Reads& reads : what_formats_read()) {
    std::size_t read = 0;
    for (const Look look : reads.looks) read += sample.of(look);
    if (read == 0) continue;
    counts += (counts.empty() ? "" : ", ") + std::string(to_string(reads.format)) + " " +
              std::to_string(read);
    if (read > most) best.clear();
    if (read >= most) best.push_back(reads.format);
    most = std::max(most, read);
  }
  // A line that no format reads says nothing about the others: it is refused when they are read.
  // So it is with stray addresses among names, which many lists have.
  const std::size_t stray = std::min(sample.of(Look::endpoint), sample.of(Look::bare_name));
  const std::size_t readable = sample.lines - sample.of(Look::other) - stray;
  if (most * 10 < readable * 9) {
    return fail("no format reads its first " + std::to_string(sample.lines) + " lines" +
                "; of them are read: " + counts + how_to_say());
  }
  // Without a line of its own, a format only reads what others do: bare names, lines of hosts
  // files.
  if (best.size() == 1 && (best[0] != Format::adblock || sample.of(Look::adblock_rule) > 0)) {
    return best[0];
  }
  const bool bare = sample.of(Look::bare_name) > 0;
  const bool hosts = sample.of(Look::hosts_line) > 0;
  if (bare && (hosts || sample.has_exclamation)) {
    return fail(std::string(kExactOrNot) + how_to_say());
  }
  return bare ? Format::domains : Format::hosts;
}

}  // namespace sluice::lists
