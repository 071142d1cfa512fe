#pragma once

// Changes to a few entries of a compiled set of lists, without compiling the rest again: they go
// into an overlay (DomainSet::with) beside the image, which stays and is shared.
//
//   Compiled ─► Amendments ── amend(removed, added) ─► Compiled, the same image
//                   │                                      │
//                   └─ who holds each entry that changed   └─ overlay: the difference to the image
//
// A format may join entries that follow each other in its text (rpz.h: a name, and what is below
// it), and a change may take away one half: the other half stays. Formats with exemptions are not
// amended, because these belong to lines.
//
// The outcome is that of compiling everything again: an entry that two lists hold stays until both
// have lost it, and the first list is named; one of a list that is kept apart is its own. (If the
// second one has records of its own for DNS answers, the policy's answer is given until the next
// compilation.) It differs in lines: those of
// changed entries are 0, because nobody has their text with its lines. What was refused stays
// counted until the next compilation. Cost: in proportion to the changes since the image was built;
// once they are full(), the caller folds them into a new image, at leisure. Allocates; not for
// workers. One thread at a time.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "filters/base/result.h"
#include "filters/match/domain_set.h"
#include "filters/match/domain_set_builder.h"
#include "lists/compile/compile.h"

namespace sluice::lists {

// What a list has more and less than before: texts in its format.
struct ListChanges {
  std::string list;     // its name
  std::string from;     // version that they apply to
  std::string version;  // of what it is then
  std::chrono::system_clock::time_point modified;
  std::string removed, added;
};

class Amendments {
 public:
  // Over this many entries an overlay costs more than it saves: benchmarks/README.md.
  static constexpr std::size_t kMost = 10'000;

  // REQUIRES: compiled with CompileOptions::amendable. Keeps what it needs of it.
  explicit Amendments(const Compiled& compiled);

  // The lists with these changes, which come on top of those before. What is to be removed and is
  // not there is ignored: it may have been refused when it was added. Error: nothing has changed;
  // the list is in another version, for one.
  [[nodiscard]] Result<Compiled, CompileError> amend(const ListChanges& changes);

  // All lists as they are now in an image of their own, from the rules: no list is read again. The
  // caller goes on with Amendments of it. `threads`: 0: one a processor.
  [[nodiscard]] Result<Compiled, CompileError> fold(unsigned threads = 0) const;

  // As of now.
  [[nodiscard]] const std::vector<LoadedList>& lists() const noexcept { return lists_; }
  // Entries of which the overlay holds the difference.
  [[nodiscard]] std::size_t size() const noexcept { return touched_.size(); }
  [[nodiscard]] bool full() const noexcept { return size() > kMost; }

 private:
  // An entry of a list. Several of one list may have a record each.
  struct Holder {
    match::ListId list;
    std::uint32_t line = 0;
    std::string source = {};
    match::Answer answer = {};  // without data
    std::string data = {};      // of the answer
    bool is_known = true;       // false: a duplicate in the image, whose records are not kept

    [[nodiscard]] match::Answer whole_answer() const;
    [[nodiscard]] bool answers_as(const match::Answer& other) const;
  };
  // An entry that changed: who has it now, and what the image has of it. Of lists that are kept
  // apart each has its own.
  struct Touched {
    std::string name;  // wire form; empty: a range
    IpPrefix range;
    match::EntryKind kind = match::EntryKind::suffix;
    bool is_glob = false;
    match::AppId app;
    std::uint32_t share = 0;  // of its lists: share_of()
    match::RuleId in_image;
    std::vector<Holder> holders;  // by list and line
    bool changed = false;         // since the image was built

    [[nodiscard]] match::RuleKey key() const;
  };
  using Key = std::string;

  // Lists with the same number share their entries, as in a DomainSetBuilder.
  [[nodiscard]] std::uint32_t share_of(match::ListId list) const;
  void keep_apart(match::DomainSetBuilder& builder) const;
  [[nodiscard]] Touched touched_by(const Entry& entry, match::AppId app, match::ListId list) const;
  Touched& touch(const Entry& entry, match::AppId app, match::ListId list);
  void add(const Entry& entry, match::AppId app, match::ListId list);
  void remove(const Entry& entry, match::AppId app, match::ListId list);
  // False: the list does not hold it.
  bool take_from(const Entry& entry, match::AppId app, match::ListId list);
  void count(const Touched& touched, std::int64_t weight);
  [[nodiscard]] Result<match::DomainSet, match::BuildError> overlaid() const;
  [[nodiscard]] Result<void, match::BuildError> add_untouched(
      match::DomainSetBuilder& builder) const;
  [[nodiscard]] static Result<void, match::BuildError> add_held(const Touched& touched,
                                                                match::DomainSetBuilder& builder);

  match::DomainSet image_;
  std::vector<LoadedList> lists_;
  std::shared_ptr<const std::vector<match::LeftOut>> left_out_;
  std::shared_ptr<const Guard> guard_;
  std::unordered_map<Key, Touched> touched_;
};

}  // namespace sluice::lists
