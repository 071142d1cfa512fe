// libndpi's automaton for host names (Aho-Corasick), through its public functions.
//
// It finds substrings, and nDPI's own host lists accept that. Here rules and names get a dot in
// front and a line end behind, so that it finds only suffixes that begin at a label.

#include <ndpi_api.h>

#include <cstdlib>

#include "benchmarks/matcher/heap.h"
#include "benchmarks/matcher/rival.h"

namespace sluice::bench {
namespace {

constexpr std::size_t kMostRules = 1'000'000;

class Ndpi final : public Rival {
 public:
  ~Ndpi() override {
    if (automaton_ != nullptr) ndpi_free_automa(automaton_);
  }
  std::string_view name() const override { return "ndpi"; }

  std::string build(const Names& rules) override {
    if (rules.size() > kMostRules) {
      return "over a million rules: it takes more than a kilobyte for each";
    }
    const std::size_t before = heap_bytes();
    automaton_ = ndpi_init_automa();
    if (automaton_ == nullptr) return "no memory";
    for (std::size_t i = 0; i < rules.size(); ++i) {
      std::string framed = '.' + std::string(rules[i]) + '\n';
      char* const owned = ndpi_strdup(framed.c_str());  // the automaton frees it
      if (ndpi_add_string_value_to_automa(automaton_, owned, 1) != 0) {
        ndpi_free(owned);
        return "it refuses " + std::string(rules[i]);
      }
    }
    ndpi_finalize_automa(automaton_);
    bytes_.hot = heap_bytes() - before;
    return {};
  }
  Footprint bytes() const override { return bytes_; }

  std::uint64_t count_single(QuerySlice queries) const override {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const std::string_view text = queries.framed(i);
      u_int32_t value = 0;
      // The parameter is a `char*`, but the function only reads.
      count += ndpi_match_string_value(automaton_, const_cast<char*>(text.data()),
                                       static_cast<u_int>(text.size()), &value) == 0
                   ? 1U
                   : 0U;
    }
    return count;
  }

 private:
  void* automaton_ = nullptr;
  Footprint bytes_;
};

}  // namespace

std::unique_ptr<Rival> make_ndpi() {
  return std::make_unique<Ndpi>();
}

}  // namespace sluice::bench
