#pragma once

// A file that is replaced as a whole or not at all: whatever happens, it is the old one or the new
// one, also after a crash. Blocks; allocates little.

#include <sys/types.h>

#include <filesystem>
#include <span>
#include <string>

#include "filters/base/bytes.h"
#include "filters/base/result.h"

namespace sluice::lists {

// The file has the parts one behind the other. It takes the mode of the file that it replaces; if
// there is none, `mode`, whatever the umask is. A link stays, and what it leads to is replaced.
// Directories and devices are refused. Error: the reason, without the file's name.
[[nodiscard]] Result<void, std::string> replace_file(const std::filesystem::path& path,
                                                     std::span<const Bytes> parts, mode_t mode);

}  // namespace sluice::lists
