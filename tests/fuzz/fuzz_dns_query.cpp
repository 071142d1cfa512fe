// Any message: bounds hold, names are canonical, a cut changes nothing but the end; and a query
// built from the answer, without compression, gives that answer.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "filters/dns/query.h"
#include "tests/fuzz/require.h"

namespace sluice::dns {
namespace {

using fuzz::require;
using ByteVector = std::vector<std::byte>;

void append_u16(ByteVector& to, unsigned value) {
  to.push_back(static_cast<std::byte>(value >> 8));
  to.push_back(static_cast<std::byte>(value & 0xff));
}

bool same_questions(const Query& a, const Query& b) {
  if (a.count != b.count) return false;
  for (std::size_t i = 0; i < a.count; ++i) {
    if (!(a.questions[i].name == b.questions[i].name) ||
        a.questions[i].qtype != b.questions[i].qtype ||
        a.questions[i].qclass != b.questions[i].qclass) {
      return false;
    }
  }
  return true;
}

ByteVector rebuilt(const Query& query) {
  ByteVector message;
  append_u16(message, query.id);
  append_u16(message,
             (query.recursion_desired ? 0x0100 : 0) | (query.checking_disabled ? 0x10 : 0));
  append_u16(message, static_cast<unsigned>(query.count));
  for (int i = 0; i < 3; ++i) append_u16(message, 0);
  for (std::size_t i = 0; i < query.count; ++i) {
    const Question& question = query.questions[i];
    message.insert(message.end(), question.name.wire().begin(), question.name.wire().end());
    append_u16(message, question.qtype);
    append_u16(message, question.qclass);
  }
  return message;
}

void check(Bytes message) {
  const auto query = std::make_unique<Query>();
  const auto again = std::make_unique<Query>();
  const auto parsed = parse_query(message, *query);
  if (!parsed) {
    require(!to_string(parsed.error()).empty());
    return;
  }
  require(query->count >= 1 && query->count <= kMaxQuestions);
  require(query->questions_end >= kHeaderBytes && query->questions_end <= message.size());
  require(!query->dnssec_ok || query->has_edns);
  for (std::size_t i = 0; i < query->count; ++i) {
    const name::Name& name = query->questions[i].name;
    const auto canonical = name::Name::from_wire(name.wire());
    require(canonical && *canonical == name);
  }

  const ByteVector plain = rebuilt(*query);
  require(parse_query(plain, *again).has_value());
  require(same_questions(*query, *again) && again->questions_end == plain.size());
  require(again->id == query->id && again->recursion_desired == query->recursion_desired &&
          again->checking_disabled == query->checking_disabled);

  // Cut in front of the end of its questions it is refused; behind it, it names the same, or (where
  // a pointer leads forward) is refused.
  require(!parse_query(message.first(query->questions_end - 1), *again));
  if (parse_query(message.first(query->questions_end), *again)) {
    require(same_questions(*query, *again));
  }
}

}  // namespace
}  // namespace sluice::dns

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::dns::check(std::as_bytes(std::span(data, size)));
  return 0;
}
