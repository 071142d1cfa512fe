#include "filters/match/domain_set.h"

#include <algorithm>

#include "filters/match/suffix_hash.h"

// A lookup hashes the suffixes of the name from the right, then looks each up, longest first:
//
//   slots_   | tag, node | … |      probe until an empty slot; the tag is the hash's upper half
//   nodes_   | name, first rule, count | … |     the name is compared: no false positives
//   rules_   | kind, app, list, line | … |       the cold part, after a hit only

namespace sluice::match {
namespace {

constexpr std::uint32_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint32_t>(hash >> 32);
}

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
  }
  return "";
}

}  // namespace

DomainSet::DomainSet() : slots_(1) {}

const DomainSet::Node* DomainSet::node_at(std::uint64_t hash, Bytes suffix) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].node != kEmpty; i = (i + 1) & mask) {
    if (slots_[i].tag != tag_of(hash)) continue;
    const Node& node = nodes_[slots_[i].node];
    if (std::ranges::equal(Bytes(names_).subspan(node.name_at, node.name_size), suffix)) {
      return &node;
    }
  }
  return nullptr;
}

template <typename Visit>
void DomainSet::visit_covering(const name::Name& name, Visit&& visit) const noexcept {
  std::array<std::uint64_t, name::kMaxLabels + 1> hashes;
  SuffixHash hash(seed_);
  const std::size_t labels = name.label_count();
  for (std::size_t depth = 1; depth <= labels; ++depth) {
    const Bytes suffix = name.suffix(depth);
    hash.add(suffix.first(suffix.size() - name.suffix(depth - 1).size()));
    hashes[depth] = hash.value();
  }
  for (std::size_t depth = labels; depth > 0; --depth) {
    if ((depths_[depth / 64] >> (depth % 64) & 1) == 0) continue;
    const Node* node = node_at(hashes[depth], name.suffix(depth));
    if (node != nullptr && !visit(*node, depth == labels)) return;
  }
}

void DomainSet::find_all(const name::Name& name, MatchList& matches) const noexcept {
  matches.count = 0;
  matches.overflow = false;
  visit_covering(name, [&](const Node& node, bool whole) {
    for (std::uint32_t i = 0; i < node.rule_count; ++i) {
      const RuleId id{node.first_rule + i};
      const EntryKind kind = rules_[id.index].kind;
      if (!whole && (kind == EntryKind::exact || kind == EntryKind::exact_exception)) continue;
      if (matches.count == MatchList::kCapacity) {
        matches.overflow = true;
        return false;
      }
      matches.items[matches.count++] = {id, node.labels, kind};
    }
    return true;
  });
}

Match DomainSet::find(const name::Name& name) const noexcept {
  Match found;
  visit_covering(name, [&](const Node& node, bool whole) {
    for (std::uint32_t i = 0; i < node.rule_count; ++i) {
      const RuleId id{node.first_rule + i};
      const EntryKind kind = rules_[id.index].kind;
      if (!whole && (kind == EntryKind::exact || kind == EntryKind::exact_exception)) continue;
      found = {id, node.labels, kind};
      return false;
    }
    return true;
  });
  return found;
}

std::size_t DomainSet::size() const noexcept {
  return rules_.size();
}

const Rule& DomainSet::rule(RuleId id) const noexcept {
  return rules_[id.index];
}

name::Name DomainSet::rule_name(RuleId id) const noexcept {
  const Node& node = nodes_[rule_nodes_[id.index]];
  // Stored names are canonical: this cannot fail.
  return *name::Name::from_wire(Bytes(names_).subspan(node.name_at, node.name_size));
}

std::string_view DomainSet::app_name(AppId id) const noexcept {
  return id.index < apps_.size() ? std::string_view(apps_[id.index]) : "*";
}

std::string_view DomainSet::list_name(ListId id) const noexcept {
  return lists_[id.index];
}

std::size_t DomainSet::app_count() const noexcept {
  return apps_.size();
}

std::size_t DomainSet::memory_bytes() const noexcept {
  return slots_.capacity() * sizeof(Slot) + nodes_.capacity() * sizeof(Node) +
         rules_.capacity() * sizeof(Rule) + rule_nodes_.capacity() * sizeof(std::uint32_t) +
         names_.capacity();
}

std::string_view rule_text(const DomainSet& set, RuleId id, RuleText& out) noexcept {
  std::array<char, name::kMaxTextOctets> buffer;
  const std::string_view mark = mark_of(set.rule(id).kind);
  const std::string_view name = name::to_text(set.rule_name(id), buffer);
  const auto end = std::ranges::copy(name, std::ranges::copy(mark, out.begin()).out).out;
  return {out.begin(), end};
}

std::string rule_text(const DomainSet& set, RuleId id) {
  RuleText buffer;
  return std::string(rule_text(set, id, buffer));
}

}  // namespace sluice::match
