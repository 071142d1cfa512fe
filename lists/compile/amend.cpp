#include "lists/compile/amend.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "filters/match/glob.h"
#include "lists/compile/build_image.h"
#include "lists/compile/entry_kind.h"
#include "lists/compile/guard.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/parallel.h"
#include "lists/compile/read_list.h"

namespace sluice::lists {
namespace {

match::AppId app_of(const match::DomainSet& set, std::string_view name) {
  for (std::size_t i = 0; i < set.app_count(); ++i) {
    const match::AppId id{static_cast<std::uint8_t>(i)};
    if (set.app_name(id) == name) return id;
  }
  return {};
}

constexpr auto kPlaceOf = [](const auto& holder) {
  return std::tuple(holder.list.index, holder.line);
};

std::string key_of(const match::RuleKey& key, std::uint32_t share) {
  std::string text{static_cast<char>(key.kind), static_cast<char>(key.is_glob),
                   static_cast<char>(key.app.index)};
  text += std::to_string(share) + ' ';
  return text.append(key.name.empty() ? key.range.to_string() : std::string(as_text(key.name)));
}

}  // namespace

match::RuleKey Amendments::Touched::key() const {
  return {as_bytes(name), range, kind, is_glob, app};
}

match::Answer Amendments::Holder::whole_answer() const {
  match::Answer whole = answer;
  whole.rdata = as_bytes(data);
  return whole;
}

// The TTL does not tell one record from another.
bool Amendments::Holder::answers_as(const match::Answer& other) const {
  return answer.kind == other.kind && answer.type == other.type && data == as_text(other.rdata);
}

Amendments::Amendments(const Compiled& compiled)
    : image_(compiled.domains),
      lists_(compiled.lists),
      left_out_(compiled.left_out),
      guard_(compiled.guard) {}

std::uint32_t Amendments::share_of(match::ListId list) const {
  return lists_[list.index].spec.apart ? list.index + 1U : 0;
}

void Amendments::keep_apart(match::DomainSetBuilder& builder) const {
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    const match::ListId list{static_cast<std::uint16_t>(i)};
    if (lists_[i].spec.apart) builder.keep_apart(list);
  }
}

Amendments::Touched Amendments::touched_by(const Entry& entry, match::AppId app,
                                           match::ListId list) const {
  Touched touched{.name = std::string(as_text(entry.name)),
                  .range = entry.range,
                  .kind = to_entry_kind(entry.action, entry.scope),
                  .is_glob = entry.kind == Kind::glob &&
                             match::fixed_part(entry.name).size() < entry.name.size(),
                  .app = app,
                  .share = share_of(list)};
  touched.in_image = image_.find_rule(
      touched.key(), [&](match::ListId other) { return share_of(other) == touched.share; });
  return touched;
}

// With its holders as of now.
Amendments::Touched& Amendments::touch(const Entry& entry, match::AppId app, match::ListId list) {
  Touched touched = touched_by(entry, app, list);
  const auto [place, is_new] = touched_.try_emplace(key_of(touched.key(), touched.share));
  if (!is_new) return place->second;
  if (touched.in_image.valid()) {
    const match::Rule rule = image_.rule(touched.in_image);
    image_.for_each_answer(touched.in_image, [&](const match::Answer& answer) {
      touched.holders.push_back({rule.list, rule.line,
                                 std::string(image_.rule_source(touched.in_image)), answer,
                                 std::string(as_text(answer.rdata))});
      touched.holders.back().answer.rdata = {};
    });
    for (const match::LeftOut& it : std::ranges::equal_range(
             *left_out_, touched.in_image.index, {},
             [](const match::LeftOut& left_out) { return left_out.stays.index; })) {
      touched.holders.push_back(
          {.list = it.list, .line = it.line, .answer = {it.answer}, .is_known = false});
    }
  }
  return place->second = std::move(touched);
}

// What it counts for, in the list that has it first and in the others. As the builder counts:
// records that join the first entry are entries, too.
void Amendments::count(const Touched& touched, std::int64_t weight) {
  const auto is_record = [](const Holder& it) {
    return it.answer.kind == match::AnswerKind::record;
  };
  for (std::size_t i = 0; i < touched.holders.size(); ++i) {
    const Holder& first = touched.holders.front();
    const Holder& holder = touched.holders[i];
    const bool joins = holder.list == first.list && is_record(holder) &&
                       (first.answer.kind == match::AnswerKind::of_policy || is_record(first));
    LoadedList& list = lists_[holder.list.index];
    (i == 0 || joins ? list.entries : list.duplicates) += static_cast<std::uint64_t>(weight);
  }
}

void Amendments::add(const Entry& entry, match::AppId app, match::ListId list) {
  Touched& touched = touch(entry, app, list);
  count(touched, -1);
  Holder holder{list, 0, std::string(entry.source), answer_of(entry), {}};
  holder.data = as_text(holder.answer.rdata);
  holder.answer.rdata = {};
  const auto place = std::ranges::upper_bound(touched.holders, kPlaceOf(holder), {}, kPlaceOf);
  touched.holders.insert(place, std::move(holder));
  touched.changed = true;
  count(touched, 1);
}

bool Amendments::take_from(const Entry& entry, match::AppId app, match::ListId list) {
  Touched& touched = touch(entry, app, list);
  // The one with this record; of several, the last: the first is the one that is named.
  const match::Answer answer = answer_of(entry);
  auto found = touched.holders.end();
  for (auto it = touched.holders.begin(); it != touched.holders.end(); ++it) {
    if (it->list == list && it->answers_as(answer)) found = it;
  }
  for (auto it = touched.holders.begin(); it != touched.holders.end(); ++it) {
    if (found == touched.holders.end() && it->list == list && !it->is_known) found = it;
  }
  if (found == touched.holders.end()) return false;
  count(touched, -1);
  touched.holders.erase(found);
  touched.changed = true;
  count(touched, 1);
  return true;
}

void Amendments::remove(const Entry& entry, match::AppId app, match::ListId list) {
  if (take_from(entry, app, list) || entry.kind != Kind::name) return;
  const auto with = [&](Scope scope) {
    Entry other = entry;
    other.scope = scope;
    return other;
  };
  if (entry.scope == Scope::subtree) {
    take_from(with(Scope::itself), app, list);
    take_from(with(Scope::below), app, list);
  } else if (take_from(with(Scope::subtree), app, list)) {
    add(with(entry.scope == Scope::itself ? Scope::below : Scope::itself), app, list);
  }
}

Result<match::DomainSet, match::BuildError> Amendments::overlaid() const {
  auto builder = match::DomainSetBuilder::beside(image_);
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    builder.set_version(match::ListId{static_cast<std::uint16_t>(i)}, lists_[i].version);
  }
  keep_apart(builder);
  std::vector<match::RuleId> removed;
  for (const auto& [key, it] : touched_) {
    if (!it.changed) continue;
    if (it.in_image.valid()) removed.push_back(it.in_image);
    if (const auto added = add_held(it, builder); !added) return fail(added.error());
  }
  auto built = builder.build();
  if (!built) return fail(built.error());
  return image_.with(std::move(built->set), std::move(removed));
}

Result<Compiled, CompileError> Amendments::amend(const ListChanges& changes) {
  const auto list =
      std::ranges::find(lists_, changes.list, [](const LoadedList& it) { return it.spec.name; });
  if (list == lists_.end())
    return fail(CompileError{changes.list, "no list of that name is loaded"});
  if (list->version != changes.from) {
    return fail(CompileError{changes.list, "the changes are of version " + changes.from +
                                               ", in force is " + list->version});
  }
  Amendments next = *this;
  const auto index = static_cast<std::size_t>(list - lists_.begin());
  const match::ListId id{static_cast<std::uint16_t>(index)};
  LoadedList& loaded = next.lists_[index];
  const match::AppId app = app_of(image_, loaded.spec.app);
  const FormatInfo& format = info_of(loaded.format.value_or(Format::domains));
  // An entry may be removed and added again, with another source.
  const auto ignore = [](LineError&&) {};
  bool exempts = false;
  const auto take = [&](Entry entry) {
    exempts = exempts || entry.action == Action::exempt;
    if (loaded.spec.exceptions && entry.action == Action::block) entry.action = Action::allow;
    next.remove(entry, app, id);
  };
  format.parse({changes.removed}, {take, ignore, ignore});
  const ReadOptions reading{loaded.spec.exceptions, loaded.spec.forced, 1};
  auto outcome = read_list(changes.added, format, reading, *guard_,
                           [&](const Entry& entry) -> Result<void, match::BuildError> {
                             exempts = exempts || entry.action == Action::exempt;
                             next.add(entry, app, id);
                             return {};
                           });
  if (exempts) return fail(CompileError{changes.list, "it has exemptions: compile all of it"});
  loaded.error_count += outcome->errors.count;
  for (LineError& error : outcome->errors.shown) {
    if (loaded.errors.size() < Notes::kMost) loaded.errors.push_back(std::move(error));
  }
  loaded.version = changes.version;
  loaded.modified = changes.modified;
  auto set = next.overlaid();
  if (!set) return fail(CompileError{changes.list, std::string(to_string(set.error()))});
  *this = std::move(next);
  return Compiled{.domains = std::move(*set),
                  .lists = lists_,
                  .version = version_of(lists_),
                  .left_out = left_out_,
                  .guard = guard_};
}

Result<void, match::BuildError> Amendments::add_untouched(match::DomainSetBuilder& builder) const {
  std::unordered_set<std::uint32_t> touched;
  for (const auto& [key, it] : touched_) {
    if (it.in_image.valid()) touched.insert(it.in_image.index);
  }
  auto left_out = left_out_->begin();  // by rule, as for_each_rule() goes
  Result<void, match::BuildError> added;
  image_.for_each_rule([&](match::RuleId id) {
    const auto first = left_out;
    while (left_out != left_out_->end() && left_out->stays == id) ++left_out;
    if (!added || touched.contains(id.index)) return;
    const match::Rule rule = image_.rule(id);
    const auto range = image_.rule_range(id);
    const auto add = [&](match::ListId list, std::uint32_t line, std::string_view source,
                         const match::Answer& answer) {
      if (!added) return;
      added = range ? builder.add(*range, rule.kind, rule.app, list, line)
                    : builder.add({image_.rule_wire(id), rule.kind, rule.is_glob, rule.app, list,
                                   line, source, answer});
    };
    image_.for_each_answer(id, [&](const match::Answer& answer) {
      add(rule.list, rule.line, image_.rule_source(id), answer);
    });
    for (auto it = first; it != left_out; ++it) add(it->list, it->line, {}, {it->answer});
  });
  return added;
}

// The first holder first: of duplicates the builder keeps the first.
Result<void, match::BuildError> Amendments::add_held(const Touched& touched,
                                                     match::DomainSetBuilder& builder) {
  for (const Holder& holder : touched.holders) {
    const auto added =
        touched.name.empty()
            ? builder.add(touched.range, touched.kind, touched.app, holder.list, holder.line)
            : builder.add({as_bytes(touched.name), touched.kind, touched.is_glob, touched.app,
                           holder.list, holder.line, holder.source, holder.whole_answer()});
    if (!added) return added;
  }
  return {};
}

Result<Compiled, CompileError> Amendments::fold(unsigned threads) const {
  const auto seed = draw_seed();
  if (!seed) return fail(seed.error());
  match::DomainSetBuilder builder(*seed, huge_pages());
  builder.tell_left_out();
  for (std::size_t i = 0; i < image_.app_count(); ++i) {
    static_cast<void>(builder.app(image_.app_name(match::AppId{static_cast<std::uint8_t>(i)})));
  }
  for (const LoadedList& list : lists_) {
    static_cast<void>(builder.list(list.spec.name, list.version));
  }
  keep_apart(builder);
  auto added = add_untouched(builder);
  for (auto it = touched_.begin(); added && it != touched_.end(); ++it) {
    added = add_held(it->second, builder);
  }
  if (!added) return fail(build_failure({}, added.error()));
  auto built = build_image(builder, thread_count(threads));
  if (!built) return fail(built.error());
  return Compiled{
      .domains = std::move(built->set),
      .lists = lists_,
      .version = version_of(lists_),
      .left_out = std::make_shared<const std::vector<match::LeftOut>>(std::move(built->left_out)),
      .guard = guard_};
}

}  // namespace sluice::lists
