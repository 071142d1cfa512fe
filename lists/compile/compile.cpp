#include "lists/compile/compile.h"

#include <sys/random.h>

#include <algorithm>

#include "filters/match/domain_set_builder.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/load.h"
#include "lists/compile/parallel.h"
#include "lists/compile/popular_names.h"
#include "lists/compile/read_list.h"
#include "lists/compile/warnings.h"

namespace sluice::lists {
namespace {

constexpr int kMostSeeds = 8;

using Clock = std::chrono::steady_clock;

Result<HashKey, CompileError> draw_seed() {
  HashKey seed;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    return fail(CompileError{{}, "the kernel gives no random bytes"});
  }
  return seed;
}

// Empty where no file is named.
Result<LoadedFile, CompileError> load_optional(const std::filesystem::path& file) {
  if (file.empty()) return {};
  auto loaded = load_file(file);
  if (!loaded) return fail(CompileError{file, loaded.error()});
  return std::move(*loaded);
}

CompileError because(const std::filesystem::path& file, match::BuildError error) {
  return {file, std::string(to_string(error))};
}

// One compilation at work.
class Compiler {
 public:
  Compiler(const CompileOptions& options, HashKey seed, CriticalNames critical)
      : options_(options),
        threads_(thread_count(options.threads)),
        builder_(seed, huge_pages()),
        guard_(std::move(critical)) {}

  Result<void, CompileError> add(const ListSpec& spec) {
    const auto file = load_file(spec.file);
    if (!file) return fail(CompileError{spec.file, file.error()});
    LoadedList loaded{
        .spec = spec, .version = short_digest(file->text), .modified = file->modified};
    const auto app = builder_.app(spec.app);
    if (!app) return fail(because(spec.file, app.error()));
    const auto list = builder_.list(spec.name, loaded.version);
    if (!list) return fail(because(spec.file, list.error()));
    const ReadOptions reading{spec.format, spec.exceptions, spec.forced || options_.forced,
                              threads_};
    auto outcome = read_list(file->text, reading, guard_, [&](const Entry& entry) {
      return builder_.add(
          {entry.name, entry.kind, entry.is_glob, *app, *list, entry.line, entry.source});
    });
    if (!outcome) return fail(because(spec.file, outcome.error()));
    loaded.entries = outcome->entries;
    loaded.errors = std::move(outcome->errors.shown);
    loaded.error_count = outcome->errors.count;
    loaded_.push_back(std::move(loaded));
    warnings_.push_back(std::move(outcome->warnings));
    return {};
  }

  Result<match::Built, CompileError> build() {
    const auto run = [this](std::size_t count, FunctionRef<void(std::size_t)> task) {
      run_tasks(threads_, count, task);
    };
    auto built = builder_.build(run, allocate_image);
    for (int i = 0; !built && i < kMostSeeds; ++i) {
      if (built.error() != match::BuildError::probe_too_long) break;
      const auto seed = draw_seed();
      if (!seed) return fail(seed.error());
      builder_.reseed(*seed);
      built = builder_.build(run, allocate_image);
    }
    if (!built) return fail(because({}, built.error()));
    return std::move(*built);
  }

  Compiled finish(match::Built built, std::string_view popular) {
    warn_of_duplicates(built, loaded_, warnings_);
    warn_of_popular(built.set, popular, warnings_);
    std::string versions;
    for (std::size_t i = 0; i < loaded_.size(); ++i) {
      LoadedList& list = loaded_[i];
      if (i < built.duplicates.size()) list.duplicates = built.duplicates[i];
      list.entries -= list.duplicates;
      std::ranges::stable_sort(warnings_[i].shown, {}, &LineWarning::line);
      list.warnings = std::move(warnings_[i].shown);
      list.warning_count = warnings_[i].count;
      versions += list.spec.name + ' ' + list.version + '\n';
    }
    return {std::move(built.set), std::move(loaded_), short_digest(versions)};
  }

 private:
  const CompileOptions& options_;
  unsigned threads_;
  match::DomainSetBuilder builder_;
  Guard guard_;
  std::vector<LoadedList> loaded_;
  std::vector<Notes> warnings_;  // by list
};

}  // namespace

Result<Compiled, CompileError> compile(const std::vector<ListSpec>& lists,
                                       const CompileOptions& options) {
  const auto started = Clock::now();
  const auto seed = options.seed ? *options.seed : draw_seed();
  if (!seed) return fail(seed.error());
  const auto critical_file = load_optional(options.critical);
  if (!critical_file) return fail(critical_file.error());
  auto critical = CriticalNames::read(critical_file->text);
  if (!critical) return fail(CompileError{options.critical, critical.error()});
  const auto popular = load_optional(options.popular);
  if (!popular) return fail(popular.error());

  Compiler compiler(options, *seed, std::move(*critical));
  for (const ListSpec& spec : lists) {
    if (const auto added = compiler.add(spec); !added) return fail(added.error());
  }
  const auto read = Clock::now();
  auto built = compiler.build();
  if (!built) return fail(built.error());
  const auto built_at = Clock::now();
  Compiled compiled = compiler.finish(std::move(*built), popular->text);
  compiled.reading = read - started;
  compiled.building = built_at - read;
  return compiled;
}

}  // namespace sluice::lists
