// A trie of labels from the right. All edges are in one hash table: (node, label) -> node. A walk
// ends at the first label without an edge, or at a rule.

#include <absl/hash/hash.h>
#include <absl/strings/string_view.h>

#include <optional>

#include "benchmarks/matcher/rival.h"

namespace sluice::bench {
namespace {

constexpr std::uint32_t kRoot = 0;

class LabelTrie final : public Rival {
 public:
  std::string_view name() const override { return "trie"; }

  std::string build(const Names& rules) override {
    edges_.resize(1024);
    for (std::size_t i = 0; i < rules.size(); ++i) {
      std::uint32_t node = kRoot;
      Edge* last = nullptr;
      each_label_from_right(rules[i], [&](std::string_view label) {
        last = &find_or_add(node, label);
        node = last->child;
      });
      last->is_rule = 1;
    }
    labels_.shrink_to_fit();
    return {};
  }
  Footprint bytes() const override {
    return {.hot = edges_.capacity() * sizeof(Edge) + labels_.capacity()};
  }

  std::uint64_t count_single(QuerySlice queries) const override {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) count += covers(queries.text(i)) ? 1U : 0U;
    return count;
  }

 private:
  // The table is half to three quarters full. An edge has 16 bytes: four in a cache line.
  struct Edge {
    std::uint32_t parent = 0;
    std::uint32_t child : 31 = 0;  // 0: no edge
    std::uint32_t is_rule : 1 = 0;
    std::uint32_t label_at = 0;  // a length byte, then the label
    std::uint32_t tag = 0;       // avoids nearly all comparisons of different labels
  };
  static_assert(sizeof(Edge) == 16, "an edge has no padding");

  static std::uint64_t hash(std::uint32_t parent, std::string_view label) noexcept {
    return absl::HashOf(parent, absl::string_view(label.data(), label.size()));
  }
  static std::uint32_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> 32);
  }
  [[nodiscard]] std::string_view label_of(const Edge& edge) const noexcept {
    return {labels_.data() + edge.label_at + 1, static_cast<unsigned char>(labels_[edge.label_at])};
  }
  // The edge, or the empty slot for it.
  [[nodiscard]] std::size_t slot(std::uint32_t parent, std::string_view label) const noexcept {
    const std::uint64_t h = hash(parent, label);
    const std::size_t mask = edges_.size() - 1;
    for (std::size_t at = h & mask;; at = (at + 1) & mask) {
      const Edge& edge = edges_[at];
      if (edge.child == 0) return at;
      if (edge.tag == tag_of(h) && edge.parent == parent && label_of(edge) == label) return at;
    }
  }

  Edge& find_or_add(std::uint32_t parent, std::string_view label) {
    std::size_t at = slot(parent, label);
    if (edges_[at].child != 0) return edges_[at];
    if (4 * (nodes_ + 1) > 3 * edges_.size()) {
      grow();
      at = slot(parent, label);
    }
    edges_[at] = {.parent = parent,
                  .child = ++nodes_ & 0x7fffffffU,
                  .is_rule = 0,
                  .label_at = static_cast<std::uint32_t>(labels_.size()),
                  .tag = tag_of(hash(parent, label))};
    labels_.append(1, static_cast<char>(label.size())).append(label);
    return edges_[at];
  }
  void grow() {
    std::vector<Edge> old(2 * edges_.size());
    old.swap(edges_);
    for (const Edge& edge : old) {
      if (edge.child != 0) edges_[slot(edge.parent, label_of(edge))] = edge;
    }
  }

  bool covers(std::string_view name) const noexcept {
    std::uint32_t node = kRoot;
    for (;;) {
      const std::size_t dot = name.rfind('.');
      const Edge& edge = edges_[slot(node, name.substr(dot + 1))];
      if (edge.is_rule != 0) return true;
      if (edge.child == 0 || dot == std::string_view::npos) return false;
      node = edge.child;
      name = name.substr(0, dot);
    }
  }

  std::vector<Edge> edges_;  // its size is a power of two
  std::string labels_;
  std::uint32_t nodes_ = 0;  // without the root
};

}  // namespace

std::unique_ptr<Rival> make_label_trie() {
  return std::make_unique<LabelTrie>();
}

}  // namespace sluice::bench
