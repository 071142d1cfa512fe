#include "lists/compile/read_list.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "filters/match/pseudo_name.h"
#include "lists/compile/parallel.h"

namespace sluice::lists {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;

match::EntryKind as_exception(match::EntryKind kind) {
  switch (kind) {
    case match::EntryKind::suffix:
      return match::EntryKind::exception;
    case match::EntryKind::exact:
      return match::EntryKind::exact_exception;
    default:
      return kind;
  }
}

std::string shown_name(Bytes wire) {
  if (const auto pseudo = match::read_pseudo_name(wire)) {
    return std::string(pseudo->mark) + std::string(pseudo->text);
  }
  std::array<char, name::kMaxTextBytes> text;
  return std::string(name::to_text(*name::Name::from_wire(wire), text));
}

// What a piece of a list holds, until its turn comes.
class Batch {
 public:
  void fill(ListText text, const ReadOptions& options, const Guard& guard) {
    entries_.clear();
    bytes_.clear();
    bytes_.reserve(2 * kPiece);
    errors_ = warnings_ = {};
    const auto take = [&](Entry entry) {
      if (options.exceptions) entry.kind = as_exception(entry.kind);
      auto reason = guard.refusal(entry, options.forced);
      if (reason.empty()) return keep(entry);
      errors_.add({entry.line, shown_name(entry.name), std::move(reason)});
    };
    parse(options.format, text,
          {take, [&](LineError error) { errors_.add(std::move(error)); },
           [&](LineWarning warning) { warnings_.add(std::move(warning)); }});
  }

  Result<void, match::BuildError> hand_on(TakeEntry take, ReadOutcome& outcome) {
    for (const Kept& kept : entries_) {
      const std::string_view bytes = std::string_view(bytes_).substr(kept.at);
      const std::string_view name = bytes.substr(0, kept.name_size);
      const std::string_view source = bytes.substr(kept.name_size, kept.source_size);
      const auto taken = take({as_bytes(name), kept.kind, kept.is_glob, kept.line, source});
      if (!taken) return taken;
    }
    outcome.entries += entries_.size();
    append(outcome.errors, errors_);
    append(outcome.warnings, warnings_);
    return {};
  }

 private:
  struct Kept {
    std::size_t at;  // of the name in bytes_; the source stands behind it
    std::uint32_t line;
    std::uint8_t name_size, source_size;
    match::EntryKind kind;
    bool is_glob;
  };

  void keep(const Entry& entry) {
    entries_.push_back({bytes_.size(), entry.line, static_cast<std::uint8_t>(entry.name.size()),
                        static_cast<std::uint8_t>(entry.source.size()), entry.kind, entry.is_glob});
    bytes_ += as_text(entry.name);
    bytes_ += entry.source;
  }

  static void append(Notes& notes, Notes& more) {
    const std::uint64_t count = notes.count + more.count;
    for (LineError& note : more.shown) notes.add(std::move(note));
    notes.count = count;
  }

  std::vector<Kept> entries_;
  std::string bytes_;
  Notes errors_, warnings_;
};

// The first piece of the text, up to the end of a line; the text moves on behind it.
ListText take_piece(ListText& text) {
  const std::size_t end = text.bytes.find('\n', kPiece);
  const ListText piece{text.bytes.substr(0, end == text.bytes.npos ? end : end + 1),
                       text.first_line};
  text.bytes.remove_prefix(piece.bytes.size());
  text.first_line += static_cast<std::uint32_t>(std::ranges::count(piece.bytes, '\n'));
  return piece;
}

std::vector<ListText> take_pieces(ListText& text, std::size_t most) {
  std::vector<ListText> pieces;
  while (!text.bytes.empty() && pieces.size() < most) pieces.push_back(take_piece(text));
  return pieces;
}

}  // namespace

Result<ReadOutcome, match::BuildError> read_list(std::string_view text, const ReadOptions& options,
                                                 const Guard& guard, TakeEntry take) {
  ReadOutcome outcome;
  Result<void, match::BuildError> taken;
  const std::size_t most = 2 * std::size_t{options.threads};
  std::vector<Batch> full, next;
  ListText rest{text};
  do {
    const auto pieces = take_pieces(rest, most);
    next.resize(pieces.size());
    // While some threads parse, one hands on what was parsed in the round before.
    run_tasks(options.threads, 1 + pieces.size(), [&](std::size_t i) {
      if (i > 0) return next[i - 1].fill(pieces[i - 1], options, guard);
      for (Batch& batch : full) {
        if (taken) taken = batch.hand_on(take, outcome);
      }
    });
    std::swap(full, next);
  } while (taken && !full.empty());
  if (!taken) return fail(taken.error());
  return outcome;
}

}  // namespace sluice::lists
