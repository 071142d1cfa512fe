#include "lists/compile/compile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "filters/match/domain_set_builder.h"
#include "lists/compile/build_image.h"
#include "lists/compile/entry_kind.h"
#include "lists/compile/guard.h"
#include "lists/compile/image_file.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/load.h"
#include "lists/compile/parallel.h"
#include "lists/compile/popular_names.h"
#include "lists/compile/read_list.h"
#include "lists/compile/warnings.h"
#include "lists/format/detect.h"

namespace sluice::lists {
namespace {

using Clock = std::chrono::steady_clock;

// The files of names that CompileOptions names.
struct GuardTexts {
  std::pmr::string critical, popular;
  CriticalNames critical_names;
};

Result<std::pmr::string, CompileError> load_optional(const std::filesystem::path& file) {
  if (file.empty()) return {};
  auto loaded = load_file(file);
  if (!loaded) return fail(CompileError{file.string(), loaded.error()});
  return std::move(loaded->text);
}

Result<GuardTexts, CompileError> load_guards(const CompileOptions& options) {
  auto critical = load_optional(options.critical);
  if (!critical) return fail(critical.error());
  auto names = CriticalNames::read(*critical);
  if (!names) return fail(CompileError{options.critical.string(), names.error()});
  auto popular = load_optional(options.popular);
  if (!popular) return fail(popular.error());
  return GuardTexts{std::move(*critical), std::move(*popular), std::move(*names)};
}

// What the image has no place for.
class NotCarried {
 public:
  void count(const Entry& entry) {
    if (entry.action == Action::block && entry.answer.rdata.size() > match::kMostAnswerBytes) {
      answers_.add(entry.line);
    }
    if (entry.important) important_.add(entry.line);
  }
  void warn(Notes& warnings) const {
    answers_.warn(
        warnings,
        "records have over 255 bytes of data: they block, and the policy says how DNS is answered");
    important_.warn(warnings,
                    "entries are $important, which has no effect: the longest entry wins");
  }

 private:
  struct Tally {
    std::uint64_t entries = 0;
    std::uint32_t first_line = 0;
    void add(std::uint32_t line) {
      if (entries++ == 0) first_line = line;
    }
    void warn(Notes& warnings, const std::string& what) const {
      if (entries > 0)
        warnings.add({first_line, "", std::to_string(entries) + " " + what, "not-carried"});
    }
  };
  Tally answers_, important_;
};

void set_warnings(LoadedList& list, Notes& notes) {
  std::ranges::stable_sort(notes.shown, {}, &LineWarning::line);
  list.warnings = std::move(notes.shown);
  list.warning_count = notes.count;
}

class Compiler {
 public:
  Compiler(const CompileOptions& options, HashKey seed, CriticalNames critical)
      : options_(options),
        threads_(thread_count(options.threads)),
        builder_(seed, huge_pages()),
        guard_(std::make_shared<const Guard>(std::move(critical))) {
    if (options.amendable) builder_.tell_left_out();
  }

  Result<void, CompileError> add(const ListSpec& spec) {
    const std::string& source = spec.source.name();
    const auto text = spec.source.read();
    if (!text) return fail(CompileError{source, text.error()});
    LoadedList loaded{.spec = spec, .version = text->version, .modified = text->modified};
    const auto app = builder_.app(spec.app);
    if (!app) return fail(build_failure(source, app.error()));
    const auto list = builder_.list(spec.name, loaded.version);
    if (!list) return fail(build_failure(source, list.error()));
    if (spec.apart) builder_.keep_apart(*list);
    const ReadOptions reading{spec.exceptions, spec.forced || options_.forced, threads_};
    const FormatChoice told = spec.format ? spec.format : text->format;
    auto found = told ? Result<Format, std::string>(*told) : detect_format(text->bytes);
    if (!found) return fail(CompileError{source, std::move(found.error())});
    loaded.format = *found;
    const FormatInfo& format = info_of(*found);
    NotCarried not_carried;
    auto outcome = read_list(text->bytes, format, reading, *guard_, [&](const Entry& entry) {
      not_carried.count(entry);
      const match::EntryKind kind = to_entry_kind(entry.action, entry.scope);
      if (entry.kind == Kind::addresses) {
        return builder_.add(entry.range, kind, *app, *list, entry.line);
      }
      return builder_.add({entry.name, kind, entry.kind == Kind::glob, *app, *list, entry.line,
                           entry.source, answer_of(entry)});
    });
    if (!outcome) return fail(build_failure(source, outcome.error()));
    loaded.entries = outcome->entries;
    loaded.errors = std::move(outcome->errors.shown);
    loaded.error_count = outcome->errors.count;
    not_carried.warn(outcome->warnings);
    loaded_.push_back(std::move(loaded));
    warnings_.push_back(std::move(outcome->warnings));
    return {};
  }

  Result<match::Built, CompileError> build() { return build_image(builder_, threads_); }

  Compiled finish(match::Built built, std::string_view popular) {
    refuse_crowded_globs(built, loaded_);
    warn_of_duplicates(built, loaded_, warnings_);
    warn_of_many_globs(built, warnings_);
    warn_of_popular(built.set, popular, warnings_);
    for (std::size_t i = 0; i < loaded_.size(); ++i) {
      LoadedList& list = loaded_[i];
      if (i < built.duplicates.size()) list.duplicates = built.duplicates[i];
      list.entries -= list.duplicates;
      set_warnings(list, warnings_[i]);
    }
    std::string version = version_of(loaded_);
    Compiled compiled{std::move(built.set), std::move(loaded_), std::move(version)};
    if (options_.amendable) {
      built.left_out.shrink_to_fit();
      compiled.left_out =
          std::make_shared<const std::vector<match::LeftOut>>(std::move(built.left_out));
      compiled.guard = guard_;
    }
    return compiled;
  }

 private:
  const CompileOptions& options_;
  unsigned threads_;
  match::DomainSetBuilder builder_;
  std::shared_ptr<const Guard> guard_;
  std::vector<LoadedList> loaded_;
  std::vector<Notes> warnings_;  // by list
};

std::vector<LoadedList> lists_of_image(const match::DomainSet& set, const std::string& file,
                                       std::chrono::system_clock::time_point modified) {
  std::vector<LoadedList> lists(set.list_count());
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const match::ListId id{static_cast<std::uint16_t>(i)};
    lists[i].spec.name = set.list_name(id);
    lists[i].spec.source = Source(file + ":" + lists[i].spec.name, {});
    lists[i].version = set.list_version(id);
    lists[i].modified = modified;
  }
  set.for_each_rule([&](match::RuleId id) {
    const match::Rule rule = set.rule(id);
    if (rule.list.index >= lists.size()) return;
    LoadedList& list = lists[rule.list.index];
    list.spec.app = set.app_name(rule.app);
    ++list.entries;
  });
  return lists;
}

std::string critical_reason(const match::DomainSet& set, const PopularHit& hit) {
  const match::Rule rule = set.rule(hit.rule);
  std::array<char, name::kMaxTextBytes> text;
  return "it would block the critical name " + std::string(name::to_text(hit.first, text)) +
         ": \"" + match::rule_text(set, hit.rule) + "\" of list " +
         std::string(set.list_name(rule.list)) + ", line " + std::to_string(rule.line);
}

}  // namespace

std::string version_of(const std::vector<LoadedList>& lists) {
  std::string versions;
  for (const LoadedList& list : lists) versions += list.spec.name + ' ' + list.version + '\n';
  return short_digest(versions);
}

std::string format_said(const LoadedList& list) {
  if (!list.format) return {};
  return std::string(to_string(*list.format)) +
         (list.spec.format ? "" : " (found by its first lines)");
}

Result<Compiled, CompileError> compile(const std::vector<ListSpec>& lists,
                                       const CompileOptions& options) {
  const auto started = Clock::now();
  const auto seed = options.seed ? *options.seed : draw_seed();
  if (!seed) return fail(seed.error());
  auto guards = load_guards(options);
  if (!guards) return fail(guards.error());

  Compiler compiler(options, *seed, std::move(guards->critical_names));
  for (const ListSpec& spec : lists) {
    if (const auto added = compiler.add(spec); !added) return fail(added.error());
  }
  const auto read = Clock::now();
  auto built = compiler.build();
  if (!built) return fail(built.error());
  const auto built_at = Clock::now();
  Compiled compiled = compiler.finish(std::move(*built), guards->popular);
  compiled.reading = read - started;
  compiled.building = built_at - read;
  return compiled;
}

Result<Compiled, CompileError> load_image(Result<match::DomainSet, std::string> set,
                                          const std::string& file,
                                          std::chrono::system_clock::time_point modified,
                                          const CompileOptions& options) {
  if (!set) return fail(CompileError{file, set.error()});
  const auto guards = load_guards(options);
  if (!guards) return fail(guards.error());
  if (const auto hits = popular_hits(*set, guards->critical); !hits.empty()) {
    return fail(CompileError{file, critical_reason(*set, hits.front())});
  }
  std::vector<LoadedList> lists = lists_of_image(*set, file, modified);
  std::vector<Notes> warnings(lists.size());
  warn_of_popular(*set, guards->popular, warnings);
  for (std::size_t i = 0; i < lists.size(); ++i) set_warnings(lists[i], warnings[i]);
  std::string version = version_of(lists);
  return Compiled{std::move(*set), std::move(lists), std::move(version)};
}

Result<Compiled, CompileError> load_image(const std::filesystem::path& file,
                                          const CompileOptions& options) {
  return load_image(read_image(file), file.string(), modification_time(file), options);
}

Result<Compiled, CompileError> load_image(Bytes bytes, const std::string& name,
                                          std::chrono::system_clock::time_point modified,
                                          const CompileOptions& options) {
  return load_image(read_image(bytes), name, modified, options);
}

}  // namespace sluice::lists
