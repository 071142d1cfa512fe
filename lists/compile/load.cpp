#include "lists/compile/load.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "lists/compile/image_memory.h"

namespace sluice::lists {

Result<LoadedFile, std::string> load_file(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::status(file, error);
  if (error || !fs::exists(status)) return fail(std::string("no such file"));
  if (fs::is_directory(status)) return fail(std::string("a directory, not a file"));
  // A pipe has no size: it would be an empty list, and ban nothing.
  if (!fs::is_regular_file(status)) return fail(std::string("not a regular file"));
  const auto size = fs::file_size(file, error);
  if (error) return fail(error.message());
  if (size > kMaxFile) return fail(std::string("larger than 1 GiB"));
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(std::string(std::strerror(errno)));
  LoadedFile loaded{std::pmr::string(huge_pages()), {}};
  loaded.text.resize_and_overwrite(size, [&](char* to, std::size_t room) {
    stream.read(to, static_cast<std::streamsize>(room));
    return static_cast<std::size_t>(stream.gcount());
  });
  if (loaded.text.size() != size) return fail(std::string("shrank while it was being read"));
  loaded.modified = modification_time(file);
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
  constexpr std::size_t kBytes = 8;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (std::size_t i = 0; i < kBytes; ++i) {
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 0xf];
  }
  return hex;
}

}  // namespace sluice::lists
