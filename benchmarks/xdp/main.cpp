// The XDP program alone: ns a frame by kind, run by the kernel over frames in memory
// (BPF_PROG_TEST_RUN); and which kind of map holds the decided flows best: the kernel's LRU hash,
// or a hash whose oldest entry user space removes itself.
//
//   bench_xdp [ENTRIES]     65536 by default, the default of `[limits] flows`; as root
//
// Touches no interface. Checks the outcome of each frame before it counts. The two kinds of map
// take turns; minima and medians of the rounds. Figures of one run on one machine can be compared.

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/packet/packet.h"
#include "gateway/dataplane/xdp/bpf/maps.h"
#include "tests/support/flow_entries.h"
#include "tests/support/packet_builder.h"

namespace sluice::bench {
namespace {

using namespace io::bpf;  // NOLINT(google-build-using-namespace): C names with a prefix
using test::ByteVector;
using test::FrameBuilder;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kRounds = 7;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s\n", what.c_str());
  std::exit(1);
}

struct CloseObject {
  void operator()(bpf_object* object) const noexcept { bpf_object__close(object); }
};

// The program with its maps, on no interface.
class Program {
 public:
  Program(bpf_map_type kind, std::uint32_t entries)
      : object_(bpf_object__open_file(SLUICE_XDP_PROGRAM, nullptr)) {
    require(object_ != nullptr, "open " SLUICE_XDP_PROGRAM);
    bpf_map* const flows = bpf_object__find_map_by_name(object_.get(), "flows");
    require(flows != nullptr && bpf_map__set_type(flows, kind) == 0 &&
                bpf_map__set_max_entries(flows, entries) == 0,
            "map of flows");
    require(bpf_object__load(object_.get()) == 0, "load the program (as root?)");
    flows_ = bpf_map__fd(flows);
    outcomes_ = bpf_object__find_map_fd_by_name(object_.get(), "outcomes");
    program_ = bpf_program__fd(bpf_object__find_program_by_name(object_.get(), "sluice_gateway"));
    sluice_settings settings{};
    settings.udp_ports[0] = std::uint64_t{1} << 53;
    const std::uint32_t zero = 0;
    require(bpf_map_update_elem(bpf_object__find_map_fd_by_name(object_.get(), "settings"), &zero,
                                &settings, BPF_ANY) == 0,
            "settings");
  }

  // ns a frame, as the kernel measures it.
  [[nodiscard]] double run(const ByteVector& frame, std::uint32_t times) const {
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<std::uint32_t>(frame.size());
    run.repeat = static_cast<int>(times);
    require(bpf_prog_test_run_opts(program_, &run) == 0, "run the program");
    return run.duration;
  }
  void expect(const ByteVector& frame, sluice_outcome outcome, const std::string& what) const {
    const std::uint64_t before = count(outcome);
    static_cast<void>(run(frame, 1));
    require(count(outcome) == before + 1, what);
  }
  bool put(const sluice_flow_key& key, sluice_verdict verdict) const {
    sluice_flow flow{};
    flow.verdict = verdict;
    return bpf_map_update_elem(flows_, &key, &flow, BPF_ANY) == 0;
  }
  bool remove(const sluice_flow_key& key) const { return bpf_map_delete_elem(flows_, &key) == 0; }

 private:
  [[nodiscard]] std::uint64_t count(std::uint32_t outcome) const {
    std::vector<sluice_traffic> of_each(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    require(bpf_map_lookup_elem(outcomes_, &outcome, of_each.data()) == 0, "outcomes");
    std::uint64_t sum = 0;
    for (const sluice_traffic& traffic : of_each) sum += traffic.packets;
    return sum;
  }

  std::unique_ptr<bpf_object, CloseObject> object_;
  int flows_ = -1, outcomes_ = -1, program_ = -1;
};

ByteVector data_of_flow(std::size_t number) {
  const std::string client = "10." + std::to_string(number >> 16 & 255) + '.' +
                             std::to_string(number >> 8 & 255) + '.' +
                             std::to_string(number & 255) + ":5000";
  return FrameBuilder(client, "198.51.100.2:443").tcp(1, 1, "A").payload(ByteVector(1400)).build();
}
sluice_flow_key key_of(const ByteVector& frame) {
  const auto key = test::flow_key_of(*packet::decode(frame, LinkType::ethernet)).value();
  sluice_flow_key out{};
  static_assert(sizeof key == sizeof out);
  std::memcpy(&out, &key, sizeof out);
  return out;
}

struct Times {
  std::vector<double> each;
  [[nodiscard]] double least() const { return *std::ranges::min_element(each); }
  [[nodiscard]] double median() const {
    std::vector<double> sorted = each;
    std::ranges::sort(sorted);
    return sorted[sorted.size() / 2];
  }
};

void print_row(const std::string& what, const Times& lru, const Times& plain) {
  std::printf("%-52s %8.0f %8.0f %8.0f %8.0f\n", what.c_str(), lru.least(), lru.median(),
              plain.least(), plain.median());
}

struct Kind {
  const char* name;
  ByteVector frame;
  sluice_outcome outcome;
};
std::vector<Kind> kinds() {
  ByteVector arp(60);
  arp[12] = std::byte{0x08};
  arp[13] = std::byte{0x06};
  const ByteVector passed = data_of_flow(0), dropped = data_of_flow(1);
  return {{"ARP", std::move(arp), SLUICE_OF_NO_INTEREST},
          {"TCP, its flow passes", passed, SLUICE_FLOW_PASSED},
          {"TCP, its flow is dropped", dropped, SLUICE_FLOW_DROPPED},
          {"UDP that shows no name",
           FrameBuilder("192.0.2.1:5000", "198.51.100.2:9000").payload("\x40voice").build(),
           SLUICE_OF_NO_INTEREST},
          {"a SYN, for a judge (there is none: it passes)",
           FrameBuilder("192.0.2.1:5000", "198.51.100.2:443").tcp(1, 0, "S").build(),
           SLUICE_FAILED_OPEN},
          {"a DNS question, likewise",
           FrameBuilder("192.0.2.1:5000", "198.51.100.53:53")
               .payload(test::dns_query("www.example.com"))
               .build(),
           SLUICE_FAILED_OPEN}};
}

// ns an entry that is made where all places are taken: by a flow that was not there, for each of
// `fresh`.
double make_entries(const Program& program, std::span<const sluice_flow_key> fresh,
                    std::span<const sluice_flow_key> oldest) {
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    if (!oldest.empty()) require(program.remove(oldest[i]), "the oldest entry was there");
    require(program.put(fresh[i], SLUICE_PASS_FLOW), "an entry is made");
  }
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() /
         static_cast<double>(fresh.size());
}

int run(std::uint32_t entries) {
  const Program lru(BPF_MAP_TYPE_LRU_HASH, entries), plain(BPF_MAP_TYPE_HASH, entries);
  const auto each = kinds();
  for (const Program* program : {&lru, &plain}) {
    require(program->put(key_of(each[1].frame), SLUICE_PASS_FLOW) &&
                program->put(key_of(each[2].frame), SLUICE_DROP_FLOW),
            "entries");
    for (const Kind& kind : each) program->expect(kind.frame, kind.outcome, kind.name);
  }
  std::printf(
      "ns, %u entries of flows                            LRU hash: least   median  hash: least "
      "median\n",
      entries);
  constexpr std::uint32_t kTimes = 500'000;
  for (const Kind& kind : each) {
    Times of_lru, of_plain;
    for (std::size_t round = 0; round < kRounds; ++round) {
      of_lru.each.push_back(lru.run(kind.frame, kTimes));
      of_plain.each.push_back(plain.run(kind.frame, kTimes));
    }
    print_row(kind.name, of_lru, of_plain);
  }

  // Half as many flows as entries, in turn, so that neither is in the cache; what a call costs that
  // finds no entry to read is taken off.
  std::vector<ByteVector> frames;
  std::vector<sluice_flow_key> keys;
  for (std::size_t i = 2; i < entries / 2; ++i) {
    frames.push_back(data_of_flow(i));
    keys.push_back(key_of(frames.back()));
    require(lru.put(keys.back(), SLUICE_PASS_FLOW) && plain.put(keys.back(), SLUICE_PASS_FLOW),
            "entries");
  }
  const auto in_turn = [&](const Program& program, bool flows) {
    double sum = 0;
    for (const ByteVector& frame : frames) sum += program.run(flows ? frame : each[0].frame, 1);
    return sum / static_cast<double>(frames.size());
  };
  Times of_lru, of_plain;
  for (std::size_t round = 0; round < kRounds; ++round) {
    of_lru.each.push_back(in_turn(lru, true) - in_turn(lru, false));
    of_plain.each.push_back(in_turn(plain, true) - in_turn(plain, false));
  }
  print_row("TCP, one of many flows, over an ARP frame", of_lru, of_plain);

  // Both full, then as many again.
  std::vector<sluice_flow_key> fresh;
  for (std::size_t i = 0; i < std::size_t{entries} * (kRounds + 1); ++i) {
    sluice_flow_key key = keys[0];
    key.high_address.words[0] = static_cast<std::uint32_t>(i) + 1;
    fresh.push_back(key);
  }
  const auto part = [&](std::size_t round) {
    return std::span<const sluice_flow_key>(fresh).subspan(round * entries, entries);
  };
  const Program full_lru(BPF_MAP_TYPE_LRU_HASH, entries), full_plain(BPF_MAP_TYPE_HASH, entries);
  make_entries(full_lru, part(0), {});
  make_entries(full_plain, part(0), {});
  Times made_lru, made_plain;
  for (std::size_t round = 1; round <= kRounds; ++round) {
    made_lru.each.push_back(make_entries(full_lru, part(round), {}));
    made_plain.each.push_back(make_entries(full_plain, part(round), part(round - 1)));
  }
  print_row("an entry is made, all places taken", made_lru, made_plain);
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  const unsigned long entries = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 65536;
  if (argc > 2 || entries < 1024 || entries > 4'000'000) {
    std::fprintf(stderr, "usage: bench_xdp [ENTRIES]     1024 to 4000000\n");
    return 2;
  }
  return sluice::bench::run(static_cast<std::uint32_t>(entries));
}
