#include "lists/versions/version_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "filters/base/bytes.h"
#include "lists/compile/digest.h"

namespace sluice::lists {
namespace {

constexpr std::string_view kMagic = "sluice lists 1\n";
constexpr std::size_t kHexDigits = 64;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 62;

std::string hex_digest(std::string_view text) {
  return to_hex(Bytes(sha256(as_bytes(text))));
}

bool is_digest(std::string_view word) noexcept {
  return word.size() == kHexDigits && std::ranges::all_of(word, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<std::uint64_t> number_of(std::string_view word) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool plain = word == "0" || !word.starts_with('0');
  if (error != std::errc{} || end != word.data() + word.size() || !plain) return std::nullopt;
  return number;
}

// Unix time, in the years that a manifest may have.
std::optional<std::chrono::sys_seconds> time_of(std::string_view word) noexcept {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  const auto number = number_of(word);
  if (!number || *number > kMost) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(*number));
}

std::string time_word(std::chrono::sys_seconds time) {
  return std::to_string(time.time_since_epoch().count());
}

std::string_view format_word(const FormatChoice& format) noexcept {
  return format ? to_string(*format) : kAutoFormat;
}

// Takes the next line, which has to begin with a word and a blank; what follows it. Nothing: it is
// another line, or cut.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view word) {
  const std::size_t end = text.find('\n');
  if (end == text.npos || !text.starts_with(word)) return std::nullopt;
  const std::string_view rest = text.substr(word.size(), end - word.size());
  if (!rest.starts_with(' ')) return std::nullopt;
  text.remove_prefix(end + 1);
  return rest.substr(1);
}

std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

std::optional<ListPart> parse_part(std::string_view line) {
  const std::string_view digest = take_word(line);
  const auto bytes = number_of(take_word(line));
  const auto format = parse_format_choice(take_word(line));
  if (!is_digest(digest) || !bytes || !format || !may_be_in_head(line)) return std::nullopt;
  return ListPart{std::string(digest), *bytes, *format, std::string(line)};
}

// `exceptions *`, `image`
std::optional<Purpose> parse_purpose(std::string_view line) {
  const auto kind = parse_member_kind(line.substr(0, line.find(' ')));
  if (!kind) return std::nullopt;
  Purpose purpose{.kind = *kind};
  const std::string_view rest = line.substr(to_string(*kind).size());
  if (*kind == MemberKind::image) {
    if (!rest.empty()) return std::nullopt;
    return purpose;
  }
  if (rest.size() < 2 || !may_be_in_head(rest)) return std::nullopt;
  purpose.app = rest.substr(1);
  return purpose;
}

std::string purpose_words(const Purpose& purpose) {
  return std::string(to_string(purpose.kind)) +
         (purpose.kind == MemberKind::image ? "" : ' ' + purpose.app);
}

// The lines between the first and the last one.
std::optional<VersionHead> parse_lines(std::string_view& rest) {
  const auto label = take_line(rest, "label");
  const auto number = take_line(rest, "number");
  const auto digest = take_line(rest, "digest");
  const auto taken = take_line(rest, "taken");
  const auto validator = take_line(rest, "validator");
  if (!label || !number || !digest || !taken || !validator) return std::nullopt;
  const auto version = number_of(*number);
  const auto time = time_of(*taken);
  const auto until = take_line(rest, "until");
  const auto end_time = until ? time_of(*until) : std::nullopt;
  if (!version || !time || !is_digest(*digest) || !may_be_in_head(*label) ||
      !may_be_in_head(*validator) || (until && !end_time)) {
    return std::nullopt;
  }
  VersionHead head{.label = std::string(*label),
                   .number = *version,
                   .digest = std::string(*digest),
                   .taken = *time,
                   .validator = std::string(*validator),
                   .until = end_time,
                   .lists = {}};
  std::uint64_t left = kMaxBytes;
  while (const auto line = take_line(rest, "list")) {
    auto part = parse_part(*line);
    if (!part || part->bytes > left || head.lists.size() == kMaxListsOfVersion) {
      return std::nullopt;
    }
    left -= part->bytes;
    if (const auto of = take_line(rest, "of")) {
      part->purpose = parse_purpose(*of);
      if (!part->purpose) return std::nullopt;
    }
    head.lists.push_back(std::move(*part));
  }
  return head;
}

}  // namespace

std::uint64_t VersionHead::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const ListPart& part : lists) sum += part.bytes;
  return sum;
}

bool may_be_in_head(std::string_view text) noexcept {
  return text.size() <= kMaxHeadText && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

std::string write_head(const VersionHead& head) {
  std::string text(kMagic);
  text += "label " + head.label + "\nnumber " + std::to_string(head.number) + "\ndigest " +
          head.digest + "\ntaken " + time_word(head.taken) + "\nvalidator " + head.validator + '\n';
  if (head.until) text += "until " + time_word(*head.until) + '\n';
  for (const ListPart& part : head.lists) {
    text += "list " + part.digest + ' ' + std::to_string(part.bytes) + ' ' +
            std::string(format_word(part.format)) + ' ' + part.name + '\n';
    if (part.purpose) text += "of " + purpose_words(*part.purpose) + '\n';
  }
  return text + "end " + hex_digest(text) + '\n';
}

Result<ParsedHead, std::string> parse_head(std::string_view bytes) {
  const std::string_view within = bytes.substr(0, kMaxHead);
  std::string_view rest = within;
  if (!rest.starts_with(kMagic)) return fail(std::string("not a version of lists"));
  rest.remove_prefix(kMagic.size());
  auto head = parse_lines(rest);
  if (!head) return fail(std::string("damaged: its head cannot be read"));
  const std::string_view lines = within.substr(0, within.size() - rest.size());
  const auto end = take_line(rest, "end");
  if (!end || *end != hex_digest(lines)) {
    return fail(std::string("damaged: the digest of its head is wrong, or it is cut off"));
  }
  return ParsedHead{std::move(*head), within.size() - rest.size()};
}

}  // namespace sluice::lists
