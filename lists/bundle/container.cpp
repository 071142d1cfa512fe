#include "lists/bundle/container.h"

#include <algorithm>

#include "filters/base/byte_reader.h"
#include "lists/bundle/bundle.h"

namespace sluice::lists {
namespace {

constexpr std::uint32_t kFormatVersion = 1;
// A signature of a key is worth nothing elsewhere, and no other signature of it is worth anything
// here.
constexpr std::string_view kContext = "sluice bundle 1\n";

Refusal refusal(RefusalReason reason, std::string text) {
  return {reason, std::move(text)};
}

Refusal no_bundle(std::string_view bytes) {
  if (kBundleMagic.starts_with(bytes)) {
    return refusal(RefusalReason::truncated,
                   "cut off: it has only " + std::to_string(bytes.size()) + " bytes");
  }
  bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
  if (bytes.starts_with('<')) {
    return refusal(RefusalReason::not_a_list, "a web page, not a bundle");
  }
  return refusal(RefusalReason::malformed, "not a bundle");
}

Refusal cut_off() {
  return refusal(RefusalReason::truncated, "cut off before its members");
}

void append_u32(std::string& to, std::size_t number) {
  for (const int shift : {24, 16, 8, 0}) to += static_cast<char>(number >> shift & 0xff);
}

}  // namespace

Result<Container, Refusal> read_container(std::string_view bytes) {
  if (!looks_like_bundle(bytes)) return fail(no_bundle(bytes));
  ByteReader reader(as_bytes(bytes));
  reader.skip(kBundleMagic.size());
  const std::uint32_t version = reader.u32();
  if (!reader.ok()) return fail(cut_off());
  if (version != kFormatVersion) {
    return fail(refusal(RefusalReason::malformed, "a bundle of format version " +
                                                      std::to_string(version) +
                                                      "; this program reads version 1"));
  }
  const std::uint32_t manifest_bytes = reader.u32();
  const std::uint32_t count = reader.u32();
  if (!reader.ok()) return fail(cut_off());
  if (bytes.size() > kMaxBundle) {
    return fail(refusal(RefusalReason::too_large,
                        "a bundle of over " + std::to_string(kMaxBundle >> 20) + " MiB"));
  }
  if (manifest_bytes > kMaxManifest) {
    return fail(refusal(RefusalReason::too_large,
                        "its manifest has " + std::to_string(manifest_bytes) + " bytes, at most " +
                            std::to_string(kMaxManifest) + " are taken"));
  }
  if (count > kMaxSignatures) {
    return fail(refusal(RefusalReason::too_large,
                        "it has " + std::to_string(count) + " signatures, at most " +
                            std::to_string(kMaxSignatures) + " are taken"));
  }
  if (count == 0) return fail(refusal(RefusalReason::untrusted, "nobody signed it"));
  Container container{.manifest = as_text(reader.take(manifest_bytes))};
  for (std::uint32_t i = 0; i < count; ++i) {
    SignatureView signature;
    const Bytes key = reader.take(signature.key.bytes.size());
    signature.bytes = reader.take(kSignatureBytes);
    if (!reader.ok()) return fail(cut_off());
    copy_bytes(key, signature.key.bytes);
    if (std::ranges::count(container.signatures, signature.key, &SignatureView::key) > 0) {
      return fail(refusal(RefusalReason::malformed,
                          "two signatures of the key " + to_string(signature.key)));
    }
    container.signatures.push_back(signature);
  }
  container.members = as_text(reader.rest());
  return container;
}

std::string write_head(std::string_view manifest, const std::vector<WrittenSignature>& signatures) {
  std::string head(kBundleMagic);
  append_u32(head, kFormatVersion);
  append_u32(head, manifest.size());
  append_u32(head, signatures.size());
  head += manifest;
  for (const WrittenSignature& signature : signatures) {
    head += as_text(signature.key.bytes);
    head += as_text(signature.bytes);
  }
  return head;
}

std::string signed_text(std::string_view manifest) {
  std::string text(kContext);
  text += manifest;
  return text;
}

}  // namespace sluice::lists
