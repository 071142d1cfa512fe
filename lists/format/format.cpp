#include "lists/format/format.h"

namespace sluice::lists {

std::string_view to_string(Format format) noexcept {
  switch (format) {
    case Format::domains:
      return "domains";
    case Format::hosts:
      return "hosts";
  }
  return "?";
}

std::optional<Format> parse_format(std::string_view name) noexcept {
  if (name == "domains") return Format::domains;
  if (name == "hosts") return Format::hosts;
  return std::nullopt;
}

Parsed parse(Format format, std::string_view text) {
  switch (format) {
    case Format::domains:
      return parse_domains(text);
    case Format::hosts:
      return parse_hosts(text);
  }
  return {};
}

}  // namespace sluice::lists
