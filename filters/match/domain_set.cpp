#include "filters/match/domain_set.h"

#include <algorithm>
#include <optional>

#include "filters/base/byte_reader.h"
#include "filters/match/address_rules.h"
#include "filters/match/coverage.h"
#include "filters/match/glob_index.h"
#include "filters/match/pseudo_name.h"
#include "filters/match/suffix_walk.h"

namespace sluice::match {
namespace {

std::string_view mark_of(EntryKind kind) noexcept {
  switch (kind) {
    case EntryKind::suffix:
      return "";
    case EntryKind::exact:
      return "=";
    case EntryKind::exception:
      return "@@";
    case EntryKind::exact_exception:
      return "@@=";
    case EntryKind::below:
      return "*.*.";
    case EntryKind::below_exception:
      return "@@*.*.";
    case EntryKind::exemption:
      return "@@";
  }
  return "";
}

// The elements of a section. False: it lies outside the image, or is not aligned.
template <typename T>
bool read_section(Bytes image, const SluiceSection& section, std::span<const T>& elements) {
  const std::size_t room = image.size();
  if (section.at % kSluiceSectionAlign != 0 || section.at < sizeof(SluiceImageHeader) ||
      section.at > room || section.count > (room - section.at) / sizeof(T)) {
    return false;
  }
  const Bytes bytes = image.subspan(section.at, section.count * sizeof(T));
  elements = {reinterpret_cast<const T*>(bytes.data()), section.count};
  return true;
}

std::optional<std::string_view> read_string(ByteReader& reader) {
  const Bytes text = reader.take(reader.u8());
  if (!reader.ok()) return std::nullopt;
  return as_text(text);
}

WireName wire_name_of(const name::Name& name) noexcept {
  return {name.buffer(), name::Name::kHeadroom};
}

// The suffixes that a walk finds. Not initialised, because most lookups find nothing.
class FoundSuffixes {
 public:
  void add(const FoundSuffix& suffix) noexcept {
    // There is no room only if tags are the same by chance 30 times in one name.
    if (count_ < items_.size()) items_[count_++] = suffix;
  }
  [[nodiscard]] std::span<FoundSuffix> all() noexcept { return std::span(items_).first(count_); }

 private:
  std::size_t count_ = 0;
  std::array<FoundSuffix, name::kMaxLabels + 30> items_;
};

// Calls `visit(match)` with the entries that cover the name, best first, until it returns false.
template <typename Source, typename Visit>
void visit_covering(const HotPart& hot, const ColdPart& cold, Source name,
                    const FirstSuffixes& first, Visit&& visit) noexcept {
  FoundSuffixes found;
  const auto take = [&](const FoundSuffix& suffix) { found.add(suffix); };
  if (first.find(hot, take)) {
    SuffixWalk<Source> walk(hot, name, first);
    while (walk.advance() && walk.find(take)) {
    }
  }
  Coverage<Source>(cold, name, found.all()).report(visit);
}

// The rest of a lookup after the first suffixes; out of line, so that a miss does not pay for it.
template <typename Source>
[[gnu::noinline]] Match best_of_several(const HotPart& hot, const ColdPart& cold, Source name,
                                        const FirstSuffixes& first) noexcept {
  Match best;
  visit_covering(hot, cold, name, first, [&](const Match& match) {
    best = match;
    return false;
  });
  return best;
}

template <typename Source>
Match best_covering(const HotPart& hot, const ColdPart& cold, Source name) noexcept {
  if (hot.header == nullptr) return {};
  const FirstSuffixes first(*hot.header, name);
  if (!first.may_be_there(hot)) [[likely]]
    return {};
  return best_of_several(hot, cold, name, first);
}

}  // namespace

std::string_view to_string(ImageError error) noexcept {
  switch (error) {
    case ImageError::truncated:
      return "truncated";
    case ImageError::not_an_image:
      return "not an image of a domain set";
    case ImageError::other_version:
      return "an image of another version: build it again";
    case ImageError::other_byte_order:
      return "an image of a machine with another byte order: build it again";
    case ImageError::bad_sections:
      return "damaged: its sections do not lie where they should";
    case ImageError::bad_addresses:
      return "damaged: its address ranges are not canonical or not in order";
    case ImageError::bad_strings:
      return "damaged: the names of its apps and lists are cut off";
  }
  return "?";
}

std::optional<ImageError> header_problem(const SluiceImageHeader& header, std::size_t bytes,
                                         std::size_t image_bytes) noexcept {
  if (bytes < sizeof header) return ImageError::truncated;
  if (!std::ranges::equal(header.magic, kImageMagic)) return ImageError::not_an_image;
  if (header.byte_order != kSluiceImageByteOrder) return ImageError::other_byte_order;
  if (header.version != kSluiceImageVersion) return ImageError::other_version;
  if (header.image_bytes != image_bytes) return ImageError::truncated;
  return std::nullopt;
}

Result<DomainSet, ImageError> DomainSet::open(Bytes image, std::shared_ptr<const void> owner) {
  if (image.size() < sizeof(SluiceImageHeader)) return fail(ImageError::truncated);
  DomainSet set;
  set.image_ = image;
  set.owner_ = std::move(owner);
  set.hot_.header = reinterpret_cast<const SluiceImageHeader*>(image.data());
  const SluiceImageHeader& header = *set.hot_.header;
  if (const auto problem = header_problem(header, image.size(), image.size())) {
    return fail(*problem);
  }
  if (!read_section(image, header.filter, set.hot_.filter) ||
      !read_section(image, header.buckets, set.hot_.buckets) ||
      !read_section(image, header.rule_bytes, set.cold_.rules) ||
      !read_section(image, header.addresses, set.addresses_) ||
      !read_section(image, header.texts, set.texts_) ||
      !read_section(image, header.answers, set.answers_) ||
      !read_section(image, header.strings, set.strings_) ||
      // A probe never leaves the buckets, wherever its home is.
      set.hot_.filter.empty() || set.hot_.filter.size() > UINT32_MAX || header.home_buckets == 0 ||
      set.hot_.buckets.size() < std::size_t{header.home_buckets} + kSluiceMaxProbe - 1) {
    return fail(ImageError::bad_sections);
  }
  if (!are_sound(set.addresses_)) return fail(ImageError::bad_addresses);
  auto globs = GlobIndex::of(set.hot_, set.cold_);
  if (!globs) return fail(ImageError::bad_sections);
  set.globs_ = std::make_shared<const GlobIndex>(std::move(*globs));
  set.cold_.globs = set.globs_.get();
  ByteReader reader(set.strings_);
  if (header.apps > kMaxApps) return fail(ImageError::bad_strings);
  for (std::size_t i = 0; i < header.apps; ++i) {
    const auto app = read_string(reader);
    if (!app) return fail(ImageError::bad_strings);
    set.apps_.push_back(*app);
  }
  for (std::size_t i = 0; i < header.lists; ++i) {
    const auto name = read_string(reader);
    const auto version = read_string(reader);
    if (!name || !version) return fail(ImageError::bad_strings);
    set.lists_.push_back({*name, *version});
  }
  return set;
}

Match DomainSet::find(const name::Name& name) const noexcept {
  return best_covering(hot_, cold_, wire_name_of(name));
}
Match DomainSet::find(WireName name) const noexcept {
  return best_covering(hot_, cold_, name);
}
Match DomainSet::find(HostName name) const noexcept {
  return best_covering(hot_, cold_, name);
}

void DomainSet::find_all(const name::Name& name, Visit visit) const noexcept {
  if (hot_.header == nullptr) return;
  const WireName wire = wire_name_of(name);
  const FirstSuffixes first(*hot_.header, wire);
  if (first.may_be_there(hot_)) visit_covering(hot_, cold_, wire, first, visit);
}

void DomainSet::for_each_rule(FunctionRef<void(RuleId)> visit) const {
  RuleId id{0};
  for (std::size_t left = size() - addresses_.size(); left > 0; --left) {
    const StoredRule rule = cold_.rule(id);
    if (rule.name.empty()) break;  // the image is damaged
    visit(id);
    id = ColdPart::behind(id, rule);
  }
  for (std::size_t i = 0; i < addresses_.size(); ++i) visit(address_rule_id(i));
}

const SluiceAddressRule* DomainSet::address_rule(RuleId id) const noexcept {
  if (!is_address_rule(id)) return nullptr;
  const std::size_t place = id.index & ~kAddressRule;
  return place < addresses_.size() ? &addresses_[place] : nullptr;
}

Rule DomainSet::rule(RuleId id) const noexcept {
  if (const SluiceAddressRule* const rule = address_rule(id)) {
    return {kind_of(*rule), false, AppId{rule->app}, ListId{rule->list}, rule->line};
  }
  const StoredRule rule = cold_.rule(id);
  return {rule.kind(), rule.is_glob(), rule.app, rule.list, rule.line};
}

std::optional<IpPrefix> DomainSet::rule_range(RuleId id) const noexcept {
  const SluiceAddressRule* const rule = address_rule(id);
  if (rule == nullptr) return std::nullopt;
  return range_of(*rule);
}

name::Name DomainSet::rule_name(RuleId id) const noexcept {
  // Stored names are canonical: from_wire() fails only in a damaged image, and for ranges.
  const auto name = name::Name::from_wire(cold_.rule(id).name);
  return name ? *name : name::Name{};
}

Bytes DomainSet::rule_wire(RuleId id) const noexcept {
  return cold_.rule(id).name;
}

std::string_view DomainSet::rule_source(RuleId id) const noexcept {
  if ((cold_.rule(id).bits & SLUICE_RULE_HAS_TEXT) == 0) return {};
  const auto text = std::ranges::lower_bound(texts_, id.index, {}, &SluiceText::rule);
  if (text == texts_.end() || text->rule != id.index) return {};
  ByteReader reader(strings_);
  reader.skip(text->text_at);
  return read_string(reader).value_or(std::string_view{});
}

Answer DomainSet::rule_answer(RuleId id, std::uint16_t type) const noexcept {
  const unsigned how = cold_.rule(id).bits & SLUICE_RULE_ANSWER;
  if (how == SLUICE_RULE_NXDOMAIN) return {AnswerKind::nxdomain};
  if (how != SLUICE_RULE_HAS_ANSWERS) return {};
  const auto first = std::ranges::lower_bound(answers_, id.index, {}, &SluiceAnswer::rule);
  const SluiceAnswer* found = nullptr;
  std::size_t met = 0;
  for (auto it = first; it != answers_.end() && it->rule == id.index && met < kMostRecords; ++it) {
    const auto kind = static_cast<AnswerKind>(it->kind);
    if (kind != AnswerKind::record) return {kind < AnswerKind::record ? kind : AnswerKind{}};
    ++met;
    const bool is_better = it->type == type && (found == nullptr || found->type != type);
    if (is_better || (it->type == kTypeCname && found == nullptr)) found = &*it;
  }
  if (met == 0) return {};  // the image is damaged
  if (found == nullptr) return {AnswerKind::nodata};
  ByteReader reader(strings_);
  reader.skip(found->data_at);
  const std::string_view data = read_string(reader).value_or(std::string_view{});
  return {AnswerKind::record, found->type, found->ttl, as_bytes(data)};
}

std::string_view DomainSet::app_name(AppId id) const noexcept {
  return id.index < apps_.size() ? apps_[id.index] : "*";
}
std::string_view DomainSet::list_name(ListId id) const noexcept {
  return id.index < lists_.size() ? lists_[id.index].name : std::string_view{};
}
std::string_view DomainSet::list_version(ListId id) const noexcept {
  return id.index < lists_.size() ? lists_[id.index].version : std::string_view{};
}

std::size_t DomainSet::name_count() const noexcept {
  return hot_.header == nullptr ? 0 : hot_.header->names;
}
std::size_t DomainSet::memory_bytes() const noexcept {
  return image_.size() + (globs_ == nullptr ? 0 : globs_->memory_bytes());
}
std::size_t DomainSet::hot_bytes() const noexcept {
  return hot_.filter.size_bytes() + hot_.buckets.size_bytes();
}

std::string_view rule_text(const DomainSet& set, RuleId id, RuleText& out) noexcept {
  const EntryKind kind = set.rule(id).kind;
  auto end = out.begin();
  const auto write = [&](std::string_view text) { end = std::ranges::copy(text, end).out; };
  // Ranges and signatures are always exact: lists mark their exceptions only.
  const std::string_view exact_mark = is_exception(kind) ? "@@" : "";
  if (const auto range = set.rule_range(id)) {
    std::array<char, IpPrefix::kTextBytes> text;
    write(exact_mark);
    write(range->write(text));
  } else if (const auto signature = signature_of(set.rule_wire(id))) {
    write(exact_mark);
    write(kSignatureMark);
    write(*signature);
  } else {
    std::array<char, name::kMaxTextBytes> text;
    write(mark_of(kind));
    write(name::to_text(set.rule_name(id), text));
  }
  return {out.begin(), end};
}

std::string rule_text(const DomainSet& set, RuleId id) {
  RuleText buffer;
  return std::string(rule_text(set, id, buffer));
}

}  // namespace sluice::match
