#pragma once

// MMTLS, the transport of WeChat: Tencent's own descendant of TLS 1.3. It names no server anywhere,
// so the protocol itself is the finding.
//
//   | 16 or 19 | f1 03 or 04 | length | length - 4 as u32 | 01 | 03 or 04, f1 | ciphers …
//   |  record: handshake, or early data  |       ClientHello                  |
//
// A long link is a TCP connection that starts so; a short link is the body of an HTTP request. TLS
// has no version f1 xx, and both lengths must agree: no other protocol looks like it.
// Facts: public analyses of the app's traffic (Citizen Lab, "Should We Chat, Too?", 2024).
// Pure: no allocation, no exceptions.

#include "filters/base/bytes.h"
#include "filters/base/detection.h"

namespace sluice::mmtls {

inline constexpr std::size_t kHelloHeadBytes = 12;

// Whether a stream is MMTLS. Reads at most kHelloHeadBytes, up to the first that is wrong.
[[nodiscard]] Detection looks_like_hello(Bytes stream) noexcept;

}  // namespace sluice::mmtls
