#include "benchmarks/matcher/rival.h"

namespace sluice::bench {

std::vector<std::unique_ptr<Rival>> make_rivals() {
  std::vector<std::unique_ptr<Rival>> rivals;
  rivals.push_back(make_absl_set());
  rivals.push_back(make_std_set());
  rivals.push_back(make_sorted_names());
  rivals.push_back(make_label_trie());
#ifdef SLUICE_BENCH_VECTORSCAN
  rivals.push_back(make_vectorscan());
#endif
#ifdef SLUICE_BENCH_NDPI
  rivals.push_back(make_ndpi());
#endif
  rivals.push_back(make_sluice());
  return rivals;
}

std::vector<std::string_view> missing_rivals() {
  return {
#ifndef SLUICE_BENCH_VECTORSCAN
      "vectorscan",
#endif
#ifndef SLUICE_BENCH_NDPI
      "ndpi",
#endif
  };
}

}  // namespace sluice::bench
