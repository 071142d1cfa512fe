#include "filters/match/domain_set.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "filters/base/byte_reader.h"
#include "filters/match/address_rules.h"
#include "filters/match/coverage.h"
#include "filters/match/glob.h"
#include "filters/match/glob_index.h"
#include "filters/match/overlay.h"
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

// Calls `visit(match)` with the entries of an image that cover the name, best first, until it
// returns false.
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
template <typename Source, typename Accept>
[[gnu::noinline]] Match best_of_several(const HotPart& hot, const ColdPart& cold, Source name,
                                        const FirstSuffixes& first, Accept accept) noexcept {
  Match best;
  visit_covering(hot, cold, name, first, [&](const Match& match) {
    if (!accept(match)) return true;
    best = match;
    return false;
  });
  return best;
}

constexpr auto kAcceptAll = [](const Match&) { return true; };

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

DomainSet DomainSet::with(DomainSet added, std::vector<RuleId> removed) const {
  auto overlay = std::make_shared<Overlay>();
  for (const RuleId id : removed) overlay->removed.push_back(id.index);
  std::ranges::sort(overlay->removed);
  overlay->of_addresses =
      !added.addresses_.empty() || std::ranges::any_of(removed, is_address_rule);
  overlay->added = std::move(added);
  DomainSet set = *this;
  overlay->gate = overlay->added.gate_words(set.gate_.shift);
  set.gate_.words = overlay->gate.data();
  set.apps_ = overlay->added.apps_;
  set.lists_ = overlay->added.lists_;
  set.overlay_ = std::move(overlay);
  return set;
}

// Of this set as what an overlay adds.
std::vector<std::uint64_t> DomainSet::gate_words(unsigned& shift) const {
  constexpr unsigned kHashBits = 64;
  const SluiceImageHeader& header = *hot_.header;
  const auto index_bits = std::max(
      1U, static_cast<unsigned>(std::bit_width(header.rules * OverlayGate::kBits / kHashBits)));
  shift = kHashBits - index_bits;
  std::vector<std::uint64_t> words(std::size_t{1} << index_bits);
  // An entry of one label covers names whatever their second one is.
  if (header.top_level != 0) std::ranges::fill(words, ~std::uint64_t{0});
  for_each_name_rule([&](RuleId id) {
    const StoredRule rule = cold_.rule(id);
    const WireName stored_under{rule.is_glob() ? fixed_part(rule.name) : rule.name, 0};
    const std::uint64_t hash = FirstSuffixes(header, stored_under).hash_of_two_labels();
    words[hash >> shift] |= OverlayGate::bits_of(hash);
  });
  return words;
}

DomainSet DomainSet::base() const {
  if (overlay_ == nullptr) return *this;
  return *open(image_, owner_);  // it was opened before
}

template <typename Source>
Match DomainSet::best_of(Source name) const noexcept {
  if (hot_.header == nullptr) return {};
  const FirstSuffixes first(*hot_.header, name);
  const bool in_image = first.may_be_there(hot_);
  if (gate_.words == nullptr) [[likely]] {
    if (!in_image) [[likely]]
      return {};
    return best_of_several(hot_, cold_, name, first, kAcceptAll);
  }
  const bool in_overlay = gate_.is_open(first.hash_of_two_labels());
  if ((int{in_image} | int{in_overlay}) == 0) [[likely]]
    return {};
  Match best;
  if (in_image) {
    best = best_of_several(hot_, cold_, name, first,
                           [&](const Match& match) { return !overlay_->removes(match.rule); });
  }
  const DomainSet& added = overlay_->added;
  if (!in_overlay || !first.may_be_there(added.hot_)) return best;
  Match other = best_of_several(added.hot_, added.cold_, name, first, kAcceptAll);
  if (!other.rule.valid() || (best.rule.valid() && !is_better(other, best))) return best;
  other.rule = as_added(other.rule);
  return other;
}

Match DomainSet::find(const name::Name& name) const noexcept {
  return best_of(wire_name_of(name));
}
Match DomainSet::find(WireName name) const noexcept {
  return best_of(name);
}
Match DomainSet::find(HostName name) const noexcept {
  return best_of(name);
}

void DomainSet::find_all(const name::Name& name, Visit visit) const noexcept {
  if (hot_.header == nullptr) return;
  const WireName wire = wire_name_of(name);
  const FirstSuffixes first(*hot_.header, wire);
  const bool in_image = first.may_be_there(hot_);
  if (overlay_ == nullptr) {
    if (in_image) visit_covering(hot_, cold_, wire, first, visit);
    return;
  }
  const auto in_base = [&](auto&& take) {
    if (!in_image) return;
    visit_covering(hot_, cold_, wire, first, [&](const Match& match) {
      return overlay_->removes(match.rule) || take(match);
    });
  };
  if (!gate_.is_open(first.hash_of_two_labels())) return in_base(visit);
  const DomainSet& added = overlay_->added;
  const auto in_added = [&](auto&& take) {
    visit_covering(added.hot_, added.cold_, wire, first, [&](Match match) {
      match.rule = as_added(match.rule);
      return take(match);
    });
  };
  merge_matches(in_base, in_added, visit);
}

std::size_t DomainSet::size() const noexcept {
  if (hot_.header == nullptr) return 0;
  const std::size_t of_image = hot_.header->rules + addresses_.size();
  if (overlay_ == nullptr) return of_image;
  return of_image - overlay_->removed.size() + overlay_->added.size();
}

bool DomainSet::changes_addresses() const noexcept {
  return overlay_ != nullptr && overlay_->of_addresses;
}

// Of the image.
void DomainSet::for_each_name_rule(FunctionRef<void(RuleId)> visit) const {
  RuleId id{0};
  for (std::size_t left = hot_.header == nullptr ? 0 : hot_.header->rules; left > 0; --left) {
    const StoredRule rule = cold_.rule(id);
    if (rule.name.empty()) break;  // the image is damaged
    visit(id);
    id = ColdPart::behind(id, rule);
  }
}

void DomainSet::for_each_rule(FunctionRef<void(RuleId)> visit) const {
  if (overlay_ == nullptr) {
    for_each_name_rule(visit);
  } else {
    auto removed = overlay_->removed.begin();  // sorted, as ids are in the image
    for_each_name_rule([&](RuleId id) {
      if (removed == overlay_->removed.end() || *removed != id.index) return visit(id);
      ++removed;
    });
    overlay_->added.for_each_name_rule([&](RuleId id) { visit(as_added(id)); });
  }
  for_each_address_rule([&](const SluiceAddressRule&, RuleId id) { visit(id); });
}

void DomainSet::for_each_address_rule(
    FunctionRef<void(const SluiceAddressRule& rule, RuleId id)> visit) const {
  const auto added =
      overlay_ == nullptr ? std::span<const SluiceAddressRule>{} : overlay_->added.addresses_;
  std::size_t next = 0;
  const auto visit_added = [&] {
    visit(added[next], as_added(address_rule_id(next)));
    ++next;
  };
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    const RuleId id = address_rule_id(i);
    if (overlay_ != nullptr && overlay_->removes(id)) continue;
    while (next < added.size() && comes_before(added[next], addresses_[i])) visit_added();
    visit(addresses_[i], id);
  }
  while (next < added.size()) visit_added();
}

RuleId DomainSet::find_rule(const RuleKey& key, FunctionRef<bool(ListId)> takes) const noexcept {
  if (hot_.header == nullptr) return {};
  if (key.name.empty()) return find_address_rule(addresses_, key.range, key.kind, key.app, takes);
  const Bytes stored_under = key.is_glob ? fixed_part(key.name) : key.name;
  RuleId found;
  const auto take = [&](const FoundSuffix& suffix) {
    if (!suffix.whole) return;
    for (RuleId id{suffix.rule}; !found.valid();) {
      const StoredRule rule = cold_.rule(id);
      if (rule.kind() == key.kind && rule.is_glob() == key.is_glob && rule.app == key.app &&
          std::ranges::equal(rule.name, key.name) && takes(rule.list)) {
        found = id;
      }
      if (rule.name.empty() || rule.is_last()) return;
      id = ColdPart::behind(id, rule);
    }
  };
  const WireName name{stored_under, 0};
  const FirstSuffixes first(*hot_.header, name);
  if (first.find(hot_, take)) {
    SuffixWalk<WireName> walk(hot_, name, first);
    while (walk.advance() && walk.find(take)) {
    }
  }
  return found;
}

// REQUIRES: an overlay.
const DomainSet& DomainSet::added_rules() const noexcept {
  return overlay_->added;
}

const SluiceAddressRule* DomainSet::address_rule(RuleId id) const noexcept {
  if (!is_address_rule(id)) return nullptr;
  const std::size_t place = id.index & ~kAddressRule;
  return place < addresses_.size() ? &addresses_[place] : nullptr;
}

Rule DomainSet::rule(RuleId id) const noexcept {
  if (is_added_rule(id)) return added_rules().rule(in_added(id));
  if (const SluiceAddressRule* const rule = address_rule(id)) {
    return {kind_of(*rule), false, AppId{rule->app}, ListId{rule->list}, rule->line};
  }
  const StoredRule rule = cold_.rule(id);
  return {rule.kind(), rule.is_glob(), rule.app, rule.list, rule.line};
}

std::optional<IpPrefix> DomainSet::rule_range(RuleId id) const noexcept {
  if (is_added_rule(id)) return added_rules().rule_range(in_added(id));
  const SluiceAddressRule* const rule = address_rule(id);
  if (rule == nullptr) return std::nullopt;
  return range_of(*rule);
}

name::Name DomainSet::rule_name(RuleId id) const noexcept {
  if (is_added_rule(id)) return added_rules().rule_name(in_added(id));
  // Stored names are canonical: from_wire() fails only in a damaged image, and for ranges.
  const auto name = name::Name::from_wire(cold_.rule(id).name);
  return name ? *name : name::Name{};
}

Bytes DomainSet::rule_wire(RuleId id) const noexcept {
  if (is_added_rule(id)) return added_rules().rule_wire(in_added(id));
  return cold_.rule(id).name;
}

std::string_view DomainSet::rule_source(RuleId id) const noexcept {
  if (is_added_rule(id)) return added_rules().rule_source(in_added(id));
  if ((cold_.rule(id).bits & SLUICE_RULE_HAS_TEXT) == 0) return {};
  const auto text = std::ranges::lower_bound(texts_, id.index, {}, &SluiceText::rule);
  if (text == texts_.end() || text->rule != id.index) return {};
  ByteReader reader(strings_);
  reader.skip(text->text_at);
  return read_string(reader).value_or(std::string_view{});
}

Answer DomainSet::rule_answer(RuleId id, std::uint16_t type) const noexcept {
  if (is_added_rule(id)) return added_rules().rule_answer(in_added(id), type);
  const unsigned how = cold_.rule(id).bits & SLUICE_RULE_ANSWER;
  if (how == SLUICE_RULE_NXDOMAIN) return {AnswerKind::nxdomain};
  if (how != SLUICE_RULE_HAS_ANSWERS) return {};
  const auto first = std::ranges::lower_bound(answers_, id.index, {}, &SluiceAnswer::rule);
  const SluiceAnswer* found = nullptr;
  std::size_t met = 0;
  for (auto it = first; it != answers_.end() && it->rule == id.index && met < kMostRecords; ++it) {
    const auto kind = static_cast<AnswerKind>(it->kind);
    if (kind == AnswerKind::of_policy) continue;  // an entry beside those with records
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

void DomainSet::for_each_answer(RuleId id, FunctionRef<void(const Answer&)> visit) const {
  if (is_added_rule(id)) return added_rules().for_each_answer(in_added(id), visit);
  const unsigned how = cold_.rule(id).bits & SLUICE_RULE_ANSWER;
  if (how == SLUICE_RULE_NXDOMAIN) return visit({AnswerKind::nxdomain});
  if (how != SLUICE_RULE_HAS_ANSWERS) return visit({});
  for (auto it = std::ranges::lower_bound(answers_, id.index, {}, &SluiceAnswer::rule);
       it != answers_.end() && it->rule == id.index; ++it) {
    ByteReader reader(strings_);
    reader.skip(it->data_at);
    const std::string_view data = read_string(reader).value_or(std::string_view{});
    const auto kind = static_cast<AnswerKind>(it->kind);
    visit(kind <= AnswerKind::record ? Answer{kind, it->type, it->ttl, as_bytes(data)} : Answer{});
  }
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
  return image_.size() + (globs_ == nullptr ? 0 : globs_->memory_bytes()) +
         (overlay_ == nullptr
              ? 0
              : overlay_->added.memory_bytes() + overlay_->removed.size() * sizeof(std::uint32_t));
}
std::size_t DomainSet::hot_bytes() const noexcept {
  return hot_.filter.size_bytes() + hot_.buckets.size_bytes() +
         (overlay_ == nullptr ? 0 : overlay_->gate.size() * sizeof(std::uint64_t));
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
