#include "gateway/engine/question_table.h"

namespace sluice::engine {

void QuestionTable::ask(const packet::Packet& query, std::uint16_t id, const name::Name& name,
                        Nanos now) noexcept {
  const flow::KeyedPacket keyed = flow::key_of(query, id);
  Question& question =
      questions_.touch_or_insert(keyed.key, now, [](const Question&, flow::Removal) {});
  question.name = hash_of(name);
  question.asked = now;
  question.from_low = keyed.source_is_low;
  question.open = true;
}

bool QuestionTable::waits_for(const packet::Packet& response, std::uint16_t id) noexcept {
  const Question* const question = questions_.find(flow::key_of(response, id).key);
  return question != nullptr && question->open;
}

bool QuestionTable::answer(const packet::Packet& response, std::uint16_t id, const name::Name& name,
                           Nanos now) noexcept {
  const flow::KeyedPacket keyed = flow::key_of(response, id);
  Question* const question = questions_.find(keyed.key);
  if (question == nullptr || !question->open || keyed.source_is_low == question->from_low ||
      now - question->asked > kPatience || question->name != hash_of(name)) {
    return false;
  }
  question->open = false;
  return true;
}

}  // namespace sluice::engine
