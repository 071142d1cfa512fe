#pragma once

// The other direction: what a DNS server sends, and where its client is led.
//
//   client asks for an ordinary name ─► Worker ─► server
//   server's script ─► Worker ─► model client ─► its acknowledgments ─► Worker
//
// Banned: without the gateway, the client reads a name of the app; with it, never. Ordinary: the
// client reads the same with and without the gateway. The model client is a model server that
// listens: both ends of TCP put a stream together in one way. Keys for Encrypted ClientHello lead
// to the app, too, where the gateway is to keep them back.

#include <span>
#include <string_view>

#include "tests/evasion/course.h"
#include "tests/evasion/script.h"

namespace sluice::evasion {

enum class Carrier : std::uint8_t { udp, tcp };

struct AnswerCase {
  std::string_view name;
  std::string_view shape;
  Carrier carrier = Carrier::tcp;
  std::vector<Script> (*build)(std::string_view target);  // offsets are in the server's stream
  Trait trait = Trait::none;
  policy::Ech ech = policy::Ech::allow;
};

[[nodiscard]] std::string_view to_string(Carrier carrier);
[[nodiscard]] std::span<const AnswerCase> answer_cases();
[[nodiscard]] Result run_answer_case(const AnswerCase& entry, Family family, Gateway gateway = {});

}  // namespace sluice::evasion
