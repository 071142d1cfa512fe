#include "lists/format/format.h"

#include <algorithm>
#include <array>

namespace sluice::lists {
namespace {

// In the order of Format.
constexpr std::array<FormatInfo, 8> kFormats = {{
    {.name = "domains", .splits_at_lines = true, .parse = parse_domains},
    {.name = "hosts", .splits_at_lines = true, .parse = parse_hosts},
    {.name = "endpoints", .splits_at_lines = true, .parse = parse_endpoints},
    {.name = "adblock", .splits_at_lines = true, .parse = parse_adblock},
    {.name = "dnsmasq", .splits_at_lines = true, .parse = parse_dnsmasq},
    // A zone of type redirect changes what its data mean.
    {.name = "unbound", .splits_at_lines = false, .parse = parse_unbound},
    {.name = "rpz", .splits_at_lines = false, .parse = parse_rpz},
    {.name = "v2fly", .splits_at_lines = true, .parse = parse_v2fly},
}};

}  // namespace

const FormatInfo& info_of(Format format) noexcept {
  return kFormats[static_cast<std::size_t>(format)];
}

std::string_view to_string(Format format) noexcept {
  return info_of(format).name;
}

std::optional<Format> parse_format(std::string_view name) noexcept {
  const auto found = std::ranges::find(kFormats, name, &FormatInfo::name);
  if (found == kFormats.end()) return std::nullopt;
  return static_cast<Format>(found - kFormats.begin());
}

std::string format_names(std::string_view separator) {
  std::string names;
  for (const FormatInfo& format : kFormats) {
    if (!names.empty()) names += separator;
    names += format.name;
  }
  return names;
}

std::optional<FormatChoice> parse_format_choice(std::string_view name) noexcept {
  const FormatChoice format = parse_format(name);
  if (!format && name != kAutoFormat) return std::nullopt;
  return std::optional<FormatChoice>(std::in_place, format);
}

std::string format_choices(std::string_view separator) {
  return std::string(kAutoFormat) + std::string(separator) + format_names(separator);
}

FormatChoice format_of_file(std::string_view file) noexcept {
  if (file.ends_with(".endpoints")) return Format::endpoints;
  if (file.ends_with(".rpz")) return Format::rpz;
  return std::nullopt;
}

std::string list_name_of_file(std::string_view file) {
  file.remove_prefix(file.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t dot = file.rfind('.');
  if (format_of_file(file) == Format::endpoints || dot == file.npos || dot == 0) {
    return std::string(file);
  }
  return std::string(file.substr(0, dot));
}

}  // namespace sluice::lists
