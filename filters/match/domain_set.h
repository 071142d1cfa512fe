#pragma once

// The rules that the lists hold: immutable, const, read by any number of threads.
//
// Answers "which entries cover this name?", longest first; at equal length an exception comes
// first, and an exact entry before a suffix. Suffix entries cover at label borders only:
// `example.com` covers `a.example.com`, never `notexample.com`. A hash hit is verified against the
// stored name: there are no false positives. Rules of address ranges are stored here too;
// match/address_set.h looks them up.
//
// The set is a view of an image (match/domain_image.h): the same bytes on the heap, in a mapped
// file, or in a BPF array map. Cost of a miss: the hash of three labels, two words. Worst case:
// kSluiceMaxProbe cache lines a label, whatever the names are. A lookup does not allocate, throw or
// lock.
//
// A set may have an overlay: a few rules more and a few less, while it shares the image with the
// set before (with()). A miss then costs one word more, and nothing without one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/function_ref.h"
#include "filters/base/ip_address.h"
#include "filters/base/result.h"
#include "filters/match/answer.h"
#include "filters/match/image_parts.h"
#include "filters/match/lookup_name.h"
#include "filters/match/rule.h"
#include "filters/name/name.h"

namespace sluice::match {

enum class ImageError : std::uint8_t {
  truncated,         // shorter than its header says, or than a header
  not_an_image,      // another kind of file
  other_version,     // written by a later or earlier program
  other_byte_order,  // written on another kind of machine
  bad_sections,      // they overlap, or lie outside
  bad_addresses,     // the address ranges are not canonical, or not in order
  bad_strings,       // the names of apps and lists are cut off
};
[[nodiscard]] std::string_view to_string(ImageError error) noexcept;

// Why an image of `image_bytes` cannot start with this header, of which `bytes` were read.
[[nodiscard]] std::optional<ImageError> header_problem(const SluiceImageHeader& header,
                                                       std::size_t bytes,
                                                       std::size_t image_bytes) noexcept;

struct Overlay;

// What tells a rule from all others of its set, together with its list if that is kept apart.
struct RuleKey {
  Bytes name = {};  // wire form, lower case; empty: of a range
  IpPrefix range = {};
  EntryKind kind = EntryKind::suffix;
  bool is_glob = false;
  AppId app;
};

class DomainSet {
 public:
  // Called with the entries that cover a name, best first, until it returns false.
  using Visit = FunctionRef<bool(const Match&)>;

  // The empty set.
  DomainSet() noexcept = default;
  // A set over an image that `owner` keeps alive. Checks the header, where the sections lie, and
  // the address section. The other sections are checked as they are read: no image makes a lookup
  // read outside it. The caller verifies the checksum. REQUIRES: aligned to 64.
  [[nodiscard]] static Result<DomainSet, ImageError> open(Bytes image,
                                                          std::shared_ptr<const void> owner);

  // This set, its image shared, with other rules than those of its image: without `removed`, ids of
  // the image's rules, and with those of `added`. An overlay that it has already is replaced.
  // Allocates. REQUIRES: `added` was built by DomainSetBuilder::beside(*this).
  [[nodiscard]] DomainSet with(DomainSet added, std::vector<RuleId> removed) const;
  [[nodiscard]] bool has_overlay() const noexcept { return overlay_ != nullptr; }
  // Without its overlay. Allocates.
  [[nodiscard]] DomainSet base() const;

  // The longest entry that covers the name, exception or not.
  [[nodiscard]] Match find(const name::Name& name) const noexcept;
  [[nodiscard]] Match find(WireName name) const noexcept;
  [[nodiscard]] Match find(HostName name) const noexcept;
  // All entries that cover the name and are not exempted for it. A miss costs the same as find().
  void find_all(const name::Name& name, Visit visit) const noexcept;

  // find() for each of the names: hashes all, prefetches all, probes all.
  // REQUIRES: as many matches as names.
  void find_batch(std::span<const WireName> names, std::span<Match> matches) const noexcept;
  void find_batch(std::span<const HostName> names, std::span<Match> matches) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept;
  // Calls `visit` for each rule, names before address ranges, those of an image in its order.
  void for_each_rule(FunctionRef<void(RuleId)> visit) const;
  // The same for address ranges alone, in the order of an image's section (match/domain_image.h).
  void for_each_address_rule(
      FunctionRef<void(const SluiceAddressRule& rule, RuleId id)> visit) const;
  // Among the rules of the image, whatever an overlay says. Invalid: there is none. For updates,
  // not for lookups: of globs below one name it tries each.
  // `takes`: whether it may be of this list.
  [[nodiscard]] RuleId find_rule(const RuleKey& key,
                                 FunctionRef<bool(ListId)> takes) const noexcept;
  // REQUIRES, here and below: an id that this set gave out.
  [[nodiscard]] Rule rule(RuleId id) const noexcept;
  // Empty: the rule is of a name.
  [[nodiscard]] std::optional<IpPrefix> rule_range(RuleId id) const noexcept;
  // The root for the rule of an address range.
  [[nodiscard]] name::Name rule_name(RuleId id) const noexcept;
  // The name in wire form, as it lies in the image; empty for the rule of an address range.
  [[nodiscard]] Bytes rule_wire(RuleId id) const noexcept;
  // The rule as its list writes it, where rule_text() cannot tell; else empty.
  [[nodiscard]] std::string_view rule_source(RuleId id) const noexcept;
  // The rule's own answer to a DNS question about a type: of its records the first one of that
  // type, else a CNAME, else nodata. Its data lies in the image.
  static constexpr std::size_t kMostRecords = 64;  // of a rule; further ones are not looked at
  [[nodiscard]] Answer rule_answer(RuleId id, std::uint16_t type) const noexcept;
  // One for each entry of the list that made the rule.
  void for_each_answer(RuleId id, FunctionRef<void(const Answer&)> visit) const;
  // Of the image. They are all of the set unless changes_addresses().
  [[nodiscard]] std::span<const SluiceAddressRule> address_rules() const noexcept {
    return addresses_;
  }
  [[nodiscard]] bool changes_addresses() const noexcept;
  [[nodiscard]] std::string_view app_name(AppId id) const noexcept;  // "*" for AppId::kAny
  [[nodiscard]] std::string_view list_name(ListId id) const noexcept;
  [[nodiscard]] std::string_view list_version(ListId id) const noexcept;
  [[nodiscard]] std::size_t app_count() const noexcept { return apps_.size(); }
  [[nodiscard]] std::size_t list_count() const noexcept { return lists_.size(); }

  // Different names that have rules (in the image); bytes of images and indices of globs; bytes
  // that a miss may read.
  [[nodiscard]] std::size_t name_count() const noexcept;
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  [[nodiscard]] std::size_t hot_bytes() const noexcept;
  // Without what an overlay changes.
  [[nodiscard]] Bytes image() const noexcept { return image_; }
  // REQUIRES: an image.
  [[nodiscard]] const SluiceHashKey& hash_key() const noexcept { return hot_.header->key; }

 private:
  struct ListStrings {
    std::string_view name, version;
  };

  [[nodiscard]] std::vector<std::uint64_t> gate_words(unsigned& shift) const;
  template <typename Source>
  [[nodiscard]] Match best_of(Source name) const noexcept;
  template <typename Source>
  void find_batch_of(std::span<const Source> names, std::span<Match> matches) const noexcept;
  // Null: the rule is of a name.
  [[nodiscard]] const SluiceAddressRule* address_rule(RuleId id) const noexcept;
  [[nodiscard]] const DomainSet& added_rules() const noexcept;
  void for_each_name_rule(FunctionRef<void(RuleId)> visit) const;

  Bytes image_;
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const GlobIndex> globs_;
  HotPart hot_;
  OverlayGate gate_;  // of the overlay
  ColdPart cold_;
  std::span<const SluiceAddressRule> addresses_;
  std::span<const SluiceText> texts_;
  std::span<const SluiceAnswer> answers_;
  Bytes strings_;
  std::vector<std::string_view> apps_;
  std::vector<ListStrings> lists_;
  std::shared_ptr<const Overlay> overlay_;  // null: none
};

// `wechat.com`, `=wechat.com`, `@@wechat.com`, `*.*.wechat.com` (what is below it),
// `203.0.113.0/24`: a rule as the format `domains` or `endpoints` writes it; an exemption as an
// exception. The first allocates; the second writes into `out`.
[[nodiscard]] std::string rule_text(const DomainSet& set, RuleId id);
using RuleText = std::array<char, name::kMaxTextBytes + 6>;
[[nodiscard]] std::string_view rule_text(const DomainSet& set, RuleId id, RuleText& out) noexcept;

}  // namespace sluice::match
