#pragma once

// DNS questions that wait for their answers, so that an answer that nobody asked for
// teaches nothing.
//
// A question is its five-tuple, its ID and its name: whoever forges the answer over UDP without
// having seen the question has to guess 32 bits, and only the first answer counts. Only questions
// that came from inside are entered (the caller sees to that). Bounded: a full table forgets the
// oldest. One worker owns one table; no allocation after construction. Cost: two hashes a question
// or answer.

#include <cstddef>
#include <cstdint>

#include "filters/base/keyed_hash.h"
#include "filters/base/time.h"
#include "filters/flow/flow_key.h"
#include "filters/flow/table.h"
#include "filters/name/name.h"
#include "filters/packet/packet.h"

namespace sluice::engine {

class QuestionTable {
 public:
  static constexpr Nanos kPatience = std::chrono::seconds(10);  // resolvers give up before

  QuestionTable(std::size_t capacity, HashKey key)
      : key_(key), questions_(capacity, key, kPatience) {}

  void ask(const packet::Packet& query, std::uint16_t id, const name::Name& name,
           Nanos now) noexcept;
  // Whether anybody asked the sender with this ID: a look before the answer is read.
  [[nodiscard]] bool waits_for(const packet::Packet& response, std::uint16_t id) noexcept;
  // True once for each question: the packet comes from whom it was asked, and says the same ID and
  // name.
  [[nodiscard]] bool answer(const packet::Packet& response, std::uint16_t id,
                            const name::Name& name, Nanos now) noexcept;

  void expire(Nanos now) noexcept {
    questions_.expire(now, [](const Question&, flow::Removal) {});
  }
  [[nodiscard]] static constexpr std::size_t bytes_per_question() noexcept {
    return flow::Table<Question>::bytes_per_entry();
  }

 private:
  struct Question {
    std::uint64_t name = 0;  // its hash
    Nanos asked{0};
    bool from_low = false;  // who asked
    bool open = false;
  };
  [[nodiscard]] std::uint64_t hash_of(const name::Name& name) const noexcept {
    return keyed_hash(key_, name.wire());
  }

  HashKey key_;
  flow::Table<Question> questions_;
};

}  // namespace sluice::engine
