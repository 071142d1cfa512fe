// Prints the result of each evasion. Exit status: 0 all as expected; 1 a banned name passed or an
// ordinary stream was lost, and it is no known gap; 2 wrong usage.
//
// usage: scorecard [--offload] [--two-workers] [--asymmetric] [--one-way]
//                  [--without-gateway-rules] [--bridged | --routed] [--sample N]
//                  [--only TEXT]
//
//   --offload                 the dataplane handles frames of decided flows itself
//   --two-workers             two workers share the frames
//   --asymmetric              the gateway is told that routes may be asymmetric
//   --one-way                 they are: it sees no packet of a server
//   --without-gateway-rules   the gateway blocks nothing: every case must show as passed
//   --bridged                 through a gateway at work between the TAP devices inside and outside
//   --routed                  through one at work between the TUN devices of these names, beside a
//                             router between plain-inside and plain-outside
//   --sample N                one script of N of each case, but some; IPv4 and IPv6 in turn
//   --only TEXT               cases whose name begins so

#include <charconv>
#include <cstdio>
#include <exception>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>

#include "tests/evasion/answers.h"
#include "tests/evasion/course.h"
#include "tests/evasion/evidence_cases.h"

namespace sluice::evasion {
namespace {

const char* verdict_of(const Result& result) {
  if (result.runs == 0) return "-";
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

struct ByFamily {
  Result v4, v6;
};

// Both, but of a sample each case runs in one of them.
template <typename RunCase>
ByFamily in_turn(Gateway gateway, std::size_t number, RunCase&& run_case) {
  ByFamily results;
  const bool is_sample = gateway.every > 1;
  if (!is_sample || number % 2 == 0) results.v4 = run_case(Family::v4);
  if (!is_sample || number % 2 == 1) results.v6 = run_case(Family::v6);
  return results;
}

struct Sum {
  std::size_t cases = 0, runs = 0, left_out = 0, wrong = 0;
};

template <typename Entry>
void print_row(const Entry& entry, const std::string& payloads, const ByFamily& results, Sum& sum) {
  const auto& [v4, v6] = results;
  std::printf("%-24.*s %-60.*s %-20s %6zu  %-10s %-10s %s\n", static_cast<int>(entry.name.size()),
              entry.name.data(), static_cast<int>(entry.shape.size()), entry.shape.data(),
              payloads.c_str(), v4.runs + v6.runs, verdict_of(v4), verdict_of(v6),
              cost_of(entry.trait, v4.broken + v6.broken).c_str());
  explain(v4);
  explain(v6);
  std::fflush(stdout);
  ++sum.cases;
  sum.left_out += v4.left_out + v6.left_out;
  sum.runs += v4.runs + v6.runs;
  if (!(v4.is_right() && v6.is_right())) ++sum.wrong;
}

int print(Gateway gateway, std::string_view only) {
  std::printf("%-24s %-60s %-20s %6s  %-10s %-10s %s\n", "case", "on the wire", "payloads", "runs",
              "IPv4", "IPv6", "ordinary name");
  Sum sum;
  const auto is_wanted = [only](const auto& entry) { return entry.name.starts_with(only); };
  for (const Case& entry : all_cases() | std::views::filter(is_wanted)) {
    print_row(entry, kinds_of(entry),
              in_turn(gateway, sum.cases,
                      [&](Family family) { return run_case(entry, family, gateway); }),
              sum);
  }
  // What a server says, and what it teaches, is not there to be judged.
  const bool hears_servers = !gateway.one_way;
  for (const AnswerCase& entry : answer_cases() |
                                     std::views::take(hears_servers ? answer_cases().size() : 0) |
                                     std::views::filter(is_wanted)) {
    print_row(entry, "dns/" + std::string(to_string(entry.carrier)),
              in_turn(gateway, sum.cases,
                      [&](Family family) { return run_answer_case(entry, family, gateway); }),
              sum);
  }
  // Their policies change in the midst of a case, which those of a gateway at work do not.
  const bool plays = hears_servers && gateway.wires == nullptr;
  for (const EvidenceCase& entry : evidence_cases() |
                                       std::views::take(plays ? evidence_cases().size() : 0) |
                                       std::views::filter(is_wanted)) {
    print_row(entry, "no name",
              in_turn(gateway, sum.cases,
                      [&](Family family) { return run_evidence_case(entry, family, gateway); }),
              sum);
  }
  if (!hears_servers) {
    std::printf("%zu cases left out: the words of a server that are judged take another way\n",
                answer_cases().size() + evidence_cases().size());
  }
  if (hears_servers && !plays) {
    std::printf("%zu cases of evidence left out: policies change in them\n",
                evidence_cases().size());
  }
  if (sum.left_out > 0) std::printf("%zu runs that the wire cannot carry\n", sum.left_out);
  std::printf("%zu cases, %zu runs, %zu wrong\n", sum.cases, sum.runs, sum.wrong);
  return sum.wrong == 0 ? 0 : 1;
}

struct Options {
  Gateway gateway;
  bool bridged = false, routed = false;
  std::string_view only;  // the start of a case's name
};

// Nullopt: wrong usage.
std::optional<Options> options_of(std::span<char* const> arguments) {
  Options options;
  Gateway& gateway = options.gateway;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
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
    } else if (argument == "--bridged") {
      options.bridged = true;
    } else if (argument == "--routed") {
      options.routed = true;
    } else if (argument == "--only" && i + 1 < arguments.size()) {
      options.only = arguments[++i];
    } else if (argument == "--sample" && i + 1 < arguments.size()) {
      const std::string_view number = arguments[++i];
      const auto read = std::from_chars(number.begin(), number.end(), gateway.every);
      if (read.ptr != number.end() || gateway.every == 0) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (options.bridged && options.routed) return std::nullopt;
  return options;
}

int run(const Options& options) {
  if (!options.bridged && !options.routed) return print(options.gateway, options.only);
  const auto carries = options.routed ? Wire::Carries::packets : Wire::Carries::frames;
  Wire guarded({.inside = "inside", .outside = "outside", .carries = carries});
  std::optional<Wire> plain;
  if (options.routed) {
    plain.emplace(Wire::Devices{
        .inside = "plain-inside", .outside = "plain-outside", .carries = carries, .number = 1});
  }
  const Wires wires{&guarded, plain ? &*plain : nullptr};
  Gateway gateway = options.gateway;
  gateway.wires = &wires;
  return print(gateway, options.only);
}

}  // namespace
}  // namespace sluice::evasion

int main(int argc, char** argv) {
  const auto options =
      sluice::evasion::options_of(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
  if (!options) {
    std::fprintf(stderr,
                 "usage: scorecard [--offload] [--two-workers] [--asymmetric] [--one-way]"
                 " [--without-gateway-rules] [--bridged | --routed] [--sample N] [--only TEXT]\n");
    return 2;
  }
  try {
    return sluice::evasion::run(*options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "scorecard: %s\n", error.what());
    return 1;
  }
}
