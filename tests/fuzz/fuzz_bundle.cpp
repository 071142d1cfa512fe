// Any bytes as a bundle, and any manifest with any members signed: what is taken is what was
// signed, and lies in the input.

#include <cstddef>
#include <cstdint>
#include <string>

#include "lists/bundle/bundle.h"
#include "lists/bundle/container.h"
#include "lists/compile/digest.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

// RFC 8032 section 7.1, test 1: known to everybody.
const lists::PrivateKey& known_key() {
  static const lists::PrivateKey kKey =
      lists::PrivateKey::parse(
          "-----BEGIN PRIVATE KEY-----\n"
          "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
          "-----END PRIVATE KEY-----\n")
          .value();
  return kKey;
}

void check_refusal(const lists::Refusal& refusal) {
  constexpr std::size_t kMostText = 4096;
  require(!refusal.text.empty() && refusal.text.size() < kMostText);
  for (const char c : refusal.text) require(c >= ' ' && c < 0x7f);
}

void check_container(std::string_view bytes) {
  const auto bundle = lists::open_bundle(bytes, {known_key().public_key()});
  if (!bundle) return check_refusal(bundle.error());
  require(bundle->contents.size() == bundle->manifest.members.size());
  require(!bundle->signers.empty());
  for (std::size_t i = 0; i < bundle->contents.size(); ++i) {
    const lists::Member& member = bundle->manifest.members[i];
    require(lies_in(bundle->contents[i], as_bytes(bytes)));
    require(lists::is_safe_member_name(member.name));
    require(lists::to_hex(lists::sha256(as_bytes(bundle->contents[i]))) == member.sha256);
  }
  require(!lists::open_bundle(bytes.substr(0, bytes.size() - 1), {known_key().public_key()}));
}

void check_manifest(std::string_view text) {
  const auto manifest = lists::parse_manifest(text);
  if (!manifest) return check_refusal({lists::RefusalReason::malformed, manifest.error()});
  const auto written = lists::write_manifest(*manifest);
  require(written.has_value());
  const auto again = lists::parse_manifest(*written);
  require(again && *again == *manifest);
  require(lists::write_manifest(*again) == written);
}

// Behind a mark a manifest, a zero byte and members; else a whole bundle.
void check(std::string_view input) {
  if (!input.starts_with('!')) return check_container(input);
  input.remove_prefix(1);
  const std::size_t cut = std::min(input.find('\0'), input.size());
  const std::string_view manifest = input.substr(0, cut);
  check_manifest(manifest);
  if (manifest.size() > lists::kMaxManifest) return;
  std::string bytes = lists::write_head(
      manifest, {{known_key().public_key().id(), known_key().sign(lists::signed_text(manifest))}});
  bytes += input.substr(std::min(cut + 1, input.size()));
  check_container(bytes);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
