// What an update of few entries in a large set costs: from the changes to a ban that can be
// published, from a primary name server to there, and what lookups pay for the overlay.
//
//   bench_updates [RULES]     1000000 by default
//
// Checks each answer before it counts. Names are made up, seeded; a lookup misses unless said.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "filters/match/domain_set_builder.h"
#include "gateway/app/ban_builder.h"
#include "gateway/app/sources.h"
#include "lists/transfer/zone_feed.h"
#include "lists/transfer/zone_source.h"
#include "tests/lists/transfer/primary_server.h"

namespace sluice::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}

double resident_mib() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string name_of(std::size_t i) {
  return "host" + std::to_string(i * 2654435761U % 100'000'007U) + ".zone" +
         std::to_string(i % 70'000) + ".example";
}
std::string record_of(const std::string& name) {
  return name + ".rpz.test.\t60\tCNAME\t.\n";
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Folder {
  fs::path path = fs::temp_directory_path() / ("sluice_bench_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

config::LiveSettings settings_of(const fs::path& file) {
  config::LiveSettings settings;
  settings.zones.push_back({.list = "zone",
                            .zone = "rpz.test",
                            .primaries = {},
                            .key_file = {},
                            .notify = {},
                            .file = file});
  settings.lists.push_back({.name = "zone",
                            .source = lists::zone_source(file, "rpz.test"),
                            .format = lists::Format::rpz,
                            .app = "app"});
  settings.policies.push_back({"all", {}, {"app"}, policy::Action::drop, {}});
  return settings;
}

bool blocks(const app::Ban& ban, const std::string& name) {
  return ban.snapshot->domains.find(*name::Name::from_text(name)).rule.valid();
}

// 50 names less, 50 more, in the format of the feed.
lists::ListChanges changes(std::size_t rules, std::size_t round, std::uint32_t serial) {
  const std::string origin = "$ORIGIN rpz.test.\n";
  lists::ListChanges it{.list = "zone",
                        .from = std::to_string(serial),
                        .version = std::to_string(serial + 1),
                        .modified = {},
                        .removed = origin,
                        .added = origin};
  for (std::size_t i = 0; i < 50; ++i) {
    it.removed += record_of(name_of(round * 50 + i));
    it.added += record_of(name_of(rules + round * 50 + i));
  }
  return it;
}

void write_zone(const fs::path& file, std::size_t rules) {
  const lists::ZoneFiles files(file, "rpz.test.");
  const auto writer = files.write({1, 3600, 60, 86400});
  for (std::size_t i = 0; i < rules; ++i) writer->add(record_of(name_of(i)));
  require(writer->finish().has_value(), "the zone file");
}

void measure_amending(const Folder& folder, std::size_t rules) {
  const fs::path file = folder.path / "zone";
  write_zone(file, rules);
  app::BanBuilder builder(settings_of(file), [] { return fail(std::string("none")); });
  auto start = Clock::now();
  auto ban = builder.build_first();
  require(ban.has_value(), "the first ban");
  std::printf("everything compiled      %9.1f ms   %zu rules, %.0f MiB resident, peak %.0f MiB\n",
              milliseconds(Clock::now() - start), ban->snapshot->domains.size(), resident_mib(),
              peak_mib());
  const double resident = resident_mib();
  const auto* const image = ban->snapshot->domains.image().data();
  std::vector<double> times;
  constexpr std::size_t kRounds = 100;  // 10,000 changes: the overlay is not folded yet
  for (std::size_t round = 0; round < kRounds; ++round) {
    builder.want(changes(rules, round, static_cast<std::uint32_t>(round + 1)));
    start = Clock::now();
    auto next = builder.build();
    times.push_back(milliseconds(Clock::now() - start));
    require(next && blocks(*next, name_of(rules + round * 50)), "an added name is blocked");
    require(!blocks(*next, name_of(round * 50)), "a removed name passes");
    require(blocks(*next, name_of(rules - 1)), "another name is blocked");
    require(next->snapshot->domains.image().data() == image, "the image is shared");
    ban = std::move(next);
    require(!builder.built(true), "nothing else is wanted");
  }
  std::printf(
      "100 changes amended      %9.1f ms   first 10; %.1f ms the last 10, with %zu before\n",
      median({times.begin(), times.begin() + 10}), median({times.end() - 10, times.end()}),
      kRounds * 100);
  std::printf("memory of all amendments %9.1f MiB  resident more than before; peak %.0f MiB\n",
              resident_mib() - resident, peak_mib());
}

void measure_transfer(const Folder& folder, std::size_t rules, test::Server server) {
  const char* const name = server == test::Server::knot ? "Knot DNS" : "BIND 9";
  if (const std::string why = test::PrimaryServer::missing(server); !why.empty()) {
    std::printf("%s: skipped: %s\n", name, why.c_str());
    return;
  }
  const fs::path file = folder.path / "transferred";
  fs::remove(file);
  test::PrimaryServer primary(folder.path / name, {.server = server});
  for (std::size_t i = 0; i < rules; ++i) primary.records.insert(name_of(i) + " CNAME .");
  require(primary.start(), "the primary starts");
  const auto feed =
      lists::ZoneFeed::open({.zone = "rpz.test",
                             .primaries = {{*IpAddress::parse("127.0.0.1"), Port{primary.port()}}},
                             .key = {},
                             .notify = {},
                             .file = file,
                             .limits = {}});
  require(feed.has_value(), "the feed");
  lists::Bell bell;
  const auto fetch = [&](double& took) {
    for (int i = 0; i < 3000; ++i) {
      const auto start = Clock::now();
      auto fetched = (*feed)->fetch({}, bell);
      took = milliseconds(Clock::now() - start);
      if (fetched && *fetched) return std::move(**fetched);
      bell.wait_for(std::chrono::milliseconds(20));
    }
    require(false, "a transfer");
    std::abort();
  };
  double whole = 0;
  static_cast<void>(fetch(whole));
  std::printf("%-8s whole zone      %9.1f ms   AXFR to the zone on disk\n", name, whole);
  app::BanBuilder builder(settings_of(file), [] { return fail(std::string("none")); });
  auto ban = builder.build_first();
  require(ban.has_value(), "the first ban");
  std::vector<double> transfers, all;
  for (std::size_t round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < 50; ++i) {
      primary.records.erase(name_of(round * 50 + i) + " CNAME .");
      primary.records.insert(name_of(rules + round * 50 + i) + " CNAME .");
    }
    primary.update();
    double took = 0;
    auto fetched = fetch(took);
    auto changes = std::exchange(fetched.changes, std::nullopt);
    require(changes.has_value(), "an incremental transfer");
    builder.want(app::changes_of("zone", std::move(fetched), std::move(*changes)));
    const auto start = Clock::now();
    auto next = builder.build();
    const double built = milliseconds(Clock::now() - start);
    require(next && blocks(*next, name_of(rules + round * 50)), "an added name is blocked");
    require(!blocks(*next, name_of(round * 50)), "a removed name passes");
    static_cast<void>(builder.built(true));
    transfers.push_back(took);
    all.push_back(took + built);
  }
  std::printf("%-8s 100 changes     %9.1f ms   asked to in force; of it IXFR to disk %.1f ms\n",
              name, median(all), median(transfers));
}

// ns a name; misses, and names of the set.
void measure_lookups(std::size_t rules) {
  match::DomainSetBuilder builder(HashKey{1, 2});
  const match::AppId app = *builder.app("app");
  const match::ListId list = *builder.list("list");
  std::vector<name::Name> names;
  for (std::size_t i = 0; i < rules; ++i) {
    const auto name = *name::Name::from_text(name_of(i));
    static_cast<void>(builder.add(name, match::EntryKind::suffix, app, list, 1));
  }
  const match::DomainSet base = builder.build()->set;
  std::vector<std::string> misses, hits;
  std::mt19937 random(5);
  for (std::size_t i = 0; i < 200'000; ++i) {
    misses.push_back("www.site" + std::to_string(random() % 500'000) + ".com");
    hits.push_back("www." + name_of(20'000 + random() % (rules - 20'000)));
  }
  const auto wires_of = [](const std::vector<std::string>& texts, std::vector<std::byte>& bytes) {
    std::vector<match::WireName> wires;
    std::vector<std::uint32_t> starts;
    bytes.assign(16, {});
    for (const std::string& text : texts) {
      starts.push_back(static_cast<std::uint32_t>(bytes.size()));
      const auto name = *name::Name::from_text(text);
      bytes.insert(bytes.end(), name.wire().begin(), name.wire().end());
    }
    for (const std::uint32_t start : starts) wires.push_back({bytes, start});
    return wires;
  };
  std::vector<std::byte> miss_bytes, hit_bytes;
  const auto miss_wires = wires_of(misses, miss_bytes);
  const auto hit_wires = wires_of(hits, hit_bytes);
  const auto with_overlay = [&](std::size_t changed) {
    auto beside = match::DomainSetBuilder::beside(base);
    std::vector<match::RuleId> removed;
    for (std::size_t i = 0; i < changed / 2; ++i) {
      const auto name = *name::Name::from_text(name_of(i));
      removed.push_back(
          base.find_rule({.name = name.wire(), .app = app}, [](match::ListId) { return true; }));
      const auto more = *name::Name::from_text(name_of(rules + i));
      static_cast<void>(beside.add(more, match::EntryKind::suffix, app, list, 1));
    }
    return base.with(beside.build()->set, removed);
  };
  struct Variant {
    const char* name;
    match::DomainSet set;
    std::vector<double> single, batch, hit;
  };
  Variant variants[] = {{"no overlay", base, {}, {}, {}},
                        {"100 changes", with_overlay(100), {}, {}, {}},
                        {"10000 changes", with_overlay(10'000), {}, {}, {}}};
  const auto per_name = [](std::size_t count, Clock::duration time) {
    return std::chrono::duration<double, std::nano>(time).count() / static_cast<double>(count);
  };
  const auto single = [&](const match::DomainSet& set, const std::vector<match::WireName>& wires,
                          bool hit) {
    std::size_t found = 0;
    const auto start = Clock::now();
    for (const match::WireName& wire : wires) found += set.find(wire).rule.valid() ? 1U : 0U;
    const auto time = Clock::now() - start;
    require(found == (hit ? wires.size() : 0), "lookups");
    return per_name(wires.size(), time);
  };
  std::vector<match::Match> matches(miss_wires.size());
  for (int round = 0; round < 21; ++round) {  // interleaved
    for (Variant& it : variants) {
      it.single.push_back(single(it.set, miss_wires, false));
      it.hit.push_back(single(it.set, hit_wires, true));
      const auto start = Clock::now();
      it.set.find_batch(miss_wires, matches);
      it.batch.push_back(per_name(miss_wires.size(), Clock::now() - start));
      require(std::ranges::none_of(matches,
                                   [](const match::Match& match) { return match.rule.valid(); }),
              "lookups in batch");
    }
  }
  for (const Variant& it : variants) {
    std::printf("%-14s a miss %6.1f ns, in batch %6.1f ns, a hit %6.1f ns\n", it.name,
                median(it.single), median(it.batch), median(it.hit));
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  using namespace sluice::bench;
  const std::size_t rules = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const Folder folder;
  measure_lookups(rules);
  measure_amending(folder, rules);
  measure_transfer(folder, rules, sluice::test::Server::knot);
  measure_transfer(folder, rules, sluice::test::Server::bind);
}
