#include "filters/match/domain_set_builder.h"

#include <algorithm>
#include <limits>
#include <new>

#include "filters/match/address_rules.h"
#include "filters/match/glob.h"
#include "filters/match/image_writer.h"

namespace sluice::match {
namespace {

constexpr std::size_t kMaxLists = 0xffff;
constexpr std::string_view kAnyApp = "*";

unsigned answer_bits(AnswerKind kind) {
  if (kind == AnswerKind::of_policy) return 0;
  return kind == AnswerKind::nxdomain ? SLUICE_RULE_NXDOMAIN : SLUICE_RULE_HAS_ANSWERS;
}

}  // namespace

std::string_view to_string(BuildError error) noexcept {
  switch (error) {
    case BuildError::too_many_apps:
      return "more than 64 apps";
    case BuildError::too_many_lists:
      return "more than 65535 lists";
    case BuildError::too_many_rules:
      return "more rules than fit into an image (2 GiB of names)";
    case BuildError::glob_at_top:
      return "a pattern without a fixed name to its right";
    case BuildError::text_too_long:
      return "the name of an app or a list, or an entry's text, is longer than 255 bytes";
    case BuildError::probe_too_long:
      return "no good hash seed was found";
  }
  return "?";
}

// The first name too has bytes before it, for whole-word loads.
DomainSetBuilder::DomainSetBuilder(HashKey seed, std::pmr::memory_resource* memory)
    : seed_(seed), entries_(memory), names_(name::Name::kHeadroom, memory) {}

DomainSetBuilder DomainSetBuilder::beside(const DomainSet& base) {
  DomainSetBuilder builder(HashKey{});
  builder.base_key_ = std::make_shared<const SluiceHashKey>(base.hash_key());
  for (std::size_t i = 0; i < base.app_count(); ++i) {
    builder.apps_.emplace_back(base.app_name(AppId{static_cast<std::uint8_t>(i)}));
  }
  for (std::size_t i = 0; i < base.list_count(); ++i) {
    const ListId id{static_cast<std::uint16_t>(i)};
    builder.lists_.push_back({std::string(base.list_name(id)), std::string(base.list_version(id))});
  }
  return builder;
}

Result<AppId, BuildError> DomainSetBuilder::app(std::string_view name) {
  if (name == kAnyApp) return AppId{};
  const auto found = std::ranges::find(apps_, name);
  if (found == apps_.end()) {
    if (apps_.size() == kMaxApps) return fail(BuildError::too_many_apps);
    if (name.size() > kMaxText) return fail(BuildError::text_too_long);
  }
  const AppId id{static_cast<std::uint8_t>(found - apps_.begin())};
  if (found == apps_.end()) apps_.emplace_back(name);
  return id;
}

Result<ListId, BuildError> DomainSetBuilder::list(std::string_view name, std::string_view version) {
  const auto found = std::ranges::find(lists_, name, &List::name);
  if (found == lists_.end()) {
    if (lists_.size() == kMaxLists) return fail(BuildError::too_many_lists);
    if (name.size() > kMaxText || version.size() > kMaxText) return fail(BuildError::text_too_long);
  }
  const ListId id{static_cast<std::uint16_t>(found - lists_.begin())};
  if (found == lists_.end())
    lists_.push_back({.name = std::string(name), .version = std::string(version)});
  return id;
}

Result<void, BuildError> DomainSetBuilder::add(const NewEntry& entry) {
  constexpr std::size_t kMostNameBytes = std::numeric_limits<std::uint32_t>::max();
  if (names_.size() + entry.name.size() > kMostNameBytes) {
    return fail(BuildError::too_many_rules);
  }
  if (entry.source.size() > kMaxText) return fail(BuildError::text_too_long);
  const std::size_t fixed = entry.is_glob ? entry.name.size() - fixed_part(entry.name).size() : 0;
  if (entry.name[fixed] == std::byte{0}) return fail(BuildError::glob_at_top);
  const auto at = static_cast<std::uint32_t>(names_.size());
  // A pattern without a star is a name.
  const unsigned bits = static_cast<unsigned>(entry.kind) | (fixed > 0 ? SLUICE_RULE_GLOB : 0U) |
                        (entry.source.empty() ? 0U : SLUICE_RULE_HAS_TEXT) |
                        answer_bits(entry.answer.kind);
  if ((bits & SLUICE_RULE_HAS_ANSWERS) != 0) {
    answers_.push_back({at, entry.answer.kind, entry.answer.type, entry.answer.ttl,
                        std::string(as_text(entry.answer.rdata))});
  }
  if (!entry.source.empty()) sources_.push_back({at, std::string(entry.source)});
  names_.insert(names_.end(), entry.name.begin(), entry.name.end());
  entries_.push_back({at, entry.line, entry.list, entry.app, static_cast<std::uint8_t>(bits),
                      static_cast<std::uint8_t>(entry.name.size()),
                      static_cast<std::uint8_t>(fixed)});
  return {};
}

Result<void, BuildError> DomainSetBuilder::add(const IpPrefix& range, EntryKind kind, AppId app,
                                               ListId list, std::uint32_t line) {
  if (addresses_.size() == kMaxAddressRules) return fail(BuildError::too_many_rules);
  SluiceAddressRule rule{.line = line,
                         .list = list.index,
                         .app = app.index,
                         .bits = static_cast<std::uint8_t>(kind),
                         .length = static_cast<std::uint8_t>(range.length())};
  std::ranges::copy(range.address().mapped(),
                    std::as_writable_bytes(std::span(rule.first)).begin());
  addresses_.push_back(rule);
  return {};
}

Result<Built, BuildError> DomainSetBuilder::build(const Run& run, const Allocate& allocate) const {
  return ImageWriter(*this, run).write(allocate);
}

void DomainSetBuilder::run_in_turn(std::size_t count, FunctionRef<void(std::size_t)> task) {
  for (std::size_t i = 0; i < count; ++i) task(i);
}

std::shared_ptr<std::byte> DomainSetBuilder::allocate_plain(std::size_t bytes) {
  constexpr std::align_val_t kAlign{kSluiceSectionAlign};
  auto* const memory = static_cast<std::byte*>(::operator new(bytes, kAlign));
  std::fill_n(memory, bytes, std::byte{0});
  return {memory, [=](std::byte* p) { ::operator delete(p, kAlign); }};
}

}  // namespace sluice::match
