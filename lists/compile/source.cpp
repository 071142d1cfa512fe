#include "lists/compile/source.h"

#include "lists/compile/load.h"

namespace sluice::lists {

Source Source::file(const std::filesystem::path& path) {
  return {path.string(), [path]() -> Result<ListText, std::string> {
            auto loaded = load_file(path);
            if (!loaded) return fail(std::move(loaded.error()));
            std::string version = short_digest(loaded->text);
            return ListText{std::move(loaded->text), std::move(version), loaded->modified};
          }};
}

}  // namespace sluice::lists
