#include "lists/bundle/bundle.h"

#include <algorithm>

#include "lists/bundle/container.h"
#include "lists/compile/digest.h"

namespace sluice::lists {
namespace {

std::string hex_sha256(std::string_view bytes) {
  return to_hex(sha256(as_bytes(bytes)));
}

Refusal refusal(RefusalReason reason, std::string text) {
  return {reason, std::move(text)};
}

// Who signed it. Error: no trusted key did, or one of them did not although it is said to.
Result<Bundle, Refusal> signers_of(const Container& container, const std::vector<PublicKey>& keys) {
  const std::string text = signed_text(container.manifest);
  Bundle bundle;
  for (const SignatureView& signature : container.signatures) {
    // Two trusted keys could have one id.
    const auto has_id = [&](const PublicKey& key) { return key.id() == signature.key; };
    const auto verifies = [&](const PublicKey& key) {
      return has_id(key) && key.verifies(text, signature.bytes);
    };
    if (std::ranges::none_of(keys, has_id)) {
      bundle.strangers.push_back(signature.key);
    } else if (std::ranges::any_of(keys, verifies)) {
      bundle.signers.push_back(signature.key);
    } else {
      return fail(refusal(RefusalReason::untrusted,
                          "the signature of the key " + to_string(signature.key) + " is wrong"));
    }
  }
  if (!bundle.signers.empty()) return bundle;
  std::string who;
  for (const KeyId& key : bundle.strangers) who += (who.empty() ? "" : ", ") + to_string(key);
  return fail(refusal(RefusalReason::untrusted, "no trusted key signed it, but " + who));
}

// Where the members are. REQUIRES: sizes as parse_manifest() allows them.
std::optional<Refusal> lay_out(std::string_view bytes, Bundle& bundle) {
  for (const Member& member : bundle.manifest.members) {
    if (member.size > bytes.size()) {
      return refusal(RefusalReason::truncated, "cut off in its member " + member.name);
    }
    bundle.contents.push_back(bytes.substr(0, member.size));
    bytes.remove_prefix(member.size);
  }
  if (bytes.empty()) return std::nullopt;
  return refusal(RefusalReason::malformed,
                 std::to_string(bytes.size()) + " bytes behind its last member");
}

// All but times and digests of members.
Result<Bundle, Refusal> read_bundle(std::string_view bytes, const std::vector<PublicKey>& keys) {
  const auto container = read_container(bytes);
  if (!container) return fail(container.error());
  auto bundle = signers_of(*container, keys);
  if (!bundle) return bundle;
  auto manifest = parse_manifest(container->manifest);
  if (!manifest) {
    return fail(refusal(RefusalReason::malformed, "its manifest: " + manifest.error()));
  }
  bundle->manifest = std::move(*manifest);
  bundle->digest = hex_sha256(container->manifest);
  if (auto wrong = lay_out(container->members, *bundle)) return fail(std::move(*wrong));
  return bundle;
}

std::optional<Refusal> digest_refusal(const Bundle& bundle) {
  for (std::size_t i = 0; i < bundle.contents.size(); ++i) {
    const Member& member = bundle.manifest.members[i];
    if (hex_sha256(bundle.contents[i]) != member.sha256) {
      return refusal(RefusalReason::digest,
                     "its member " + member.name + " does not have the digest that was signed");
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Bundle, Refusal> open_bundle(std::string_view bytes, const std::vector<PublicKey>& keys) {
  auto bundle = read_bundle(bytes, keys);
  if (!bundle) return bundle;
  if (auto wrong = digest_refusal(*bundle)) return fail(std::move(*wrong));
  return bundle;
}

// In seconds: the year 9999 does not fit into nanoseconds.
std::optional<Refusal> date_refusal(const Manifest& manifest, std::uint64_t minimum_version,
                                    std::chrono::sys_seconds now) {
  const std::string version = "version " + std::to_string(manifest.version);
  if (manifest.version < minimum_version) {
    return refusal(RefusalReason::older,
                   version + ", and at least " + std::to_string(minimum_version) + " is wanted");
  }
  if (manifest.created > now + kClockSlack) {
    return refusal(RefusalReason::not_yet, version + " was made in the future, at " +
                                               time_text(manifest.created) +
                                               ": one of the two clocks is wrong");
  }
  if (manifest.valid_until <= now) {
    return refusal(RefusalReason::expired,
                   version + " was valid until " + time_text(manifest.valid_until));
  }
  return std::nullopt;
}

Result<Bundle, Refusal> verify_bundle(std::string_view bytes, const Trust& trust,
                                      std::chrono::system_clock::time_point now) {
  auto bundle = read_bundle(bytes, trust.keys);
  if (!bundle) return bundle;
  if (auto wrong = date_refusal(bundle->manifest, trust.minimum_version,
                                std::chrono::floor<std::chrono::seconds>(now))) {
    return fail(std::move(*wrong));
  }
  if (auto wrong = digest_refusal(*bundle)) return fail(std::move(*wrong));
  return bundle;
}

Result<std::string, std::string> make_bundle(Manifest manifest,
                                             const std::vector<NewMember>& members,
                                             const PrivateKey& key) {
  manifest.members.clear();
  std::size_t size = 0;
  for (const NewMember& one : members) {
    manifest.members.push_back(one.member);
    manifest.members.back().size = one.content.size();
    manifest.members.back().sha256 = hex_sha256(one.content);
    size += one.content.size();
  }
  const auto text = write_manifest(manifest);
  if (!text) return fail(text.error());
  std::string bytes = write_head(*text, {{key.public_key().id(), key.sign(signed_text(*text))}});
  if (bytes.size() + size > kMaxBundle) {
    return fail("over " + std::to_string(kMaxBundle >> 20) + " MiB");
  }
  bytes.reserve(bytes.size() + size);
  for (const NewMember& one : members) bytes += one.content;
  return bytes;
}

Result<std::string, std::string> add_signature(std::string_view bytes, const PrivateKey& key) {
  const auto container = read_container(bytes);
  if (!container) return fail(container.error().text);
  const KeyId id = key.public_key().id();
  std::vector<WrittenSignature> signatures;
  for (const SignatureView& one : container->signatures) {
    if (one.key == id) return fail("the key " + to_string(id) + " has signed it already");
    signatures.push_back({.key = one.key});
    copy_bytes(one.bytes, signatures.back().bytes);
  }
  if (signatures.size() == kMaxSignatures) {
    return fail("it has " + std::to_string(kMaxSignatures) + " signatures, and no room for more");
  }
  signatures.push_back({id, key.sign(signed_text(container->manifest))});
  std::string signed_again = write_head(container->manifest, signatures);
  if (signed_again.size() + container->members.size() > kMaxBundle) {
    return fail("over " + std::to_string(kMaxBundle >> 20) + " MiB");
  }
  signed_again += container->members;
  return signed_again;
}

}  // namespace sluice::lists
