#include "lists/compile/read_list.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "lists/compile/parallel.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 20;

std::string shown(const Entry& entry) {
  if (entry.kind == Kind::addresses) return entry.range.to_string();
  std::array<char, name::kMaxTextBytes> text;
  return std::string(name::to_text(*name::Name::from_wire(entry.name), text));
}

// The entries of one part of a list, kept until it is their turn.
class Batch {
 public:
  void fill(TextPart text, const FormatInfo& format, const ReadOptions& options,
            const Guard& guard) {
    entries_.clear();
    bytes_.clear();
    bytes_.reserve(2 * kPartBytes);
    ranges_.clear();
    errors_ = warnings_ = {};
    const auto take = [&](Entry entry) {
      if (options.exceptions && entry.action == Action::block) entry.action = Action::allow;
      auto refusal = guard.refusal(entry, options.forced);
      if (refusal.reason.empty()) return keep(entry);
      errors_.add({entry.line, shown(entry), std::move(refusal.reason), refusal.code});
    };
    format.parse(text, {take, [&](LineError error) { errors_.add(std::move(error)); },
                        [&](LineWarning warning) { warnings_.add(std::move(warning)); }});
  }

  Result<void, match::BuildError> give(TakeEntry take, ReadOutcome& outcome) {
    for (const Kept& kept : entries_) {
      if (const auto taken = take(entry_of(kept)); !taken) return taken;
    }
    outcome.entries += entries_.size();
    append(outcome.errors, errors_);
    append(outcome.warnings, warnings_);
    return {};
  }

 private:
  struct RecordHead {
    std::uint32_t ttl, type;
  };
  struct Kept {
    std::size_t at;  // of the name in bytes_, with the source behind it; or of the range in ranges_
    std::uint32_t line;
    std::uint8_t name_size, source_size;
    Kind kind;
    Action action;
    Scope scope;
    bool important;
    match::AnswerKind answer;
    std::uint16_t rdata_size;  // of a record, behind the source; in front of it type and TTL
  };

  void keep(const Entry& entry) {
    const bool is_range = entry.kind == Kind::addresses;
    entries_.push_back({is_range ? ranges_.size() : bytes_.size(), entry.line,
                        static_cast<std::uint8_t>(entry.name.size()),
                        static_cast<std::uint8_t>(entry.source.size()), entry.kind, entry.action,
                        entry.scope, entry.important, entry.answer.kind,
                        static_cast<std::uint16_t>(entry.answer.rdata.size())});
    if (is_range) return ranges_.push_back(entry.range);
    bytes_ += as_text(entry.name);
    bytes_ += entry.source;
    if (entry.answer.kind != match::AnswerKind::record) return;
    const RecordHead head{entry.answer.ttl, entry.answer.type};
    bytes_ += as_text(std::as_bytes(std::span(&head, 1)));
    bytes_ += as_text(entry.answer.rdata);
  }

  [[nodiscard]] Entry entry_of(const Kept& kept) const {
    Entry entry{.kind = kept.kind,
                .action = kept.action,
                .scope = kept.scope,
                .important = kept.important,
                .line = kept.line,
                .answer = {kept.answer}};
    if (kept.kind == Kind::addresses) {
      entry.range = ranges_[kept.at];
      return entry;
    }
    const std::string_view bytes = std::string_view(bytes_).substr(kept.at);
    entry.name = as_bytes(bytes.substr(0, kept.name_size));
    entry.source = bytes.substr(kept.name_size, kept.source_size);
    if (kept.answer != match::AnswerKind::record) return entry;
    const std::string_view record = bytes.substr(std::size_t{kept.name_size} + kept.source_size);
    RecordHead head;
    std::memcpy(&head, record.data(), sizeof head);
    entry.answer.type = static_cast<std::uint16_t>(head.type);
    entry.answer.ttl = head.ttl;
    entry.answer.rdata = as_bytes(record.substr(sizeof head, kept.rdata_size));
    return entry;
  }

  static void append(Notes& notes, Notes& more) {
    const std::uint64_t count = notes.count + more.count;
    for (LineError& note : more.shown) notes.add(std::move(note));
    notes.count = count;
  }

  std::vector<Kept> entries_;
  std::string bytes_;
  std::vector<IpPrefix> ranges_;
  Notes errors_, warnings_;
};

// Removes the first part of the text, up to the end of a line.
TextPart take_part(TextPart& text, const FormatInfo& format) {
  if (!format.splits_at_lines) return std::exchange(text, {});
  const std::size_t end = text.bytes.find('\n', kPartBytes);
  const TextPart part{text.bytes.substr(0, end == text.bytes.npos ? end : end + 1),
                      text.first_line};
  text.bytes.remove_prefix(part.bytes.size());
  text.first_line += static_cast<std::uint32_t>(std::ranges::count(part.bytes, '\n'));
  return part;
}

std::vector<TextPart> take_parts(TextPart& text, const FormatInfo& format, std::size_t most) {
  std::vector<TextPart> parts;
  while (!text.bytes.empty() && parts.size() < most) parts.push_back(take_part(text, format));
  return parts;
}

// A text that was cut on its way often ends within a line, and half a name is a name.
LineWarning cut_short(std::string_view text) {
  constexpr std::size_t kMostShown = 40;
  const auto lines = static_cast<std::uint32_t>(std::ranges::count(text, '\n'));
  std::string last(text.substr(text.rfind('\n') + 1).substr(0, kMostShown));
  std::ranges::replace_if(last, [](char c) { return c < ' ' || c > '~'; }, '?');
  return {lines + 1, std::move(last), "no line feed behind the last line: is the list whole?",
          "cut-short"};
}

}  // namespace

Result<ReadOutcome, match::BuildError> read_list(std::string_view text, const FormatInfo& format,
                                                 const ReadOptions& options, const Guard& guard,
                                                 TakeEntry take) {
  ReadOutcome outcome;
  Result<void, match::BuildError> taken;
  const std::size_t most = 2 * std::size_t{options.threads};
  std::vector<Batch> full, next;
  TextPart rest{text};
  do {
    const auto parts = take_parts(rest, format, most);
    next.resize(parts.size());
    // While some threads parse this round, one gives the entries of the round before to `take`.
    run_tasks(options.threads, 1 + parts.size(), [&](std::size_t i) {
      if (i > 0) return next[i - 1].fill(parts[i - 1], format, options, guard);
      for (Batch& batch : full) {
        if (taken) taken = batch.give(take, outcome);
      }
    });
    std::swap(full, next);
  } while (taken && !full.empty());
  if (!taken) return fail(taken.error());
  if (!text.empty() && text.back() != '\n') outcome.warnings.add(cut_short(text));
  return outcome;
}

}  // namespace sluice::lists
