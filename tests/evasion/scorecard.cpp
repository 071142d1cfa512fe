// Prints the result of each evasion. Exit status: 0 all as expected; 1 a banned name passed or an
// ordinary stream was lost, and it is no known gap; 2 wrong usage.
//
// usage: scorecard [--offload] [--two-workers] [--asymmetric] [--one-way]
//                  [--without-gateway-rules]
//
//   --offload                 the dataplane handles frames of decided flows itself
//   --two-workers             two workers share the frames
//   --asymmetric              the gateway is told that routes may be asymmetric
//   --one-way                 they are: it sees no packet of a server
//   --without-gateway-rules   the gateway blocks nothing: every case must show as passed

#include <cstdio>
#include <ranges>
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
std::string cost_of(Trait trait, std::size_t broken) {
  if (trait == Trait::breaks_evader) return "breaks the evader";
  return broken > 0 ? "breaks the evader in " + std::to_string(broken) + " runs" : "";
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
              cost_of(entry.trait, v4.broken + v6.broken).c_str());
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
  // What a server says, and what it teaches, is not there to be judged.
  const bool hears_servers = !gateway.one_way;
  for (const AnswerCase& entry :
       answer_cases() | std::views::take(hears_servers ? answer_cases().size() : 0)) {
    print_row(entry, "dns/" + std::string(to_string(entry.carrier)),
              run_answer_case(entry, Family::v4, gateway),
              run_answer_case(entry, Family::v6, gateway), sum);
  }
  for (const EvidenceCase& entry :
       evidence_cases() | std::views::take(hears_servers ? evidence_cases().size() : 0)) {
    print_row(entry, "no name", run_evidence_case(entry, Family::v4, gateway),
              run_evidence_case(entry, Family::v6, gateway), sum);
  }
  if (!hears_servers) {
    std::printf("%zu cases left out: the words of a server that are judged take another way\n",
                answer_cases().size() + evidence_cases().size());
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
    } else if (argument == "--asymmetric") {
      gateway.asymmetric = true;
    } else if (argument == "--one-way") {
      gateway.one_way = true;
    } else if (argument == "--without-gateway-rules") {
      gateway.enforce = false;
    } else {
      std::fprintf(stderr,
                   "usage: scorecard [--offload] [--two-workers] [--asymmetric] [--one-way]"
                   " [--without-gateway-rules]\n");
      return 2;
    }
  }
  return sluice::evasion::print(gateway);
}
