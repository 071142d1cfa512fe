#pragma once

// The bytes of a bundle around its manifest: lengths, signatures, where members are. README.md has
// the picture. Private to lists/bundle.
//
// Views into the bytes. Nothing here is verified.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"
#include "filters/base/result.h"
#include "lists/bundle/keys.h"
#include "lists/update/refusal.h"

namespace sluice::lists {

struct SignatureView {
  KeyId key;
  Bytes bytes;  // kSignatureBytes
};

struct Container {
  std::string_view manifest;
  std::vector<SignatureView> signatures;  // of different keys; at least one
  std::string_view members;               // all of them, up to the end
};

// Counts and lengths are compared with their limits and with what is there before memory is taken.
[[nodiscard]] Result<Container, Refusal> read_container(std::string_view bytes);

struct WrittenSignature {
  KeyId key;
  Signature bytes;
};
// All before the members. REQUIRES: within the limits.
[[nodiscard]] std::string write_head(std::string_view manifest,
                                     const std::vector<WrittenSignature>& signatures);

// What a key signs.
[[nodiscard]] std::string signed_text(std::string_view manifest);

}  // namespace sluice::lists
