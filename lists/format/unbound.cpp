// `local-zone` and `local-data` of unbound.conf(5).

#include <array>
#include <optional>

#include "lists/format/answer_data.h"
#include "lists/format/format.h"
#include "lists/format/line.h"
#include "lists/format/name_reader.h"
#include "lists/format/record_reader.h"

namespace sluice::lists {
namespace {

using match::AnswerKind;

struct ZoneType {
  std::string_view name;
  Action action;
  AnswerKind answer;
};
// Blocked: what no data answers gets no answer of others. `always_nxdomain`, `always_null` and
// `static` are how lists write a block, so the policy answers.
constexpr std::array<ZoneType, 10> kZoneTypes = {{
    {"static", Action::block, AnswerKind::of_policy},
    {"redirect", Action::block, AnswerKind::of_policy},
    {"always_nxdomain", Action::block, AnswerKind::of_policy},
    {"always_null", Action::block, AnswerKind::of_policy},
    {"always_nodata", Action::block, AnswerKind::nodata},
    {"refuse", Action::block, AnswerKind::refused},
    {"always_refuse", Action::block, AnswerKind::refused},
    {"deny", Action::block, AnswerKind::drop},
    {"always_deny", Action::block, AnswerKind::drop},
    {"always_transparent", Action::allow, AnswerKind::of_policy},
}};

// Removes a string in double or single quotes, or a word. Nothing: a quote is not closed.
std::optional<std::string_view> take_value(std::string_view& text) {
  const char quote = text.empty() ? '\0' : text.front();
  if (quote != '"' && quote != '\'') return take_word(text);
  const std::size_t end = text.find(quote, 1);
  if (end == text.npos) return std::nullopt;
  const std::string_view value = text.substr(1, end - 1);
  text = trim(text.substr(end + 1));
  return value;
}

class Parser {
 public:
  explicit Parser(const Sink& sink) : sink_(sink), records_(kLocalTtl) {}

  void take(std::string_view line, std::uint32_t number) {
    number_ = number;
    auto reason = read(line);
    if (!reason.empty()) sink_.error(line_error(number, line, std::move(reason)));
  }

 private:
  std::string read(std::string_view line) {
    const std::size_t colon = line.find(':');
    const std::string_view option = trim(line.substr(0, colon));
    std::string_view rest = colon == line.npos ? std::string_view{} : trim(line.substr(colon + 1));
    if (option == "server" && rest.empty()) return {};
    if (option == "local-zone") return read_zone(rest);
    if (option == "local-data") return read_data(rest, line);
    return "only local-zone: and local-data: are read";
  }

  std::string read_zone(std::string_view rest) {
    const auto zone = take_value(rest);
    const auto type = take_value(rest);
    if (!zone || !type || !rest.empty()) return "not a name and a type: local-zone: \"x.\" static";
    for (const ZoneType& known : kZoneTypes) {
      if (known.name != *type) continue;
      auto name = names_.read(*zone, Globs::refused);
      if (!name) return std::move(name.error());
      redirected_.clear();
      if (*type == "redirect") redirected_ = *name::Name::from_wire(name->wire);
      emit_name(sink_, *name, {.action = known.action, .line = number_, .answer = {known.answer}},
                *zone);
      return {};
    }
    return "a zone of type \"" + std::string(*type) + "\" is no block of names";
  }

  std::string read_data(std::string_view rest, std::string_view line) {
    const auto data = take_value(rest);
    if (!data || !rest.empty()) return "not a record in quotes: local-data: \"x. A 192.0.2.1\"";
    const auto record = records_.read(std::string(trim(*data)));
    if (!record) return record.error();
    if (record->owner.label_count() == 0) return "the root; it would cover every name";
    if (record->rdata.size() > RpzReader::kMaxRdata) return "data longer than 512 bytes";
    Entry entry{.scope = Scope::itself, .line = number_};
    // The data of a zone of type redirect holds for what is below it too.
    if (record->owner == redirected_) entry.scope = Scope::subtree;
    const bool is_address = record->type == kTypeA || record->type == kTypeAaaa;
    if (!is_address || !is_sinkhole(IpAddress::from_bytes(record->rdata))) {
      entry.answer = {AnswerKind::record, record->type, record->ttl, record->rdata};
    }
    emit_name(sink_, as_read(record->owner), entry, line);
    return {};
  }

  const Sink& sink_;
  std::uint32_t number_ = 0;
  NameReader names_;
  RecordReader records_;
  name::Name redirected_;
};

}  // namespace

void parse_unbound(TextPart text, const Sink& sink) {
  Parser parser(sink);
  for_each_line(text,
                [&](std::string_view line, std::uint32_t number) { parser.take(line, number); });
}

}  // namespace sluice::lists
