#pragma once

// EvidenceExchange: what workers tell each other of servers' addresses. An answer that one worker
// saw explains a flow that another one sees.
//
//   worker 0 ──ring──► worker 1      a ring for each pair, in each direction
//            ◄─ring───
//
// A worker posts a fact when it learns it, and takes the facts of others between two batches. A
// full ring loses the fact for that worker, and the loss is counted: nothing waits. Threads: post()
// and take() are for the thread of the worker that they name. Only the constructor allocates:
// workers² rings.

#include <cstddef>
#include <memory>
#include <vector>

#include "filters/base/ip_address.h"
#include "filters/base/time.h"
#include "gateway/engine/answer_addresses.h"
#include "gateway/engine/remembered_name.h"
#include "gateway/threads/spsc_ring.h"

namespace sluice::engine {

// A name leads to an address.
struct AddressFact {
  enum class Kind : std::uint8_t {
    banned,      // one of an app
    for_itself,  // an innocent one, as a client saw; it counts for that client
    for_all,     // an innocent one, in a connection of a client: it counts for others, too, once
                 // enough of them agree
  };
  Kind kind = Kind::banned;
  IpAddress address;
  IpAddress client;       // of innocent names: see flow::client_of()
  RememberedName banned;  // and the app whose rules ban it
  AppTag app{};
  Nanos learned{0};
  Nanos life{0};
};

class EvidenceExchange {
 public:
  static constexpr std::size_t kFacts = 1024;  // of each ring

  // REQUIRES: workers > 0.
  explicit EvidenceExchange(std::size_t workers);

  // To all other workers. Returns how many of them had no room for it.
  std::size_t post(std::size_t from, const AddressFact& fact) noexcept;
  // Calls visit(fact) for what others posted: at most `most` facts of each of them.
  template <typename Visit>
  void take(std::size_t to, Visit&& visit, std::size_t most = 64) noexcept {
    for (std::size_t from = 0; from < workers_; ++from) {
      if (from == to) continue;
      Ring& ring = ring_between(from, to);
      for (std::size_t i = 0; i < most; ++i) {
        const AddressFact* const fact = ring.front();
        if (fact == nullptr) break;
        visit(*fact);
        ring.release();
      }
    }
  }

 private:
  using Ring = threads::SpscRing<AddressFact>;
  [[nodiscard]] Ring& ring_between(std::size_t from, std::size_t to) noexcept {
    return *rings_[from * workers_ + to];
  }

  std::size_t workers_;
  std::vector<std::unique_ptr<Ring>> rings_;  // none from a worker to itself
};

// One worker's access to it.
struct EvidenceLink {
  EvidenceExchange* exchange = nullptr;  // null: there is only one worker
  std::size_t worker = 0;
};

}  // namespace sluice::engine
