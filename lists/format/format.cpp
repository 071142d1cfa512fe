#include "lists/format/format.h"

namespace sluice::lists {

std::string_view to_string(Format format) noexcept {
  switch (format) {
    case Format::domains:
      return "domains";
    case Format::hosts:
      return "hosts";
    case Format::endpoints:
      return "endpoints";
  }
  return "?";
}

std::optional<Format> parse_format(std::string_view name) noexcept {
  if (name == "domains") return Format::domains;
  if (name == "hosts") return Format::hosts;
  if (name == "endpoints") return Format::endpoints;
  return std::nullopt;
}

Format usual_format(std::string_view file) noexcept {
  return file.ends_with(".endpoints") ? Format::endpoints : Format::domains;
}

void parse(Format format, ListText text, const Sink& sink) {
  switch (format) {
    case Format::domains:
      return parse_domains(text, sink);
    case Format::hosts:
      return parse_hosts(text, sink);
    case Format::endpoints:
      return parse_endpoints(text, sink);
  }
}

}  // namespace sluice::lists
