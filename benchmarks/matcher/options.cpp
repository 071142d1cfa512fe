#include "benchmarks/matcher/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace sluice::bench {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

}  // namespace

bool Options::wants(std::string_view matcher) const {
  return matchers.empty() || std::ranges::find(matchers, matcher) != matchers.end();
}

Options read_options(int argc, const char* const* argv) {
  namespace po = boost::program_options;
  Options options;
  std::string sets;
  std::string hits;
  std::string matchers;
  po::options_description known("usage: bench_matcher [options]");
  known.add_options()("help,h", "print this")(
      "sets", po::value(&sets)->default_value("345k,1m,3.7m,10m"), "rule sets")(
      "hits", po::value(&hits)->default_value("5,50,100"), "percentages of names that are covered")(
      "matchers", po::value(&matchers), "run only these, such as `absl,sluice`")(
      "queries", po::value(&options.queries)->default_value(2'000'000), "names to look up")(
      "rounds", po::value(&options.rounds)->default_value(5),
      "print the median of this many rounds")("seed", po::value(&options.seed)->default_value(1),
                                              "seed of all random choices")(
      "shared", po::value(&options.shared),
      "folder that has lists/ (default: $SLUICE_SHARED, or ../shared beside the checkout)")(
      "csv", po::value(&options.csv), "also write the figures to this file");
  po::variables_map given;
  po::store(po::parse_command_line(argc, argv, known), given);
  po::notify(given);
  options.help = given.contains("help");
  if (options.help) std::cout << known;
  options.sets = split(sets);
  options.matchers = split(matchers);
  for (const std::string& hit : split(hits)) {
    options.hits.push_back(static_cast<unsigned>(std::stoul(hit)));
    if (options.hits.back() > 100) throw std::runtime_error("--hits: at most 100");
  }
  if (options.queries == 0 || options.rounds == 0) {
    throw std::runtime_error("--queries and --rounds: at least 1");
  }
  return options;
}

}  // namespace sluice::bench
