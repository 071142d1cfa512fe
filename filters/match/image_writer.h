#pragma once

// From the entries of a builder to an image. Private to match/.
//
//   hash all names ─► 256 parts by hash ─► sort each, drop duplicates ─► place suffixes ─► write
//      in tasks                                    in tasks                one pass      in tasks
//
// Buckets ascend with the hash, and so do parts: the suffixes of all parts, one after the other,
// fill the buckets from the first to the last.

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "filters/match/address_rules.h"
#include "filters/match/bucket_table.h"
#include "filters/match/domain_image.h"
#include "filters/match/domain_set_builder.h"

namespace sluice::match {

inline constexpr std::size_t kMaxText = 255;  // a length byte is before it

class ImageWriter {
 public:
  ImageWriter(const DomainSetBuilder& builder, const DomainSetBuilder::Run& run);

  [[nodiscard]] Result<Built, BuildError> write(const DomainSetBuilder::Allocate& allocate);

 private:
  using Entry = DomainSetBuilder::Entry;

  // An entry and the hash of its name, with what the passes over all entries need: entries and
  // names lie in another order, and random access to them is slow.
  struct Hashed {
    std::uint64_t hash;
    std::uint32_t entry;
    std::uint8_t name_bytes;
    bool is_glob;
    bool ends_name;     // the next one has another name
    bool more_answers;  // other entries of the same rule add theirs
  };
  using Hashes = std::pmr::vector<std::uint64_t>;
  struct LeftOut {  // by entries of the builder
    std::uint32_t entry, first;
  };
  // The entries and suffixes in one 256th of the hashes.
  struct Part {
    std::span<Hashed> rules;
    std::span<std::uint64_t> parents;   // suffixes of names, sorted
    std::span<std::uint64_t> filtered;  // suffixes in the filter, sorted
    std::vector<LeftOut> duplicates;
    std::vector<LeftOut> more_answers;   // entries that only add a record, in the order of rules
    std::vector<std::uint32_t> crowded;  // entries
    std::vector<ManyGlobs> many_globs;
    std::size_t names = 0;
    std::size_t suffixes = 0;
    std::size_t bytes = 0;  // of its rules
    RuleId first_rule;
  };
  struct Totals {
    std::size_t rules = 0, names = 0, suffixes = 0, filtered = 0, bytes = 0;
  };

  void hash_entries();
  void split_into_parts();
  void sort_part(Part& part) const;
  void thin_part(Part& part) const;
  void thin_globs(Part& part) const;
  std::vector<std::size_t> note_globs(Part& part, std::span<const Hashed> globs) const;
  void count_part(Part& part) const;
  [[nodiscard]] bool comes_before(const Hashed& a, const Hashed& b) const;
  [[nodiscard]] bool same_name(const Hashed& a, const Hashed& b) const;
  [[nodiscard]] bool same_rule(const Hashed& a, const Hashed& b) const;
  [[nodiscard]] bool add_up();
  [[nodiscard]] Result<BucketTable, BuildError> place() const;
  [[nodiscard]] bool place_in(BucketTable& table) const;
  void write_part(const Part& part, MutableBytes rules) const;
  [[nodiscard]] bool adds_record(const Hashed& first, const Hashed& more) const;
  [[nodiscard]] std::vector<std::byte> strings(std::vector<SluiceText>& texts,
                                               std::vector<SluiceAnswer>& answers) const;
  void add_answers(const Part& part, std::vector<std::byte>& strings,
                   std::vector<SluiceAnswer>& answers) const;
  [[nodiscard]] Hashes filter() const;
  [[nodiscard]] SluiceImageHeader lay_out(const BucketTable& table, std::size_t addresses,
                                          std::size_t texts, std::size_t answers,
                                          std::size_t strings) const;
  void report_duplicates(std::span<const RepeatedAddressRule> repeated, Built& built) const;
  [[nodiscard]] AnswerKind kind_of_answer(const Entry& entry) const;
  void tell_left_out(std::span<const RepeatedAddressRule> repeated, Built& built) const;
  void report_globs(Built& built) const;

  [[nodiscard]] const Entry& entry(const Hashed& hashed) const {
    return builder_.entries_[hashed.entry];
  }
  // Bytes of its rule in the image.
  [[nodiscard]] static std::size_t size_of(const Hashed& hashed) noexcept;
  // In wire form, with the root: the whole name; the part that is hashed.
  [[nodiscard]] Bytes name_of(const Entry& entry) const;
  [[nodiscard]] Bytes key_of(const Entry& entry) const;

  const DomainSetBuilder& builder_;
  const DomainSetBuilder::Run& run_;
  SluiceHashKey key_;
  bool top_level_ = false;
  std::pmr::memory_resource* memory_;
  std::pmr::vector<Hashed> hashed_;
  Hashes parents_;
  Hashes filtered_;
  std::vector<Part> parts_;
  Totals totals_;
};

}  // namespace sluice::match
