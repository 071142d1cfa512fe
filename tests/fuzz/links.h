#pragma once

// The link types that fuzz targets decode frames of, and one that nobody knows.

#include <array>

#include "filters/base/link_type.h"

namespace sluice::fuzz {

inline constexpr std::array kLinks = {LinkType::ethernet,
                                      LinkType::raw,
                                      LinkType::null,
                                      LinkType::loop,
                                      LinkType::linux_sll,
                                      LinkType::linux_sll2,
                                      LinkType::ipv4,
                                      LinkType::ipv6,
                                      LinkType::raw_bsdos,
                                      LinkType::raw_openbsd,
                                      static_cast<LinkType>(147)};

}  // namespace sluice::fuzz
