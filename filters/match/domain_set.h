#pragma once

// The set of domain names that the lists hold: immutable, const, read by any number of threads.
//
// Answers "which entries cover this name?", longest first; at equal length an exception comes
// first, and an exact entry before a suffix. Suffix entries cover at label borders only:
// `example.com` covers `a.example.com`, never `notexample.com`. A hash hit is verified against the
// stored name: there are no false positives.
//
// It is a view of an image (match/domain_image.h): the same bytes from the heap, from a mapped
// file, or in a BPF array map. Cost of a miss: the hash of three labels, two words. Worst case:
// kSluiceMaxProbe cache lines a label, whatever the names are. No allocation, no exceptions, no
// lock.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/result.h"
#include "filters/match/image_parts.h"
#include "filters/match/lookup_name.h"
#include "filters/match/rule.h"
#include "filters/name/name.h"

namespace sluice::match {

enum class ImageError : std::uint8_t {
  truncated,         // shorter than its header says, or than a header
  not_an_image,      // another kind of file
  other_version,     // of a later or earlier program
  other_byte_order,  // of another kind of machine
  bad_sections,      // they overlap, or lie outside
  bad_strings,       // the names of apps and lists are not whole
};
[[nodiscard]] std::string_view to_string(ImageError error) noexcept;

class DomainSet {
 public:
  // Called with the entries that cover a name, best first, until it says false.
  using Visit = FunctionRef<bool(const Match&)>;

  // The empty set.
  DomainSet() noexcept = default;
  // A set over an image that `owner` keeps alive. Checks the header and where the sections lie;
  // what they hold is checked as it is read, so that no image whatever makes a look-up read outside
  // it. The checksum is the caller's to verify. REQUIRES: aligned to 64.
  [[nodiscard]] static Result<DomainSet, ImageError> open(Bytes image,
                                                          std::shared_ptr<const void> owner);

  // The longest entry that covers the name, exception or not.
  [[nodiscard]] Match find(const name::Name& name) const noexcept;
  [[nodiscard]] Match find(WireName name) const noexcept;
  [[nodiscard]] Match find(HostName name) const noexcept;
  // All entries that cover the name. A miss costs the same as find().
  void find_all(const name::Name& name, Visit visit) const noexcept;

  // The same as find() for each of the names: hashes all, prefetches all, probes all.
  // REQUIRES: as many matches as names.
  void find_batch(std::span<const WireName> names, std::span<Match> matches) const noexcept;
  void find_batch(std::span<const HostName> names, std::span<Match> matches) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept {
    return hot_.header == nullptr ? 0 : hot_.header->rules;
  }
  // Calls `visit` for each rule, in the order of the image.
  void for_each_rule(FunctionRef<void(RuleId)> visit) const;
  // REQUIRES: an id that this set gave out.
  [[nodiscard]] Rule rule(RuleId id) const noexcept;
  [[nodiscard]] name::Name rule_name(RuleId id) const noexcept;
  // The same in wire form, as it lies in the image.
  [[nodiscard]] Bytes rule_wire(RuleId id) const noexcept;
  // The rule as its list has it, where that is more than its name and kind say; else empty.
  [[nodiscard]] std::string_view rule_source(RuleId id) const noexcept;
  [[nodiscard]] std::string_view app_name(AppId id) const noexcept;  // "*" for AppId::kAny
  [[nodiscard]] std::string_view list_name(ListId id) const noexcept;
  [[nodiscard]] std::string_view list_version(ListId id) const noexcept;
  [[nodiscard]] std::size_t app_count() const noexcept { return apps_.size(); }
  [[nodiscard]] std::size_t list_count() const noexcept { return lists_.size(); }

  // Different names that have rules; all bytes; those that a miss reads.
  [[nodiscard]] std::size_t name_count() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return image_.size(); }
  [[nodiscard]] std::size_t hot_bytes() const noexcept;
  [[nodiscard]] Bytes image() const noexcept { return image_; }

 private:
  struct ListStrings {
    std::string_view name, version;
  };

  Bytes image_;
  std::shared_ptr<const void> owner_;
  HotPart hot_;
  ColdPart cold_;
  std::span<const SluiceText> texts_;
  Bytes strings_;
  std::vector<std::string_view> apps_;
  std::vector<ListStrings> lists_;
};

// `wechat.com`, `=wechat.com`, `@@wechat.com`, `203.0.113.0/24`: a rule as a list writes it.
// The first allocates; the second writes into `out`.
[[nodiscard]] std::string rule_text(const DomainSet& set, RuleId id);
using RuleText = std::array<char, name::kMaxTextBytes + 3>;
[[nodiscard]] std::string_view rule_text(const DomainSet& set, RuleId id, RuleText& out) noexcept;

}  // namespace sluice::match
