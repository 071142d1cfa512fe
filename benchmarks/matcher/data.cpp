#include "benchmarks/matcher/data.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>

#include "benchmarks/matcher/synthetic.h"

namespace sluice::bench {
namespace {

constexpr const char* kSmall = "lists/blocklist-345k.txt.xz";
constexpr const char* kPopular = "lists/big/popular-names.txt.xz";
constexpr const char* kLarge[] = {"lists/big/ut1-history.txt.xz", "lists/big/hagezi-2026-08.txt.xz",
                                  "lists/big/hagezi-2022-history.txt.xz",
                                  "lists/big/columndeeply-history.txt.xz"};
// Sizes of the real lists. Made-up lists get the same sizes.
constexpr std::size_t kSmallSize = 345'241;
constexpr std::size_t kLargeSize = 3'690'137;
constexpr std::size_t kPopularSize = 836'979;
constexpr std::size_t kHead = 99'984;

std::filesystem::path shared_folder(std::filesystem::path wanted) {
  if (!wanted.empty()) return wanted;
  if (const char* folder = std::getenv("SLUICE_SHARED")) return folder;
  return SLUICE_SOURCE_DIR "/../shared";
}

bool holds_all(const std::filesystem::path& folder) {
  for (const char* file : kLarge) {
    if (!exists(folder / file)) return false;
  }
  return exists(folder / kSmall) && exists(folder / kPopular);
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + '\'';
}

void read_lines(const std::filesystem::path& file, Names& out) {
  const std::string command = "xz -dc -- " + quoted(file.string());
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run xz");
  char* line = nullptr;
  std::size_t room = 0;
  for (ssize_t size; (size = getline(&line, &room, pipe)) > 0;) {
    if (line[size - 1] == '\n') --size;
    if (size > 0) out.add({line, static_cast<std::size_t>(size)});
  }
  std::free(line);
  if (pclose(pipe) != 0) throw std::runtime_error("xz cannot read " + file.string());
}

Names read(const std::filesystem::path& folder, std::span<const char* const> files) {
  Names names;
  for (const char* file : files) read_lines(folder / file, names);
  return names;
}

}  // namespace

Data::Data(std::filesystem::path folder, std::uint64_t seed)
    : folder_(shared_folder(std::move(folder)).lexically_normal()),
      seed_(seed),
      is_real_(holds_all(folder_)) {}

Popular Data::popular() const {
  if (is_real_) return {read(folder_, std::span(&kPopular, 1)), kHead};
  return {made_up_names(kPopularSize, seed_ + 1), kHead};
}

const Names& Data::large() {
  if (large_.size() == 0) {
    large_ = is_real_ ? sorted_unique(read(folder_, kLarge)) : made_up_names(kLargeSize, seed_ + 2);
  }
  return large_;
}

std::optional<Names> Data::rules(std::string_view set) {
  if (set == "345k") {
    return is_real_ ? sorted_unique(read(folder_, std::span(&kSmall, 1)))
                    : made_up_names(kSmallSize, seed_ + 3);
  }
  if (set == "1m") {
    Random random(seed_ + 4);
    return sample(large(), 1'000'000, random);
  }
  if (set == "3.7m") return large();
  if (set == "10m") return renamed_copies(large(), 10'000'000, seed_ + 5);
  return std::nullopt;
}

}  // namespace sluice::bench
