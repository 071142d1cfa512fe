#pragma once

// The judge: from a decoded packet to a judgement. Owns the flow table and the client streams.
//
//   packet ─► DNS over UDP, both ways ► inspect ─► policy            (no state)
//          ├► QUIC, any UDP port ──────► QuicJudge (judge_quic.h)
//          ├► DTLS, any UDP port ──────► DtlsJudge (judge_dtls.h)
//          └► TCP ─► flow ─┬► client's stream ─► inspect each reading ─► policy
//                          └► server's stream, of DNS ─► each answer ──► policy
//
// Life of a flow:
//   judging ──banned name──► blocked
//      │ all that it reveals is judged
//      ▼
//   finished ──server acknowledged what was judged──► passed
//      └─ another copy of these bytes ──► judged again, both readings
//
// Only what the server can act on counts: see filters/flow/README.md.
// One worker owns one judge. No allocation after construction, no lock, no clock: time comes with
// the packet. Bounds: JudgeLimits; what happens when they are reached is counted (Reason,
// flow::Removal).

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/dns/framing.h"
#include "filters/dns/response.h"
#include "filters/flow/client_stream.h"
#include "filters/flow/server_stream.h"
#include "filters/flow/table.h"
#include "filters/flow/tcp_flow.h"
#include "filters/fragment/reassembler.h"
#include "filters/inspect/inspect.h"
#include "filters/quic/packet.h"
#include "filters/tls/record.h"
#include "gateway/dataplane/frame.h"
#include "gateway/engine/hello_table.h"
#include "gateway/engine/judge_dtls.h"
#include "gateway/engine/judge_quic.h"
#include "gateway/engine/judgement.h"
#include "gateway/engine/lease_table.h"
#include "gateway/engine/question_table.h"
#include "gateway/engine/resolutions.h"
#include "gateway/engine/snapshot.h"

namespace sluice::engine {

struct JudgeLimits {
  std::size_t flows = 65536;
  std::size_t streams = 2048;
  Nanos idle_timeout = std::chrono::seconds(300);
  LeaseLimits leases = {};
  std::size_t questions = 8192;  // of DNS, that wait for their answers
  // Five-tuples of datagrams (QUIC, DTLS) whose name was let through: what follows of them shows
  // none.
  std::size_t named_datagrams = 8192;
  fragment::ReassemblerLimits fragments = {};  // the worker's, which hands whole packets on
  HelloLimits hellos = {};                     // of QUIC and DTLS
};

// Bytes of a client, or a DNS server, that are kept while they are judged: of most, and of those
// few whose message is longer. There is room for one of these once for sixteen of the former.
inline constexpr std::size_t kOrdinaryCapacity = 20 * 1024;
inline constexpr std::size_t kStreamCapacity = tls::kMaxHelloStream;
[[nodiscard]] constexpr flow::SlotClass stream_slots(std::size_t streams) noexcept {
  return {streams, kOrdinaryCapacity};
}
[[nodiscard]] constexpr flow::SlotClass long_stream_slots(std::size_t streams) noexcept {
  return {std::max<std::size_t>(streams / 16, 2), kStreamCapacity};
}

enum class FlowPhase : std::uint8_t { judging, finished, passed, blocked, rejected };

inline constexpr Nanos kNamedIdle = std::chrono::seconds(120);

// Of the last message that had findings.
enum class ShownNames : std::uint8_t { none, innocent, banned };

// How far one reading of a client's stream is judged; offsets count from the stream's base.
//
//   base    last head    seen             judged
//    | … … … | Host: a   |  body …  … … … … |  the next message
//                        `-- says nothing: need not come by, and may come by twice
struct ReadingState {
  std::uint64_t judged = 0;  // whole messages up to here are clean
  std::uint64_t seen = 0;    // what was looked at to tell so
  std::uint64_t needed = 1;  // the view must be this long before another look can tell more
  bool finished = false;     // nothing behind `judged` will name anything
  Reason finish = Reason::allowed;
  inspect::StreamState state;  // at `judged`
};

struct Flow {
  flow::TcpFlow tcp;
  flow::ClientStream stream;
  flow::ServerStream answers;       // read once the client speaks DNS
  ReadingState readings[2];         // of first copies; of the mixtures with others, together
  inspect::StreamState base_state;  // at the stream's base
  std::uint64_t judged_end = 0;     // finished: offset up to which the server must acknowledge
  std::uint32_t server_bytes = 0;   // of payload, while the client's stream is searched
  FlowPhase phase = FlowPhase::judging;
  Reason finish = Reason::allowed;
  ShownNames shown = ShownNames::none;
  bool client_is_low = false;    // which end of the key
  std::optional<io::Side> side;  // where the client's first packet came in
  std::uint32_t server_has = 0;  // first sequence number that the server has not been sent in order
};

// Where the flow of a TCP packet is looked up; of others, and of later fragments, nothing.
struct FlowLookup {
  flow::KeyedPacket keyed;
  std::uint64_t hash = 0;
};

class Judge {
 public:
  // `enforce` false: names are found and reported, nothing is blocked (`inspect`).
  Judge(const JudgeLimits& limits, HashKey flow_key, bool enforce);

  // Before judge(), each for a whole batch, so that packets wait for memory together.
  void look_up(const packet::Packet& packet, FlowLookup& lookup) const noexcept {
    if (packet.transport != packet::Transport::tcp || !packet.has_transport) return;
    lookup.keyed = flow::key_of(packet);
    lookup.hash = flows_.hash(lookup.keyed.key);
    flows_.prefetch_bucket(lookup.hash);
  }
  void prefetch(const FlowLookup& lookup) const noexcept { flows_.prefetch_entry(lookup.hash); }

  // `lookup`: of this packet. `side`: where it came in, where the dataplane knows. Views in what
  // `sink` is told are good until the next call.
  [[nodiscard]] Judgement judge(const packet::Packet& packet, const FlowLookup& lookup, Nanos now,
                                const Snapshot& snapshot, FindingSink& sink,
                                std::optional<io::Side> side = std::nullopt) noexcept;
  // What becomes of a packet whose last judgement was to hide keys, where that could not be done.
  [[nodiscard]] Judgement keys_not_hidden(const packet::Packet& packet,
                                          const Judgement& judgement) noexcept;
  // The query of the last judgement with `may_answer`, the response of one that is not `in_place`.
  [[nodiscard]] const inspect::Scratch& scratch() const noexcept { return scratch_; }

  // What to judge nameless traffic by as well, until the next call; null: nothing.
  void use(const Resolutions* resolutions) noexcept { resolutions_ = resolutions; }

  // Removes what has been idle for too long; a bounded amount of work a call.
  void expire(Nanos now) noexcept;

  struct Usage {
    std::size_t flows, streams, hello_flows, hello_streams;
  };
  [[nodiscard]] Usage usage() const noexcept {
    return {flows_.size(), pool_.in_use(), hellos_.flows(), hellos_.streams()};
  }
  [[nodiscard]] std::uint64_t removals(flow::Removal removal) const noexcept {
    return removals_[static_cast<std::size_t>(removal)] + hellos_.removals(removal);
  }
  [[nodiscard]] std::uint64_t flows_created() const noexcept { return created_; }
  [[nodiscard]] std::uint64_t conflicts() const noexcept {
    return conflicts_ + hellos_.conflicts();
  }
  [[nodiscard]] const LeaseTable& leases() const noexcept { return leases_; }
  // What was not judged by its address because the address is shared.
  [[nodiscard]] std::uint64_t guarded() const noexcept { return guarded_; }
  // What the limits cost in resident memory.
  [[nodiscard]] static std::size_t memory_bytes(const JudgeLimits& limits) noexcept;

 private:
  struct Context;  // of one packet

  Judgement judge_datagram(const Context& context) noexcept;
  Judgement judge_question(const Context& context) noexcept;
  Judgement judge_answer(const Context& context) noexcept;
  Judgement judge_quic(const Context& context, quic::Sight sight) noexcept;
  Judgement judge_dtls(const Context& context) noexcept;
  Judgement judge_names(const Context& context) noexcept;
  Judgement judge_tcp(const Context& context) noexcept;
  Judgement judge_unknown(const Context& context) noexcept;
  enum class Origin : std::uint8_t { client, server, nobody };
  Origin origin_of(const Context& context, Flow& flow) noexcept;
  Judgement judge_nobody(const Context& context, const Flow& flow) const noexcept;
  Judgement judge_client(const Context& context, Flow& flow) noexcept;
  Judgement judge_server(const Context& context, Flow& flow) noexcept;
  Judgement judge_blocked(const Context& context, Flow& flow, bool from_client) noexcept;
  Judgement take_segment(const Context& context, Flow& flow,
                         const flow::ClientSegment& segment) noexcept;
  Judgement judge_stream(const Context& context, Flow& flow) noexcept;
  std::optional<Judgement> judge_view(const Context& context, Flow& flow, Bytes view,
                                      ReadingState& state) noexcept;
  std::optional<Judgement> judge_mixtures(const Context& context, Flow& flow) noexcept;
  struct Verdicts {
    std::optional<Judgement> block;
    bool logged = false;
  };
  Verdicts judge_findings(const Context& context) noexcept;
  struct AnswerVerdicts : Verdicts {
    bool none = true;  // no target at all
    bool has_ech = false;
    inspect::ParseError error = inspect::ParseError::none;
  };
  // Of `message`, which scratch_.response is parsed from.
  AnswerVerdicts judge_targets(const Context& context, Bytes message) noexcept;
  // Of one message of a server, which is not altered in place yet.
  Judgement judge_message(const Context& context, Bytes message) noexcept;
  Judgement judge_response(const Context& context, Bytes message) noexcept;
  // DNS over TLS and QUIC, which are told by their port (RFC 7858, RFC 9250); nothing on others.
  Verdicts judge_encrypted_dns(const Context& context, inspect::Protocol protocol) noexcept;
  std::optional<Judgement> judge_ech(const Context& context) const noexcept;
  Judgement unreadable(const Context& context, inspect::ParseError error) noexcept;
  void weigh(const Context& context, const inspect::Finding& finding,
             const policy::Decision& decision, Verdicts& verdicts) noexcept;

  // DNS answers over TCP (judge_dns_stream.cpp).
  struct AnswerSegment;
  void expect_answers(const Context& context, Flow& flow) noexcept;
  Judgement judge_answers(const Context& of_packet, Flow& flow) noexcept;
  Judgement take_answers(const Context& context, Flow& flow, AnswerSegment& segment) noexcept;
  bool store_answers(const Context& context, Flow& flow, std::uint64_t offset,
                     Bytes bytes) noexcept;
  std::optional<Judgement> judge_whole_answers(const Context& context, Flow& flow,
                                               AnswerSegment& segment) noexcept;
  std::optional<Judgement> judge_whole_answer(const Context& context, Flow& flow,
                                              const dns::Framed& framed, std::uint64_t from,
                                              bool is_new, AnswerSegment& segment) noexcept;
  Judgement block_answer(Flow& flow, std::uint32_t client_has, const Judgement& why) noexcept;
  Judgement reset_for_keys(Flow& flow, std::uint32_t client_has, Reason reason) noexcept;
  void forget_acknowledged_answers(const packet::Packet& packet, Flow& flow) noexcept;

  // Without a name (judge_address.cpp).
  policy::Decision decide_by_address(const Context& context, inspect::Finding& finding) noexcept;
  bool nothing_known_of_addresses(const Context& context) const noexcept;
  Verdicts judge_address(const Context& context) noexcept;
  Judgement settle_datagram(const Context& context, const Judgement& judgement) noexcept;
  std::optional<Judgement> judge_nameless(const Context& context, Flow& flow) noexcept;
  void note_names(const Context& context, Flow& flow, const ReadingState& reading) noexcept;
  // DNS, read in scratch_: a question that passed, an answer that does.
  void note_question(const Context& context) noexcept;
  void learn_from_answer(const Context& context, Bytes message) noexcept;
  void learn_from_flow(const Context& context, Flow& flow) noexcept;

  flow::Insert store(const Context& context, Flow& flow,
                     const flow::ClientSegment& segment) noexcept;
  bool reclaim_stream(const Context& context, const Flow& needy) noexcept;
  [[nodiscard]] static bool holds_memory(const Flow& flow) noexcept;
  void keep_by_memory(Flow& flow) noexcept;
  void release_memory(Flow& flow) noexcept;
  [[nodiscard]] static bool says_nothing(const Flow& flow,
                                         const flow::ClientSegment& segment) noexcept;
  bool ends_search(const Context& context, Flow& flow) const noexcept;
  void forget_acknowledged(Flow& flow) noexcept;
  Flow& create(const Context& context, const flow::TcpFlow& tcp) noexcept;
  void restart(Flow& flow) noexcept;
  Judgement finish_flow(Flow& flow) noexcept;
  Judgement pass_flow(Flow& flow, Reason reason) noexcept;
  Judgement block_flow(Flow& flow, const Judgement& why) noexcept;
  Judgement cannot_judge(const Context& context, Flow& flow, Reason reason) noexcept;
  Judgement drop_alone(Reason reason) const noexcept;
  void on_removed(Flow& flow, flow::Removal removal) noexcept;

  flow::Table<Flow> flows_;
  flow::StreamPool pool_;
  inspect::Scratch scratch_;
  inspect::FindingList findings_;
  LeaseTable leases_;
  QuestionTable questions_;
  struct Named {};
  flow::Table<Named> named_datagrams_;  // five-tuples of UDP that showed a name of late
  const Resolutions* resolutions_ = nullptr;
  std::array<char, IpAddress::kTextBytes> address_text_{};
  std::array<std::byte, kStreamCapacity> mixture_;
  std::array<std::uint64_t, flow::kRemovals> removals_{};
  std::uint64_t created_ = 0;
  std::uint64_t conflicts_ = 0;
  std::uint64_t guarded_ = 0;
  bool enforce_;
  HelloTable hellos_;
  QuicJudge quic_;
  DtlsJudge dtls_;
};

}  // namespace sluice::engine
