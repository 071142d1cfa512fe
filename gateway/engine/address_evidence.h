#pragma once

// AddressEvidence: what is known of servers' addresses, and the judgement of traffic that shows no
// name by its server's address. README.md has the rules.
//
// Guard: nothing is judged by a lease where a name that is not banned was seen of late, by this
// client or by enough others. An address that a list names is never guarded.
// One worker owns one. No allocation after construction. Bounds: JudgeLimits.

#include <array>
#include <cstdint>

#include "filters/flow/table.h"
#include "gateway/engine/client_evidence.h"
#include "gateway/engine/context.h"
#include "gateway/engine/evidence_exchange.h"
#include "gateway/engine/lease_table.h"
#include "gateway/engine/limits.h"
#include "gateway/engine/question_table.h"
#include "gateway/engine/remembered_name.h"
#include "gateway/engine/resolutions.h"
#include "gateway/engine/ruling.h"
#include "gateway/engine/ties.h"

namespace sluice::engine {

class AddressEvidence {
 public:
  AddressEvidence(const JudgeLimits& limits, HashKey key, const EvidenceLink& link);

  // Between batches: what other workers have learnt.
  void take_facts() noexcept;
  // What the background resolver found, until the next call; null: nothing.
  void use(const Resolutions* resolutions) noexcept { resolutions_ = resolutions; }

  // Also finds names that lead to banned apps, from now on; null: does not. Outlives this object.
  void gather(Ties* ties) noexcept { ties_ = ties; }

  // By the destination's address: a packet of a client that shows no name.
  [[nodiscard]] Ruling rule_on_address(const Context& context) noexcept;
  // A datagram, once its names are judged: by address, if it shows none and none was seen on its
  // five-tuple. Ends five-tuples whose name a list update banned. Changes the judgement in place: a
  // copy of what was just written would wait for the stores.
  void judge_by_address(const Context& context, Judgement& judgement) noexcept;

  // A server took a connection in which the client showed an innocent name, `name` unless it is
  // empty.
  void learn_from_connection(const Context& context, const IpAddress& client,
                             const IpAddress& server, const RememberedName& name) noexcept;
  // The question in context.bench.scratch.query, which passed.
  void note_question(const Context& context) noexcept;
  // The answer in context.bench.scratch.response, which passes.
  void learn_from_answer(const Context& context, Bytes message) noexcept;
  // The same of one that is refused for what it leads to.
  void learn_from_refused(const Context& context, Bytes message) noexcept;

  // Calls visit(address) for leases that are new, or go on, since the last call: dataplanes must
  // hand up what goes there.
  template <typename Visit>
  void take_new_leases(Visit&& visit) noexcept {
    for (std::size_t i = 0; i < new_lease_count_; ++i) visit(new_leases_[i]);
    new_lease_count_ = 0;
  }

  void expire(Nanos now) noexcept;
  [[nodiscard]] const LeaseTable& leases() const noexcept { return leases_; }
  // Facts that another worker had no room for.
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  // What was not judged by its address because the address is shared.
  [[nodiscard]] std::uint64_t guarded() const noexcept { return guarded_; }
  [[nodiscard]] static std::size_t memory_bytes(const JudgeLimits& limits) noexcept;

 private:
  // Of one batch: each of its packets may be an answer with so many addresses, and so may what
  // other workers learned.
  static constexpr std::size_t kMostOfBanned = 32;  // addresses that one answer teaches
  static constexpr std::size_t kMostNewLeases = io::Batch::kCapacity * kMostOfBanned;

  struct Named {  // a five-tuple of UDP that showed a name of late
    RememberedName name;
    std::uint64_t generation = 0;
    bool client_is_low = false;  // which end of the key showed it
    bool is_answered = false;    // and the other end took part
  };

  // The name that a client asked for and the answer at hand is the first one for; null: nobody
  // waits.
  [[nodiscard]] const name::Name* answered_question(const Context& context) noexcept;
  // Of an answer, or a name that a server took, that is believed.
  void note_ties(const Context& context, Bytes message) noexcept;
  void note_ties(const Context& context, const IpAddress& client, const IpAddress& server,
                 const RememberedName& name) noexcept;
  bool take(const AddressFact& fact) noexcept;
  void learn(const AddressFact& fact) noexcept;
  [[nodiscard]] bool is_empty(const Context& context) const noexcept;
  policy::Decision decide_by_name(const Context& context, policy::PolicyId policy,
                                  const IpAddress& server, inspect::Finding& finding) noexcept;
  [[nodiscard]] bool is_shared(const Context& context, const IpAddress& server) noexcept;
  // A packet that shows no name, by its server's address.
  struct ByAddress {
    policy::Decision decision;  // without a rule: it passes
    bool is_guarded = false;    // for the address is shared
  };
  ByAddress decide_by_address(const Context& context, policy::PolicyId policy,
                              inspect::Finding& finding) noexcept;
  void tell_shadows(const Context& context, const policy::Decision& decided) noexcept;
  void note_name(const Context& context, const flow::KeyedPacket& keyed, Named* known) noexcept;
  static void judge_named_flow(const Context& context, Named& named, Judgement& judgement) noexcept;

  EvidenceLink link_;
  LeaseTable leases_;
  ClientEvidence seen_by_client_;
  QuestionTable questions_;
  flow::Table<Named> named_datagrams_;
  const Resolutions* resolutions_ = nullptr;
  Ties* ties_ = nullptr;
  std::array<char, IpAddress::kTextBytes> address_text_{};
  std::uint64_t guarded_ = 0;
  std::uint64_t lost_ = 0;
  std::array<IpAddress, kMostNewLeases> new_leases_{};
  std::size_t new_lease_count_ = 0;
};

}  // namespace sluice::engine
