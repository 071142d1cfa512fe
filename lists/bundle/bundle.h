#pragma once

// Bundles: lists or images in one versioned, signed file. README.md beside this file describes the
// bytes.
//
//   bytes ─► signature of a trusted key ─► manifest ─► version, times ─► digests of members ─►
//   Bundle
//
// In this order: no byte of the manifest is looked at before a trusted key is seen to have signed
// all of it, and no byte of a member is given out before its digest is right.
//
//   const auto file = load_file(path, kMaxBundle);                     // or fetched bytes
//   const auto bundle = verify_bundle(file->text, {keys, minimum}, now);
//   if (!bundle) log(to_string(bundle.error().reason), bundle.error().text);
//
// A Bundle points into the bytes, which must outlive it and must not move. All functions are pure,
// but that they allocate (less than 1 MiB, whatever the bytes say), and cost the SHA-256 of the
// bytes. Any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/base/result.h"
#include "lists/bundle/keys.h"
#include "lists/bundle/manifest.h"
#include "lists/update/refusal.h"

namespace sluice::lists {

inline constexpr std::string_view kBundleMagic = "SLUICEBN";
inline constexpr std::uint64_t kMaxBundle = std::uint64_t{1} << 30;  // bytes
inline constexpr std::size_t kMaxSignatures = 16;
// The clock of who signed may be ahead of ours by that.
inline constexpr std::chrono::minutes kClockSlack{5};

struct Trust {
  std::vector<PublicKey> keys;        // a signature of one of them is enough
  std::uint64_t minimum_version = 0;  // 0: any
};

struct Bundle {
  Manifest manifest;
  std::vector<std::string_view> contents;  // by member; into the bytes
  // Of the manifest, and so of all members: 64 hex digits. The same bundle with more signatures has
  // the same digest. Two of one version and different digests: refuse the second.
  std::string digest;
  std::vector<KeyId> signers;    // trusted, and their signatures are right
  std::vector<KeyId> strangers;  // claim to have signed; their keys are not trusted: not verified
};

// Refused, and why:
//   truncated   it ends before its end
//   not_a_list  a web page
//   malformed   no bundle, another format version, bytes behind the end, a manifest that breaks its
//               rules
//   too_large   over a limit
//   untrusted   no signature by a trusted key, or a trusted key's signature is wrong
//   not_yet, expired, older
//   digest      a member's bytes are not those that were signed
// The text has no name of the file in front.
[[nodiscard]] Result<Bundle, Refusal> verify_bundle(std::string_view bytes, const Trust& trust,
                                                    std::chrono::system_clock::time_point now);

// The same without version and times: for showing what was refused for them, and for bundles that
// were accepted before (the last good one may be past its end, and stays in force).
[[nodiscard]] Result<Bundle, Refusal> open_bundle(std::string_view bytes,
                                                  const std::vector<PublicKey>& keys);
// Version and times alone. Nothing: it may be taken.
[[nodiscard]] std::optional<Refusal> date_refusal(const Manifest& manifest,
                                                  std::uint64_t minimum_version,
                                                  std::chrono::sys_seconds now);

// Whether it begins as a bundle does. For telling it from a list; says nothing about trust.
[[nodiscard]] inline bool looks_like_bundle(std::string_view bytes) noexcept {
  return bytes.starts_with(kBundleMagic);
}

struct NewMember {
  Member member;  // `size` and `sha256` are filled in
  std::string_view content;
};
// The bytes of a bundle; `manifest.members` is replaced by `members`. Error: the reason.
[[nodiscard]] Result<std::string, std::string> make_bundle(Manifest manifest,
                                                           const std::vector<NewMember>& members,
                                                           const PrivateKey& key);
// The same bundle with one more signature. REQUIRES: verify_bundle() took `bytes`. Error: the key
// has signed it already, or there is no room for another one.
[[nodiscard]] Result<std::string, std::string> add_signature(std::string_view bytes,
                                                             const PrivateKey& key);

}  // namespace sluice::lists
