// Prints the result of each evasion. Exit status: 0 all as expected; 1 a banned name passed or an
// ordinary stream was lost, and it is no known gap; 2 wrong usage.
//
// usage: scorecard [--offload] [--two-workers] [--one-way] [--without-gateway-rules]
//
//   --offload                 the dataplane handles frames of decided flows itself
//   --two-workers             two workers share the frames
//   --one-way                 asymmetric routes: the gateway sees no packet of a server
//   --without-gateway-rules   the gateway blocks nothing: every case must show as passed

#include <cstdio>
#include <span>
#include <string_view>

#include "tests/evasion/answers.h"
#include "tests/evasion/course.h"
#include "tests/evasion/evidence_cases.h"

namespace sluice::evasion {
namespace {

const char* verdict_of(const Result& result) {
  if (!result.passed.empty()) return "PASSED";
  if (!result.collateral.empty()) return "COLLATERAL";
  return result.shown > 0 ? "blocked" : "NOTHING SHOWN";
}

// What a case costs an ordinary client.
const char* cost_of(Trait trait) {
  return trait == Trait::breaks_evader ? "breaks the evader" : "";
}

std::string kinds_of(const Case& entry) {
  std::string kinds;
  for (const Kind kind : entry.kinds)
    kinds += (kinds.empty() ? "" : " ") + std::string(to_string(kind));
  return kinds;
}

void explain(const Result& result) {
  for (const auto& [what, texts] :
       {std::pair{"passed", &result.passed}, {"collateral", &result.collateral}}) {
    if (!texts->empty()) {
      std::printf("    %zu %s, first: %s\n", texts->size(), what, texts->front().c_str());
    }
  }
}

struct Sum {
  std::size_t cases = 0, runs = 0, wrong = 0;
};

template <typename Entry>
void print_row(const Entry& entry, const std::string& payloads, const Result& v4, const Result& v6,
               Sum& sum) {
  std::printf("%-24.*s %-60.*s %-20s %6zu  %-10s %-10s %s\n", static_cast<int>(entry.name.size()),
              entry.name.data(), static_cast<int>(entry.shape.size()), entry.shape.data(),
              payloads.c_str(), v4.runs + v6.runs, verdict_of(v4), verdict_of(v6),
              cost_of(entry.trait));
  explain(v4);
  explain(v6);
  ++sum.cases;
  sum.runs += v4.runs + v6.runs;
  if (!(v4.is_right() && v6.is_right())) ++sum.wrong;
}

int print(Gateway gateway) {
  std::printf("%-24s %-60s %-20s %6s  %-10s %-10s %s\n", "case", "on the wire", "payloads", "runs",
              "IPv4", "IPv6", "ordinary name");
  Sum sum;
  for (const Case& entry : all_cases()) {
    print_row(entry, kinds_of(entry), run_case(entry, Family::v4, gateway),
              run_case(entry, Family::v6, gateway), sum);
  }
  for (const AnswerCase& entry : answer_cases()) {
    print_row(entry, "dns/" + std::string(to_string(entry.carrier)),
              run_answer_case(entry, Family::v4, gateway),
              run_answer_case(entry, Family::v6, gateway), sum);
  }
  for (const EvidenceCase& entry : evidence_cases()) {
    print_row(entry, "no name", run_evidence_case(entry, Family::v4, gateway),
              run_evidence_case(entry, Family::v6, gateway), sum);
  }
  std::printf("%zu cases, %zu runs, %zu wrong\n", sum.cases, sum.runs, sum.wrong);
  return sum.wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::evasion

int main(int argc, char** argv) {
  sluice::evasion::Gateway gateway;
  for (const std::string_view argument :
       std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    if (argument == "--offload") {
      gateway.offload = true;
    } else if (argument == "--two-workers") {
      gateway.workers = 2;
    } else if (argument == "--one-way") {
      gateway.one_way = true;
    } else if (argument == "--without-gateway-rules") {
      gateway.enforce = false;
    } else {
      std::fprintf(stderr,
                   "usage: scorecard [--offload] [--two-workers] [--one-way]"
                   " [--without-gateway-rules]\n");
      return 2;
    }
  }
  return sluice::evasion::print(gateway);
}
