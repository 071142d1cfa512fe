#include "tests/evasion/answers.h"

#include <algorithm>

#include "tests/gateway/engine/lab.h"

namespace sluice::evasion {
namespace {

// What the model client takes as acknowledged: it begins at 5000.
constexpr std::uint32_t kAnswered = 5001;
constexpr std::uint16_t kDnsPort = 53;

struct AnswerSetting {
  const Script& script;
  Carrier carrier;
  Stack stack;
  Family family;
  bool acknowledges;
};

// One attempt. Without a middlebox: as if there were no gateway.
class Exchange {
 public:
  Exchange(const AnswerSetting& setting, Middlebox* middlebox, Pair pair = {})
      : setting_(setting),
        middlebox_(middlebox),
        client_({setting.stack}),
        to_server_(path_of(pair, setting.family, kDnsPort)),
        to_client_(reversed(to_server_)) {}

  // What the client's application reads: a stream, or a datagram each.
  std::vector<ByteVector> go(bool again) {
    if (setting_.carrier == Carrier::udp) return go_by_datagram();
    ask();
    for (const Shot& shot : setting_.script.shots) send(shot);
    if (again) send({.payload = setting_.script.stream});
    return client_.streams();
  }

 private:
  std::vector<ByteVector> go_by_datagram() {
    std::vector<ByteVector> read;
    for (const Shot& shot : setting_.script.shots) {
      const ByteVector frame =
          test::FrameBuilder(to_client_.source.to_string(), to_client_.destination.to_string())
              .payload(shot.payload)
              .build();
      const ByteVector passed = pass(frame, io::Side::outside);
      if (passed.empty()) continue;
      const auto size = static_cast<std::ptrdiff_t>(shot.payload.size());
      read.emplace_back(passed.end() - size, passed.end());
    }
    return read;
  }

  // A connection and a question in it, of which the client has the start.
  void ask() {
    const ByteVector question = test::framed(test::dns_query("www.example.io"));
    const std::uint32_t first = kAnswered - static_cast<std::uint32_t>(question.size());
    const std::uint32_t initial = setting_.script.initial;
    pass(frame_of({.sequence = first - 1, .flags = "S"}, to_server_), io::Side::inside);
    pass(frame_of({.sequence = initial, .acknowledgment = first, .flags = "SA"}, to_client_),
         io::Side::outside);
    pass(frame_of(
             {.sequence = first, .acknowledgment = initial + 1, .flags = "PA", .payload = question},
             to_server_),
         io::Side::inside);
    static_cast<void>(client_.receive(frame_of({.sequence = initial, .flags = "S"}, to_client_)));
    static_cast<void>(client_.receive(
        frame_of({.sequence = initial + 1, .acknowledgment = kAnswered}, to_client_)));
  }

  void send(const Shot& shot) {
    const Segment segment{
        .sequence = setting_.script.initial + 1 + static_cast<std::uint32_t>(shot.at),
        .acknowledgment = kAnswered,
        .flags = "PA",
        .payload = shot.payload,
        .bad_checksum = shot.bad_checksum};
    const ByteVector frame = pass(frame_of(segment, to_client_), io::Side::outside);
    if (frame.empty()) return;
    for (const Segment& reply : client_.receive(frame)) {
      if (setting_.acknowledges) pass(frame_of(reply, to_server_), io::Side::inside);
    }
  }

  // What is forwarded; empty if nothing is.
  ByteVector pass(const ByteVector& frame, io::Side side) {
    if (middlebox_ == nullptr) return frame;
    std::vector<ByteVector> passed = middlebox_->forward(frame, side);
    return passed.empty() ? ByteVector{} : std::move(passed.front());
  }

  AnswerSetting setting_;
  Middlebox* middlebox_;
  ModelServer client_;
  Path to_server_, to_client_;
};

bool leads_to_app(Carrier carrier, const std::vector<ByteVector>& read) {
  return std::ranges::any_of(read, [&](const ByteVector& bytes) {
    const auto targets = targets_in(carrier == Carrier::udp ? test::framed(bytes) : bytes);
    return std::ranges::find(targets, kBannedName) != targets.end();
  });
}

std::vector<ByteVector> run_guarded(const AnswerSetting& setting, Gateway gateway,
                                    policy::Ech ech) {
  if (gateway.wires != nullptr) {
    Wire& wire = *gateway.wires->guarded;
    return Exchange(setting, &wire, wire.new_pair()).go(true);
  }
  Engine engine(gateway, ech);
  return Exchange(setting, &engine).go(true);
}

void run_answer(const AnswerSetting& setting, bool is_banned, const std::string& what,
                const std::vector<ByteVector>& guarded, Result& result) {
  ++result.runs;
  const auto bare = Exchange(setting, nullptr).go(true);
  if (is_banned) {
    if (leads_to_app(setting.carrier, bare)) ++result.shown;
    if (leads_to_app(setting.carrier, guarded)) result.passed.push_back(what);
  } else if (bare != guarded) {
    result.collateral.push_back(what);
  }
}

}  // namespace

std::string_view to_string(Carrier carrier) {
  return carrier == Carrier::udp ? "udp" : "tcp";
}

Result run_answer_case(const AnswerCase& entry, Family family, Gateway gateway) {
  Result result;
  // A gateway at work hides no keys while it runs the other cases.
  if (gateway.wires != nullptr && entry.ech != policy::Ech::allow) return result;
  for (const std::string_view target : {kBannedName, kOrdinaryName}) {
    const bool is_banned = target == kBannedName;
    if (!is_banned && !asks_for_ordinary(entry.trait)) continue;
    const std::vector<Script> scripts = entry.build(target);
    for (std::size_t i = 0; i < scripts.size(); i += step_through(scripts.size(), gateway.every)) {
      for (const Stack& stack : kStacks) {
        for (const bool acknowledges : {true, false}) {
          const std::string what = std::string(stack.name) + (acknowledges ? "" : " late") + " " +
                                   std::string(target) + " script " + std::to_string(i);
          const AnswerSetting setting{scripts[i], entry.carrier, stack, family, acknowledges};
          try {
            run_answer(setting, is_banned, what, run_guarded(setting, gateway, entry.ech), result);
          } catch (const NotCarried&) {
            ++result.left_out;
          }
        }
      }
    }
  }
  return result;
}

}  // namespace sluice::evasion
