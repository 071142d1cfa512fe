#include "filters/match/image_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "filters/match/label_sum.h"
#include "filters/match/labels.h"

namespace sluice::match {
namespace {

constexpr std::size_t kParts = 256;
constexpr unsigned kPartShift = 56;
constexpr std::size_t kChunk = 65536;  // entries a task
// 90 % of the slots. In a fuller table more lookups read a second bucket.
constexpr double kSuffixesPerBucket = 9.0;
// A suffix. About one in a hundred of those that are not in the set passes.
constexpr std::size_t kFilterBits = 12;
constexpr double kGrowth = 1.05;
constexpr int kMostGrowths = 16;

SluiceHashKey expand(HashKey seed) {
  std::uint64_t counter = 0;
  const auto draw = [&] {
    ++counter;
    return keyed_hash(seed, std::as_bytes(std::span(&counter, 1)));
  };
  SluiceHashKey key{};
  key.start = draw();
  key.multiplier = draw() | 1;
  for (std::uint64_t& word : key.words) word = draw();
  return key;
}

// Order of the rules of one name: exceptions first, exact ones before suffixes.
constexpr int rank(std::uint8_t bits) {
  switch (static_cast<EntryKind>(bits & SLUICE_RULE_KIND)) {
    case EntryKind::exemption:
      return 0;
    case EntryKind::exact_exception:
      return 1;
    case EntryKind::exception:
      return 2;
    case EntryKind::below_exception:
      return 3;
    case EntryKind::exact:
      return 4;
    case EntryKind::suffix:
      return 5;
    case EntryKind::below:
      return 6;
  }
  return 7;
}

// Sorts by the byte of the hash that is the part's number; part i is `starts[i]` to `starts[i +
// 1]`.
template <typename T, typename HashOf>
std::array<std::size_t, kParts + 1> split(std::pmr::vector<T>& items, HashOf&& hash_of) {
  std::array<std::size_t, kParts + 1> starts{};
  for (const T& item : items) ++starts[(hash_of(item) >> kPartShift) + 1];
  for (std::size_t i = 0; i < kParts; ++i) starts[i + 1] += starts[i];
  std::array<std::size_t, kParts> next;
  std::copy_n(starts.begin(), kParts, next.begin());
  std::pmr::vector<T> sorted(items.size(), items.get_allocator());
  for (const T& item : items) sorted[next[hash_of(item) >> kPartShift]++] = item;
  items.swap(sorted);
  return starts;
}

std::span<std::uint64_t> sorted_and_unique(std::span<std::uint64_t> hashes) {
  std::ranges::sort(hashes);
  return hashes.first(hashes.size() - std::ranges::unique(hashes).size());
}

std::size_t aligned(std::size_t at) {
  return (at + kSluiceSectionAlign - 1) / kSluiceSectionAlign * kSluiceSectionAlign;
}

void append(std::vector<std::byte>& strings, std::string_view text) {
  strings.push_back(static_cast<std::byte>(text.size()));
  const Bytes bytes = as_bytes(text);
  strings.insert(strings.end(), bytes.begin(), bytes.end());
}

}  // namespace

ImageWriter::ImageWriter(const DomainSetBuilder& builder, const DomainSetBuilder::Run& run)
    : builder_(builder),
      run_(run),
      key_(builder.base_key_ ? *builder.base_key_ : expand(builder.seed_)),
      memory_(builder.entries_.get_allocator().resource()),
      hashed_(builder.entries_.size(), memory_),
      parents_(memory_),
      filtered_(memory_),
      parts_(kParts) {}

Bytes ImageWriter::name_of(const Entry& entry) const {
  return Bytes(builder_.names_).subspan(entry.name_at, entry.name_bytes);
}
std::size_t ImageWriter::size_of(const Hashed& hashed) noexcept {
  const std::size_t bytes = kSluiceRuleNameAt + std::size_t{hashed.name_bytes};
  return (bytes + kSluiceRuleAlign - 1) / kSluiceRuleAlign * kSluiceRuleAlign;
}
Bytes ImageWriter::key_of(const Entry& entry) const {
  return name_of(entry).subspan(entry.key_at);
}

// The hash of every entry's key, and of each suffix of it with two labels or more.
void ImageWriter::hash_entries() {
  const std::size_t count = hashed_.size();
  struct Chunk {
    std::vector<std::uint64_t> parents, filtered;
    bool top_level = false;
  };
  std::vector<Chunk> chunks((count + kChunk - 1) / kChunk);
  run_(chunks.size(), [&](std::size_t c) {
    Chunk& chunk = chunks[c];
    const std::size_t end = std::min(count, (c + 1) * kChunk);
    for (std::size_t i = c * kChunk; i < end; ++i) {
      const Entry& entry = builder_.entries_[i];
      WireLabels labels({builder_.names_, entry.name_at + entry.key_at});
      std::uint64_t hash = key_.start;
      std::size_t depth = 0;
      for (Label label; labels.next(label);) {
        hash = sluice_extend(hash, label_sum(builder_.names_, label, key_), label.size,
                             key_.multiplier);
        if (++depth > 1 && !labels.at_start()) chunk.parents.push_back(hash);
        if (depth == 3 || (depth == 2 && labels.at_start())) chunk.filtered.push_back(hash);
      }
      if (depth == 1) chunk.top_level = true;
      hashed_[i] = {hash,
                    static_cast<std::uint32_t>(i),
                    entry.name_bytes,
                    (entry.bits & SLUICE_RULE_GLOB) != 0,
                    false,
                    false};
    }
  });
  filtered_.reserve(count);
  for (const Chunk& chunk : chunks) {
    top_level_ = top_level_ || chunk.top_level;
    parents_.insert(parents_.end(), chunk.parents.begin(), chunk.parents.end());
    filtered_.insert(filtered_.end(), chunk.filtered.begin(), chunk.filtered.end());
  }
}

void ImageWriter::split_into_parts() {
  const auto itself = [](std::uint64_t hash) { return hash; };
  const auto rules = split(hashed_, [](const Hashed& hashed) { return hashed.hash; });
  const auto parents = split(parents_, itself);
  const auto filtered = split(filtered_, itself);
  const auto part_of = [](auto& all, const auto& starts, std::size_t i) {
    return std::span(all).subspan(starts[i], starts[i + 1] - starts[i]);
  };
  for (std::size_t i = 0; i < kParts; ++i) {
    parts_[i].rules = part_of(hashed_, rules, i);
    parts_[i].parents = part_of(parents_, parents, i);
    parts_[i].filtered = part_of(filtered_, filtered, i);
  }
}

bool ImageWriter::same_name(const Hashed& a, const Hashed& b) const {
  return a.hash == b.hash && std::ranges::equal(key_of(entry(a)), key_of(entry(b)));
}

bool ImageWriter::same_rule(const Hashed& a, const Hashed& b) const {
  constexpr unsigned kSame = SLUICE_RULE_KIND | SLUICE_RULE_GLOB;
  const Entry& first = entry(a);
  const Entry& second = entry(b);
  const bool is_exemption =
      static_cast<EntryKind>(first.bits & SLUICE_RULE_KIND) == EntryKind::exemption;
  // Exemptions of other rules are other exemptions.
  if (is_exemption && (first.list != second.list || first.line != second.line)) return false;
  if (builder_.share_of(first.list) != builder_.share_of(second.list)) return false;
  return a.hash == b.hash && first.app == second.app &&
         (first.bits & kSame) == (second.bits & kSame) &&
         std::ranges::equal(name_of(first), name_of(second));
}

// By name; rules of one name: globs last, by pattern; best first; then in the order of add().
bool ImageWriter::comes_before(const Hashed& a, const Hashed& b) const {
  if (a.hash != b.hash) return a.hash < b.hash;
  const Entry& first = entry(a);
  const Entry& second = entry(b);
  const auto order = [&](const Hashed& hashed, const Entry& entry) {
    const bool is_glob = (entry.bits & SLUICE_RULE_GLOB) != 0;
    return std::tuple(as_text(key_of(entry)), is_glob, is_glob ? as_text(name_of(entry)) : "",
                      rank(entry.bits), entry.app.index, builder_.share_of(entry.list),
                      hashed.entry);
  };
  return order(a, first) < order(b, second);
}

void ImageWriter::sort_part(Part& part) const {
  std::ranges::sort(part.rules,
                    [&](const Hashed& a, const Hashed& b) { return comes_before(a, b); });
  part.parents = sorted_and_unique(part.parents);
  part.filtered = sorted_and_unique(part.filtered);
  thin_part(part);
  thin_globs(part);
  count_part(part);
}

// Drops duplicates and marks where names end.
void ImageWriter::thin_part(Part& part) const {
  std::size_t kept = 0;
  for (const Hashed& hashed : part.rules) {
    if (kept > 0 && same_rule(part.rules[kept - 1], hashed)) {
      if (adds_record(part.rules[kept - 1], hashed)) {
        part.rules[kept - 1].more_answers = true;
        part.more_answers.push_back({hashed.entry, part.rules[kept - 1].entry});
        continue;
      }
      part.duplicates.push_back({hashed.entry, part.rules[kept - 1].entry});
      continue;
    }
    if (kept > 0) part.rules[kept - 1].ends_name = !same_name(part.rules[kept - 1], hashed);
    part.rules[kept++] = hashed;
  }
  part.rules = part.rules.first(kept);
  if (kept > 0) part.rules.back().ends_name = true;
}

// Whether an entry of the same rule has a record that the rule may have too.
bool ImageWriter::adds_record(const Hashed& first, const Hashed& more) const {
  const Entry& rule = entry(first);
  const Entry& from = entry(more);
  const auto is_record = [&](const Entry& it) {
    if ((it.bits & SLUICE_RULE_ANSWER) != SLUICE_RULE_HAS_ANSWERS) return false;
    const auto own = std::ranges::lower_bound(builder_.answers_, it.name_at, {},
                                              &DomainSetBuilder::OwnAnswer::name_at);
    return own->kind == AnswerKind::record;
  };
  return rule.list == from.list && is_record(from) &&
         ((rule.bits & SLUICE_RULE_ANSWER) == 0 || is_record(rule));
}

void ImageWriter::count_part(Part& part) const {
  part.suffixes = part.parents.size();
  auto parent = part.parents.begin();
  for (const Hashed& hashed : part.rules) {
    part.bytes += size_of(hashed);
    if (!hashed.ends_name) continue;
    ++part.names;
    while (parent != part.parents.end() && *parent < hashed.hash) ++parent;
    if (parent == part.parents.end() || *parent != hashed.hash) ++part.suffixes;
  }
}

bool ImageWriter::place_in(BucketTable& table) const {
  for (const Part& part : parts_) {
    auto parent = part.parents.begin();
    std::uint32_t rule = part.first_rule.index;
    for (std::size_t i = 0; i < part.rules.size();) {
      const std::uint64_t hash = part.rules[i].hash;
      for (; parent != part.parents.end() && *parent < hash; ++parent) {
        if (!table.add(*parent, SLUICE_SUFFIX_GO_ON)) return false;
      }
      std::uint32_t suffix = SLUICE_SUFFIX_HAS_RULES | rule;
      for (bool more = true; more; ++i) {
        rule += static_cast<std::uint32_t>(size_of(part.rules[i]) / kSluiceRuleAlign);
        if (part.rules[i].is_glob) suffix |= SLUICE_SUFFIX_HAS_GLOBS;
        more = !part.rules[i].ends_name;
      }
      const bool is_parent = parent != part.parents.end() && *parent == hash;
      if (is_parent) suffix |= SLUICE_SUFFIX_GO_ON;
      if (!table.add(hash, suffix)) return false;
      // Another name may have the same hash, and so the same parent.
      const bool another = i < part.rules.size() && part.rules[i].hash == hash;
      if (is_parent && !another) ++parent;
    }
    for (; parent != part.parents.end(); ++parent) {
      if (!table.add(*parent, SLUICE_SUFFIX_GO_ON)) return false;
    }
  }
  return table.finish();
}

Result<BucketTable, BuildError> ImageWriter::place() const {
  double homes = static_cast<double>(totals_.suffixes) / kSuffixesPerBucket + 1;
  for (int i = 0; i < kMostGrowths; ++i, homes *= kGrowth) {
    BucketTable table(static_cast<std::uint32_t>(homes), memory_);
    if (place_in(table)) return table;
  }
  return fail(BuildError::probe_too_long);
}

void ImageWriter::write_part(const Part& part, MutableBytes rules) const {
  // Entries and names lie in the order of add(), so they are prefetched.
  constexpr std::size_t kAhead = 16;
  std::size_t at = std::size_t{part.first_rule.index} * kSluiceRuleAlign;
  for (std::size_t i = 0; i < part.rules.size(); ++i) {
    if (i + 2 * kAhead < part.rules.size()) __builtin_prefetch(&entry(part.rules[i + 2 * kAhead]));
    if (i + kAhead < part.rules.size()) {
      __builtin_prefetch(&builder_.names_[entry(part.rules[i + kAhead]).name_at]);
    }
    const Hashed& hashed = part.rules[i];
    const Entry& from = entry(hashed);
    const Bytes name = name_of(from);
    const unsigned last = hashed.ends_name ? SLUICE_RULE_LAST : 0U;
    const unsigned answers = hashed.more_answers ? SLUICE_RULE_HAS_ANSWERS : 0U;
    const SluiceRule rule{from.line, from.list.index, from.app.index,
                          static_cast<std::uint8_t>(from.bits | last | answers), from.name_bytes};
    std::memcpy(rules.data() + at, &rule, kSluiceRuleNameAt);
    std::ranges::copy(name, rules.subspan(at + kSluiceRuleNameAt).begin());
    at += size_of(hashed);
  }
}

// The answers of the rules of a part, in their order.
void ImageWriter::add_answers(const Part& part, std::vector<std::byte>& strings,
                              std::vector<SluiceAnswer>& answers) const {
  auto more = part.more_answers.begin();
  std::uint32_t next = part.first_rule.index;
  for (const Hashed& hashed : part.rules) {
    const std::uint32_t rule = next;
    next += static_cast<std::uint32_t>(size_of(hashed) / kSluiceRuleAlign);
    const auto add = [&](const Entry& from) {
      if ((from.bits & SLUICE_RULE_ANSWER) != SLUICE_RULE_HAS_ANSWERS) return;
      const auto own = std::ranges::lower_bound(builder_.answers_, from.name_at, {},
                                                &DomainSetBuilder::OwnAnswer::name_at);
      answers.push_back({.rule = rule,
                         .ttl = own->ttl,
                         .data_at = static_cast<std::uint32_t>(strings.size()),
                         .type = own->type,
                         .kind = static_cast<std::uint8_t>(own->kind)});
      append(strings, own->data);
    };
    add(entry(hashed));
    if (!hashed.more_answers) continue;
    // An update has to know that the first one is there, though it has no record.
    if ((entry(hashed).bits & SLUICE_RULE_ANSWER) == 0) {
      answers.push_back({.rule = rule, .data_at = static_cast<std::uint32_t>(strings.size())});
      append(strings, {});
    }
    // Those of globs that were left out come between.
    while (more->first != hashed.entry) ++more;
    for (; more != part.more_answers.end() && more->first == hashed.entry; ++more) {
      add(builder_.entries_[more->entry]);
    }
  }
}

// Names of apps, names and versions of lists, texts and answers of rules.
std::vector<std::byte> ImageWriter::strings(std::vector<SluiceText>& texts,
                                            std::vector<SluiceAnswer>& answers) const {
  std::vector<std::byte> strings;
  for (const std::string& app : builder_.apps_) append(strings, app);
  for (const auto& list : builder_.lists_) {
    append(strings, list.name);
    append(strings, list.version);
  }
  if (!builder_.answers_.empty()) {
    for (const Part& part : parts_) add_answers(part, strings, answers);
  }
  if (builder_.sources_.empty()) return strings;
  for (const Part& part : parts_) {
    std::uint32_t next = part.first_rule.index;
    for (const Hashed& hashed : part.rules) {
      const Entry& from = entry(hashed);
      const std::uint32_t rule = next;
      next += static_cast<std::uint32_t>(size_of(hashed) / kSluiceRuleAlign);
      if ((from.bits & SLUICE_RULE_HAS_TEXT) == 0) continue;
      texts.push_back({rule, static_cast<std::uint32_t>(strings.size())});
      append(strings, std::ranges::lower_bound(builder_.sources_, from.name_at, {},
                                               &DomainSetBuilder::Source::name_at)
                          ->text);
    }
  }
  return strings;
}

void ImageWriter::report_duplicates(std::span<const RepeatedAddressRule> repeated,
                                    Built& built) const {
  std::vector<Duplicate> all;
  for (const Part& part : parts_) {
    for (const LeftOut& left_out : part.duplicates) {
      const Entry& from = builder_.entries_[left_out.entry];
      const Entry& first = builder_.entries_[left_out.first];
      all.push_back({from.list, from.line, first.list, first.line});
    }
  }
  for (const auto& [from, first] : repeated) {
    all.push_back({ListId{from.list}, from.line, ListId{first.list}, first.line});
  }
  built.duplicates.resize(builder_.lists_.size());
  for (const Duplicate& duplicate : all) ++built.duplicates[duplicate.list.index];
  std::ranges::sort(all, {}, [](const Duplicate& it) {
    return std::tuple(it.list.index, it.line, it.first_list.index, it.first_line);
  });
  all.resize(std::min(all.size(), Built::kMostShown));
  built.shown_duplicates = std::move(all);
  if (builder_.tells_left_out_) tell_left_out(repeated, built);
}

AnswerKind ImageWriter::kind_of_answer(const Entry& entry) const {
  switch (entry.bits & SLUICE_RULE_ANSWER) {
    case SLUICE_RULE_NXDOMAIN:
      return AnswerKind::nxdomain;
    case SLUICE_RULE_HAS_ANSWERS: {
      const auto own = std::ranges::lower_bound(builder_.answers_, entry.name_at, {},
                                                &DomainSetBuilder::OwnAnswer::name_at);
      return own->kind == AnswerKind::record ? AnswerKind::of_policy : own->kind;
    }
    default:
      return AnswerKind::of_policy;
  }
}

void ImageWriter::tell_left_out(std::span<const RepeatedAddressRule> repeated, Built& built) const {
  for (const Part& part : parts_) {
    std::vector<LeftOut> left_out = part.duplicates;
    std::ranges::sort(left_out, {}, &LeftOut::first);
    std::uint32_t next = part.first_rule.index;
    for (const Hashed& hashed : part.rules) {
      const RuleId id{next};
      next += static_cast<std::uint32_t>(size_of(hashed) / kSluiceRuleAlign);
      for (const LeftOut& it :
           std::ranges::equal_range(left_out, hashed.entry, {}, &LeftOut::first)) {
        const Entry& from = builder_.entries_[it.entry];
        built.left_out.push_back({id, from.list, kind_of_answer(from), from.line});
      }
    }
  }
  for (const auto& [from, first] : repeated) {
    const auto id =
        find_address_rule(built.set.address_rules(), range_of(first), kind_of(first),
                          AppId{first.app}, [&](ListId list) { return list.index == first.list; });
    built.left_out.push_back({id, ListId{from.list}, AnswerKind::of_policy, from.line});
  }
  std::ranges::sort(built.left_out, {}, [](const match::LeftOut& it) {
    return std::tuple(it.stays.index, it.list.index, it.line);
  });
}

ImageWriter::Hashes ImageWriter::filter() const {
  Hashes filter(totals_.filtered * kFilterBits / 64 + 1, memory_);
  const auto words = static_cast<std::uint32_t>(filter.size());
  for (const Part& part : parts_) {
    for (const std::uint64_t hash : part.filtered) {
      filter[sluice_filter_word(hash, words)] |= sluice_filter_bits(hash);
    }
  }
  return filter;
}

// Where each section goes, and the size of the image.
SluiceImageHeader ImageWriter::lay_out(const BucketTable& table, std::size_t addresses,
                                       std::size_t texts, std::size_t answers,
                                       std::size_t strings) const {
  SluiceImageHeader header{};
  std::ranges::copy(kImageMagic, header.magic);
  header.version = kSluiceImageVersion;
  header.byte_order = kSluiceImageByteOrder;
  header.home_buckets = table.home_buckets();
  header.top_level = top_level_ ? 1 : 0;
  header.names = totals_.names;
  header.rules = totals_.rules;
  header.key = key_;
  header.apps = static_cast<std::uint16_t>(builder_.apps_.size());
  header.lists = static_cast<std::uint16_t>(builder_.lists_.size());
  std::size_t end = sizeof header;
  const auto place = [&](std::size_t count, std::size_t size) {
    const SluiceSection section{end, count};
    end = aligned(end + count * size);
    return section;
  };
  header.filter = place(totals_.filtered * kFilterBits / 64 + 1, sizeof(std::uint64_t));
  header.buckets = place(table.buckets().size(), sizeof(SluiceBucket));
  // Readers copy a whole SluiceRule, even where the last name is shorter.
  header.rule_bytes = place(totals_.bytes + sizeof(SluiceRule), 1);
  header.addresses = place(addresses, sizeof(SluiceAddressRule));
  header.texts = place(texts, sizeof(SluiceText));
  header.answers = place(answers, sizeof(SluiceAnswer));
  header.strings = place(strings, 1);
  header.image_bytes = end;
  return header;
}

// False: there are more rules than a suffix can point at.
bool ImageWriter::add_up() {
  for (Part& part : parts_) {
    part.first_rule = {static_cast<std::uint32_t>(totals_.bytes / kSluiceRuleAlign)};
    totals_.rules += part.rules.size();
    totals_.bytes += part.bytes;
    totals_.names += part.names;
    totals_.suffixes += part.suffixes;
    totals_.filtered += part.filtered.size();
  }
  return totals_.bytes / kSluiceRuleAlign <= SLUICE_SUFFIX_RULE;
}

Result<Built, BuildError> ImageWriter::write(const DomainSetBuilder::Allocate& allocate) {
  hash_entries();
  split_into_parts();
  run_(kParts, [&](std::size_t i) { sort_part(parts_[i]); });
  if (!add_up()) return fail(BuildError::too_many_rules);
  const auto table = place();
  if (!table) return fail(table.error());
  std::vector<SluiceText> texts;
  std::vector<SluiceAnswer> answers;
  const std::vector<std::byte> strings = this->strings(texts, answers);
  const Hashes filter = this->filter();
  std::vector<SluiceAddressRule> addresses = builder_.addresses_;
  const std::vector<RepeatedAddressRule> repeated = sort_address_rules(
      addresses, [this](std::uint16_t list) { return builder_.share_of(ListId{list}); });
  const SluiceImageHeader header =
      lay_out(*table, addresses.size(), texts.size(), answers.size(), strings.size());

  const std::shared_ptr<std::byte> memory = allocate(header.image_bytes);
  const MutableBytes image(memory.get(), header.image_bytes);
  const auto put = [&](std::size_t at, Bytes bytes) {
    if (!bytes.empty()) std::memcpy(image.data() + at, bytes.data(), bytes.size());
  };
  put(0, std::as_bytes(std::span(&header, 1)));
  put(header.filter.at, std::as_bytes(std::span(filter)));
  put(header.buckets.at, std::as_bytes(table->buckets()));
  put(header.addresses.at, std::as_bytes(std::span(addresses)));
  put(header.texts.at, std::as_bytes(std::span(texts)));
  put(header.answers.at, std::as_bytes(std::span(answers)));
  put(header.strings.at, strings);
  const MutableBytes rules = image.subspan(header.rule_bytes.at, header.rule_bytes.count);
  run_(kParts, [&](std::size_t i) { write_part(parts_[i], rules); });

  Built built;
  built.set = *DomainSet::open(image, memory);  // ours: it cannot fail
  report_duplicates(repeated, built);
  report_globs(built);
  return built;
}

}  // namespace sluice::match
