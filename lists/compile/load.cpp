#include "lists/compile/load.h"

#include <span>

#include "lists/compile/digest.h"
#include "lists/compile/image_memory.h"
#include "lists/compile/regular_file.h"

namespace sluice::lists {

Result<LoadedFile, std::string> load_file(const std::filesystem::path& path, std::uintmax_t most) {
  auto file = RegularFile::open(path, most);
  if (!file) return fail(std::move(file.error()));
  LoadedFile loaded{std::pmr::string(huge_pages()), file->modified()};
  Result<void, std::string> read;
  loaded.text.resize_and_overwrite(file->size(), [&](char* to, std::size_t /*room*/) {
    read = file->read(std::as_writable_bytes(std::span(to, file->size())));
    return read ? file->size() : 0;
  });
  if (!read) return fail(std::move(read.error()));
  // Half of a list may look like a whole one.
  if (file->changed()) return fail(std::string("changed while it was being read"));
  return loaded;
}

std::chrono::system_clock::time_point modification_time(const std::filesystem::path& file) {
  std::error_code error;
  const auto written = std::filesystem::last_write_time(file, error);
  if (error) return {};
  return std::chrono::time_point_cast<std::chrono::system_clock::duration>(
      std::chrono::file_clock::to_sys(written));
}

std::string short_digest(std::string_view text) {
  return to_hex(Bytes(sha256(as_bytes(text))).first(8));
}

}  // namespace sluice::lists
