#include "filters/base/ip_address.h"
#include "lists/format/answer_data.h"
#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"

namespace sluice::lists {
namespace {

class Parser {
 public:
  explicit Parser(const Sink& sink) : sink_(sink) {}

  void take(std::string_view line, std::uint32_t number) {
    number_ = number;
    auto reason = read(line);
    if (!reason.empty()) sink_.error(line_error(number, line, std::move(reason)));
  }

 private:
  // Why the line is refused.
  std::string read(std::string_view line) {
    std::string_view rest = line;
    const std::size_t sign = line.find('=');
    const std::string_view option = trim(line.substr(0, sign));
    if (option != "address" && option != "local" && option != "server") {
      return "only address=, local= and server= are read";
    }
    rest = sign == line.npos ? std::string_view{} : trim(line.substr(sign + 1));
    const std::size_t end = rest.rfind('/');
    if (!rest.starts_with('/') || end == 0) {
      return option == "address" ? "no names between slashes: address=/example.com/"
                                 : "a server for all names blocks none";
    }
    const std::string_view names = rest.substr(1, end - 1);
    const std::string_view value = rest.substr(end + 1);
    Entry entry{.line = number_};
    if (option == "address") {
      const auto address = IpAddress::parse(value);
      // `#` is 0.0.0.0 and ::, nothing is NXDOMAIN.
      if (!value.empty() && value != "#" && !address) return "no address behind the last slash";
      if (address) entry.answer = data_.of(*address);
    } else if (value == "#") {
      entry.action = Action::allow;  // asked as if no shorter name said otherwise
    } else if (!value.empty()) {
      sink_.warning(line_error(
          number_, line, "left out: it forwards to a server, and blocks nothing", "forwards"));
      return {};
    }
    for_each_part(names, '/', [&](std::string_view name) { take_name(name, entry, line); });
    return {};
  }

  void take_name(std::string_view text, Entry entry, std::string_view line) {
    const std::string_view whole = text;
    const auto refuse = [&](std::string reason) {
      sink_.error(line_error(number_, whole.empty() ? line : whole, std::move(reason)));
    };
    if (text.empty()) return refuse("names without a dot: they are of the local network");
    if (text == "#") return refuse("every name");
    if (take_prefix(text, "*.")) {
      entry.scope = Scope::below;
    } else {
      static_cast<void>(take_prefix(text, "."));  // means the same
    }
    auto name = names_.read(text, Globs::taken);
    if (!name) return refuse(std::move(name.error()));
    // A star is one only in front of a name, and stands for dots too: what it covers is covered
    // here with all below it.
    if (name->is_glob && (entry.scope == Scope::below || text.rfind('*') != 0)) {
      return refuse("a star that is not in front");
    }
    emit_name(sink_, *name, entry, whole);
  }

  const Sink& sink_;
  std::uint32_t number_ = 0;
  NameReader names_;
  AnswerData data_;
};

}  // namespace

void parse_dnsmasq(TextPart text, const Sink& sink) {
  Parser parser(sink);
  for_each_line(text,
                [&](std::string_view line, std::uint32_t number) { parser.take(line, number); });
}

}  // namespace sluice::lists
