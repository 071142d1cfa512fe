#include "tests/evasion/course.h"

#include <algorithm>
#include <memory>

#include "tests/evasion/datagram_server.h"
#include "tests/evasion/fragment_host.h"
#include "tests/support/fragments.h"

namespace sluice::evasion {
namespace {

// When the server's acknowledgments reach the client.
enum class Acknowledge : std::uint8_t {
  at_once,
  late,  // all but the last acknowledgment are lost before the gateway
};

struct Setting {
  const Script& script;
  Stack stack;
  Acknowledge acknowledge;
  Family family;
  Kind kind;
  bool one_way = false;
};

// One attempt. Without a middlebox: as if there were no gateway.
class Run {
 public:
  Run(const Setting& setting, Middlebox* middlebox, Pair pair = {})
      : setting_(setting),
        middlebox_(middlebox),
        ip_(setting.stack.overlap),
        server_({setting.stack, setting.script.fast_open, setting.script.handshake}),
        datagrams_(setting.kind, setting.stack.overlap, setting.script.sealed),
        to_server_(path_of(pair, setting.family, port_of(setting.kind))) {
    to_server_.vlans = setting.script.vlans;
    to_client_ = reversed(to_server_);
  }

  // `again`: in the end, the client's stack sends again what was not acknowledged.
  std::vector<ByteVector> go(bool again) {
    for (const Shot& shot : setting_.script.shots) send(shot);
    flush();
    if (again) retransmit();
    flush();
    return over_udp() ? datagrams_.streams() : server_.streams();
  }

 private:
  void send(const Shot& shot) {
    const Script& script = setting_.script;
    Segment segment{.sequence = script.initial + 1 + static_cast<std::uint32_t>(shot.at),
                    .flags = shot.flags,
                    .payload = shot.payload,
                    .hops = shot.hops,
                    .bad_checksum = shot.bad_checksum,
                    .md5 = shot.md5,
                    .timestamp = shot.timestamp,
                    .urgent = shot.urgent};
    if (shot.flags.find('A') != std::string_view::npos) {
      segment.acknowledgment = server_next_ + shot.acknowledgment_error;
    }
    if (shot.as_server) {
      std::swap(segment.sequence, segment.acknowledgment);
      pass(frame_of(segment, to_client_), io::Side::inside);  // no router takes it further
      return;
    }
    is_seen_ = !shot.unseen;
    const ByteVector frame = packet_of(segment);
    if (shot.pieces.empty()) return arrive(frame, shot.wrapping);
    segment.payload = shot.decoy;
    const ByteVector decoy = shot.decoy.empty() ? ByteVector{} : packet_of(segment);
    ++fragmented_;
    for (const Piece& piece : shot.pieces) {
      arrive(test::fragment_of(piece.of_decoy ? decoy : frame, piece.from, piece.to - piece.from,
                               {.id = fragmented_}));
    }
  }

  [[nodiscard]] bool over_udp() const { return is_over_udp(setting_.kind); }
  [[nodiscard]] ByteVector packet_of(const Segment& segment) const {
    return over_udp() ? datagram_frame(segment.payload, to_server_) : frame_of(segment, to_server_);
  }

  // At the gateway, and behind it.
  void arrive(const ByteVector& frame, Wrapping wrapping = {}) {
    for (const ByteVector& passed : pass(wrap(frame, wrapping), io::Side::inside)) {
      const auto whole = ip_.receive(unwrap(passed, frame, wrapping));
      if (whole) take(*whole);
    }
  }

  // At the server.
  void take(const ByteVector& packet) {
    if (over_udp()) return datagrams_.receive(packet);
    for (const Segment& answer : server_.receive(packet)) reply(answer);
  }

  void reply(const Segment& answer) {
    const bool bare = answer.flags == "A";
    if (bare && setting_.acknowledge == Acknowledge::late) {
      held_ = {answer};
      return;
    }
    if (pass(frame_of(answer, to_client_), io::Side::outside).empty()) return;
    if (answer.flags.starts_with('S')) server_next_ = answer.sequence + 1;
  }

  void flush() {
    for (const Segment& answer : held_) pass(frame_of(answer, to_client_), io::Side::outside);
    held_.clear();
  }

  void retransmit() {
    if (over_udp()) {
      for (const Shot& shot : setting_.script.shots) send(shot);
      return;
    }
    constexpr std::size_t kMost = 1400;
    const Script& script = setting_.script;
    for (std::size_t from = 0; from < script.stream.size(); from += kMost) {
      const std::size_t size = std::min(kMost, script.stream.size() - from);
      const auto part = Bytes(script.stream).subspan(from, size);
      send({.at = script.stream_at + static_cast<std::int64_t>(from),
            .payload = {part.begin(), part.end()}});
    }
  }

  // What is forwarded behind the gateway.
  std::vector<ByteVector> pass(const ByteVector& frame, io::Side side) {
    if (middlebox_ == nullptr || !is_seen_) return {frame};
    if (setting_.one_way && side == io::Side::outside) return {frame};
    return middlebox_->forward(frame, side);
  }

  Setting setting_;
  Middlebox* middlebox_;
  FragmentHost ip_;
  ModelServer server_;
  DatagramServer datagrams_;
  std::uint32_t fragmented_ = 0;
  Path to_server_, to_client_;
  std::uint32_t server_next_ = 0;
  bool is_seen_ = true;
  std::vector<Segment> held_;
};

bool names_app(Kind kind, const std::vector<ByteVector>& streams) {
  return std::ranges::any_of(streams, [&](const ByteVector& stream) {
    const auto names = names_in(kind, stream);
    return std::ranges::find(names, kBannedName) != names.end();
  });
}

std::string describe(const Setting& setting, const Payload& payload) {
  return std::string(to_string(setting.kind)) + " " + std::string(setting.stack.name) +
         (setting.acknowledge == Acknowledge::late ? " late" : "") + " " + payload.name + " " +
         setting.script.what;
}

// What the server reads behind the gateway.
std::vector<ByteVector> run_guarded(const Setting& setting, Gateway gateway, bool again) {
  if (gateway.wires != nullptr) {
    Wire& wire = *gateway.wires->guarded;
    return Run(setting, &wire, wire.new_pair()).go(again);
  }
  Engine engine(gateway);
  return Run(setting, &engine).go(again);
}

// Without it.
std::vector<ByteVector> run_bare(const Setting& setting, Gateway gateway, bool again) {
  if (gateway.wires == nullptr || gateway.wires->plain == nullptr) {
    return Run(setting, nullptr).go(again);
  }
  Wire& wire = *gateway.wires->plain;
  return Run(setting, &wire, wire.new_pair()).go(again);
}

void run_banned(const Setting& setting, const Payload& payload, Gateway gateway, Result& result) {
  const bool passed = names_app(setting.kind, run_guarded(setting, gateway, true));
  if (passed) result.passed.push_back(describe(setting, payload));
  if (names_app(setting.kind, Run(setting, nullptr).go(true))) ++result.shown;
}

// What an ordinary client's server may read behind the gateway: the same as without it, what the
// client wants it to read, or the first copy of each byte.
void run_ordinary(const Setting& setting, const Payload& payload, Gateway gateway, Result& result) {
  const bool again = setting.script.sends_again;
  const auto guarded = run_guarded(setting, gateway, again);
  if (guarded == run_bare(setting, gateway, again)) return;
  if (guarded == std::vector<ByteVector>{setting.script.stream}) return;
  Setting first_copies = setting;
  first_copies.stack.overlap = Overlap::first;
  if (guarded == run_bare(first_copies, gateway, again)) return;
  if ((gateway.asymmetric || gateway.one_way) && setting.script.needs_server) {
    ++result.broken;
    return;
  }
  result.collateral.push_back(describe(setting, payload));
}

// Two shots have payload at the same offset, so the stack decides which one is read.
bool is_contested(const Script& script) {
  if (std::ranges::any_of(script.shots, [](const Shot& shot) { return !shot.decoy.empty(); })) {
    return true;
  }
  const auto end = [](const Shot& shot) {
    return shot.at + static_cast<std::int64_t>(shot.payload.size());
  };
  for (std::size_t i = 0; i < script.shots.size() && script.shots.size() < 64; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const Shot& a = script.shots[i];
      const Shot& b = script.shots[j];
      if (a.at < end(b) && b.at < end(a)) return true;
    }
  }
  return false;
}

void run_once(const Setting& setting, const Payload& payload, Gateway gateway, Result& result) {
  try {
    if (payload.name == kBannedName) {
      run_banned(setting, payload, gateway, result);
    } else {
      run_ordinary(setting, payload, gateway, result);
    }
    ++result.runs;
  } catch (const NotCarried&) {
    ++result.left_out;
  }
}

Result run_payload(const Case& entry, const Payload& payload, Family family, Gateway gateway) {
  Result result;
  const Scripts scripts = entry.build(payload);
  const std::size_t step = step_through(scripts.size(), gateway.every);
  for (std::size_t at = 0; at < scripts.size(); at += step) {
    const Script& script = scripts[at];
    const std::size_t stacks = is_contested(script) ? std::size(kStacks) : 2;
    for (std::size_t i = 0; i < stacks; ++i) {
      for (const Acknowledge acknowledge : {Acknowledge::at_once, Acknowledge::late}) {
        const Setting setting{script, kStacks[i],   acknowledge,
                              family, payload.kind, gateway.one_way};
        run_once(setting, payload, gateway, result);
      }
    }
  }
  return result;
}

test::LabOptions options_of(Gateway gateway, policy::Ech ech) {
  test::LabOptions options;
  options.limits = {.flows = 16,
                    .streams = 4,
                    .leases = {.leases = 4, .innocents = 4},
                    .questions = 16,
                    .named_datagrams = 16,
                    .fragments = {.datagrams = 4},
                    .hellos = {.flows = 16, .streams = 4, .clients = 16}};
  options.fallbacks.ech = ech;
  options.can.sides = true;
  options.enforce = gateway.enforce;
  options.offload = gateway.offload;
  options.workers = gateway.workers;
  if (gateway.asymmetric || gateway.one_way) options.routes = flow::Routes::asymmetric;
  return options;
}

}  // namespace

Engine::Engine(Gateway gateway, policy::Ech ech) : lab_(options_of(gateway, ech)) {}

std::vector<ByteVector> Engine::forward(const ByteVector& frame, io::Side side) {
  auto passed = lab_.forward(frame, side);
  if (!passed) return {};
  return {std::move(*passed)};
}

void Result::add(const Result& other) {
  runs += other.runs;
  left_out += other.left_out;
  shown += other.shown;
  broken += other.broken;
  passed.insert(passed.end(), other.passed.begin(), other.passed.end());
  collateral.insert(collateral.end(), other.collateral.begin(), other.collateral.end());
}

Result run_case(const Case& entry, Kind kind, Family family, Gateway gateway) {
  Result result;
  for (const std::string_view name : {kBannedName, kOrdinaryName}) {
    if (name == kOrdinaryName && !asks_for_ordinary(entry.trait)) continue;
    result.add(run_payload(entry, payload_of(kind, name), family, gateway));
  }
  return result;
}

Result run_case(const Case& entry, Family family, Gateway gateway) {
  Result result;
  for (const Kind kind : entry.kinds) result.add(run_case(entry, kind, family, gateway));
  return result;
}

}  // namespace sluice::evasion
