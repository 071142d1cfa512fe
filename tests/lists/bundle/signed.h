#pragma once

// Bundles for tests: keys that are made once, a manifest with members, and bytes whose parts can be
// replaced before they are signed.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "lists/bundle/bundle.h"
#include "lists/bundle/container.h"

namespace sluice::lists {

// Prints a refusal, and compares it by its reason.
inline void PrintTo(const Refusal& refusal, std::ostream* out) {
  *out << to_string(refusal.reason) << ": " << refusal.text;
}

namespace test {

inline PrivateKey new_key() {
  return PrivateKey::generate().value();
}

inline std::chrono::sys_seconds at(std::string_view time) {
  return parse_time(time).value();
}

inline const std::chrono::sys_seconds kNow = at("2026-06-15T12:00:00Z");

inline Manifest manifest(std::uint64_t version = 7) {
  return {.version = version,
          .created = at("2026-06-01T00:00:00Z"),
          .valid_until = at("2026-07-01T00:00:00Z"),
          .author = "Network ops"};
}

inline const std::string kChat = "chat.example\n";
inline const std::string kOurs = "mail.example\nwww.example\n";

inline std::vector<NewMember> members() {
  return {
      {{.name = "chat.list", .app = "chat", .format = Format::domains}, kChat},
      {{.name = "ours.list", .kind = MemberKind::exceptions, .app = "*", .format = Format::hosts},
       kOurs},
      {{.name = "names.image", .kind = MemberKind::image}, "image"}};
}

inline std::string bundle(const PrivateKey& key, const Manifest& made = manifest()) {
  return make_bundle(made, members(), key).value();
}

// A manifest of any text, signed.
inline std::string signed_bytes(const PrivateKey& key, std::string_view text,
                                std::string_view rest) {
  return write_head(text, {{key.public_key().id(), key.sign(signed_text(text))}}) +
         std::string(rest);
}

// `truncated: cut off …`; `taken` if it is not refused.
inline std::string verdict(std::string_view bytes, const Trust& trust,
                           std::chrono::system_clock::time_point now = kNow) {
  const auto bundle = verify_bundle(bytes, trust, now);
  if (bundle) return "taken";
  return std::string(to_string(bundle.error().reason)) + ": " + bundle.error().text;
}

}  // namespace test
}  // namespace sluice::lists
