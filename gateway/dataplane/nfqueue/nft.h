#pragma once

// The language of nftables, spoken to the kernel (libnftables): a script is one transaction. Needs
// CAP_NET_ADMIN; takes some milliseconds and allocates.

#include <string>

#include "filters/base/result.h"

namespace sluice::io {

enum class NftMode : bool { run, check };  // check: the kernel says whether it would

// Error: what nft says of it, one line.
[[nodiscard]] Result<void, std::string> run_nft(const std::string& script,
                                                NftMode mode = NftMode::run);

}  // namespace sluice::io
