// Any bytes as a zone file and its journal: what loads is a whole zone, and loads again as itself
// once it was written.

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "lists/transfer/zone_files.h"
#include "tests/fuzz/require.h"

namespace sluice::fuzz {
namespace {

void put(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// The two are separated by a zero byte. With a mark in front, the zone file is a good one.
void check(std::string_view input) {
  static const std::filesystem::path kFolder =
      std::filesystem::temp_directory_path() / ("sluice_fuzz_zone_" + std::to_string(::getpid()));
  std::filesystem::create_directories(kFolder);
  const lists::ZoneFiles files(kFolder / "zone", "rpz.test.");
  const std::size_t cut = std::min(input.find('\0'), input.size());
  if (input.starts_with('!')) {
    const auto writer = files.write({5, 1, 2, 3});
    writer->add("a.rpz.test.\t60\tCNAME\t.\n");
    require(writer->finish().has_value());
  } else {
    put(files.file(), input.substr(0, cut));
  }
  put(files.file().string() + ".journal", input.substr(std::min(cut + 1, input.size())));
  const auto zone = files.load();
  require(!input.starts_with('!') || zone.has_value());
  if (zone) {
    const auto writer = files.write(zone->soa);
    writer->add(zone->records());
    require(writer->finish().has_value());
    const auto again = files.load();
    require(again && again->soa == zone->soa && again->records() == zone->records() &&
            again->whole);
  }
  std::filesystem::remove_all(kFolder);
}

}  // namespace
}  // namespace sluice::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check(sluice::as_text(std::as_bytes(std::span(data, size))));
  return 0;
}
