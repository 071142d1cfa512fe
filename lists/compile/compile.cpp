#include "lists/compile/compile.h"

#include <sys/random.h>

#include <array>

#include "filters/match/domain_set_builder.h"
#include "lists/compile/load.h"
#include "lists/compile/public_suffixes.h"
#include "lists/format/format.h"

namespace sluice::lists {
namespace {

constexpr int kMostSeeds = 8;

Result<HashKey, std::string> draw_seed() {
  HashKey seed;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    return fail(std::string("the kernel gives no random bytes"));
  }
  return seed;
}

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

std::string reason_of(match::BuildError error) {
  switch (error) {
    case match::BuildError::too_many_apps:
      return "more than 64 apps";
    case match::BuildError::too_many_lists:
      return "more than 65535 lists";
    case match::BuildError::too_many_rules:
      return "too many rules";
    case match::BuildError::probe_too_long:
      return "no good hash seed was found";
  }
  return "?";
}

// One compilation at work.
class Compiler {
 public:
  explicit Compiler(HashKey seed) : builder_(seed) {}

  Result<void, CompileError> add(const ListSpec& spec) {
    const auto file = load_file(spec.file);
    if (!file) return fail(CompileError{spec.file, file.error()});
    const auto app = builder_.app(spec.app);
    if (!app) return fail(CompileError{spec.file, reason_of(app.error())});
    const auto list = builder_.list(spec.name);
    if (!list) return fail(CompileError{spec.file, reason_of(list.error())});
    LoadedList loaded{spec, short_digest(file->text), 0, file->modified, {}, 0, 0};
    const Parsed parsed = parse(spec.format, file->text);
    loaded.errors = parsed.errors;
    loaded.error_count = parsed.error_count;
    for (const Entry& entry : parsed.entries) {
      if (auto reason = refusal(spec, entry); !reason.empty()) {
        refuse(loaded, entry, std::move(reason));
        continue;
      }
      const auto kind = spec.exceptions ? as_exception(entry.kind) : entry.kind;
      const auto added = builder_.add(entry.name, kind, *app, *list, entry.line);
      ++(added == match::Added::added ? loaded.entries : loaded.duplicates);
    }
    lists_.push_back(std::move(loaded));
    return {};
  }

  Result<Compiled, CompileError> finish() {
    auto set = builder_.build();
    for (int i = 0; !set && set.error() == match::BuildError::probe_too_long && i < kMostSeeds;
         ++i) {
      const auto seed = draw_seed();
      if (!seed) return fail(CompileError{{}, seed.error()});
      builder_.reseed(*seed);
      set = builder_.build();
    }
    if (!set) return fail(CompileError{{}, reason_of(set.error())});
    std::string versions;
    for (const LoadedList& list : lists_) versions += list.spec.name + ' ' + list.version + '\n';
    return Compiled{std::move(*set), std::move(lists_), short_digest(versions)};
  }

 private:
  // Why an entry is too dangerous to take; empty: it is not. An exact entry covers only itself.
  std::string refusal(const ListSpec& spec, const Entry& entry) const {
    if (spec.forced || spec.exceptions || entry.kind != match::EntryKind::suffix) return {};
    switch (suffixes_.look_up(entry.name)) {
      case PublicSuffix::no:
        return {};
      case PublicSuffix::icann:
        return "a public suffix: it would cover other people's names (force = true takes it)";
      case PublicSuffix::private_part:
        return "a suffix under which others have names (force = true takes it)";
    }
    return {};
  }

  static void refuse(LoadedList& loaded, const Entry& entry, std::string reason) {
    ++loaded.error_count;
    if (loaded.errors.size() >= Parsed::kMaxErrors) return;
    std::array<char, name::kMaxTextOctets> text;
    loaded.errors.push_back(
        {entry.line, std::string(name::to_text(entry.name, text)), std::move(reason)});
  }

  match::DomainSetBuilder builder_;
  PublicSuffixes suffixes_;
  std::vector<LoadedList> lists_;
};

}  // namespace

Result<Compiled, CompileError> compile(const std::vector<ListSpec>& lists) {
  const auto seed = draw_seed();
  if (!seed) return fail(CompileError{{}, seed.error()});
  Compiler compiler(*seed);
  for (const ListSpec& spec : lists) {
    if (const auto added = compiler.add(spec); !added) return fail(added.error());
  }
  return compiler.finish();
}

}  // namespace sluice::lists
