// Our matcher: match::DomainSet, with names in wire form as in packets.

#include <algorithm>
#include <array>
#include <span>

#include "benchmarks/matcher/rival.h"
#include "filters/match/domain_set.h"
#include "filters/match/domain_set_builder.h"
#include "filters/name/name.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/parallel.h"

namespace sluice::bench {
namespace {

class Sluice final : public Rival {
 public:
  std::string_view name() const override { return "sluice"; }

  std::string build(const Names& rules) override {
    match::DomainSetBuilder builder(HashKey{0x736c75696365, 0x62656e6368});
    const auto list = builder.list("rules");
    if (!list) return std::string(to_string(list.error()));
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const auto name = name::Name::from_text(rules[i]);
      if (!name) return "no name: " + std::string(rules[i]);
      const auto added = builder.add(*name, match::EntryKind::suffix, match::AppId{}, *list,
                                     static_cast<std::uint32_t>(i + 1));
      if (!added) return std::string(to_string(added.error()));
    }
    const auto run = [](std::size_t count, FunctionRef<void(std::size_t)> task) {
      lists::run_tasks(lists::thread_count(0), count, task);
    };
    auto built = builder.build(run, lists::allocate_image);
    if (!built) return std::string(to_string(built.error()));
    set_ = std::move(built->set);
    return {};
  }
  Footprint bytes() const override {
    return {.hot = set_.hot_bytes(), .cold = set_.memory_bytes() - set_.hot_bytes()};
  }

  std::uint64_t count_single(QuerySlice queries) const override {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      count += set_.find(wire_name(queries, i)).rule.valid() ? 1U : 0U;
    }
    return count;
  }

  bool has_batches() const override { return true; }
  std::uint64_t count_batch(QuerySlice queries, std::size_t batch) const override {
    std::array<match::WireName, kMaxBatch> names;
    std::array<match::Match, kMaxBatch> matches;
    std::uint64_t count = 0;
    for (std::size_t at = 0; at < queries.size(); at += batch) {
      const std::size_t size = std::min(batch, queries.size() - at);
      for (std::size_t i = 0; i < size; ++i) names[i] = wire_name(queries, at + i);
      set_.find_batch(std::span(names).first(size), std::span(matches).first(size));
      for (std::size_t i = 0; i < size; ++i) count += matches[i].rule.valid() ? 1U : 0U;
    }
    return count;
  }

 private:
  static match::WireName wire_name(const QuerySlice& queries, std::size_t i) noexcept {
    return {queries.packet(i), QuerySlice::kNameAt};
  }

  match::DomainSet set_;
};

}  // namespace

std::unique_ptr<Rival> make_sluice() {
  return std::make_unique<Sluice>();
}

}  // namespace sluice::bench
