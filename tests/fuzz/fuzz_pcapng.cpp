// Any file: records lie in their blocks, keep what the bounds say, and the same bytes give the same
// records; a file that is read to its end is read to the same records when it is cut behind a
// block.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/dataplane/pcap/pcapng.h"
#include "tests/fuzz/require.h"

namespace sluice::io {
namespace {

using fuzz::lies_in;
using fuzz::require;

struct Seen {
  std::vector<Record> records;
  std::vector<std::size_t> ends;  // of blocks
};

Seen read(Bytes file) {
  Seen seen;
  PcapngBlocks blocks;
  std::size_t at = 0;
  while (file.size() - at >= PcapngBlocks::kHeader) {
    const auto length = blocks.length_of(file.subspan(at));
    if (!length) {
      require(!length.error().empty());
      break;
    }
    require(*length >= PcapngBlocks::kHeader && *length <= PcapngBlocks::kMostBlock);
    if (*length > file.size() - at) break;
    const Bytes block = file.subspan(at, *length);
    const auto record = blocks.take(block);
    if (!record) {
      require(!record.error().empty());
      break;
    }
    if (*record) {
      require(lies_in((*record)->bytes, block));
      seen.records.push_back(**record);
    }
    at += *length;
    seen.ends.push_back(at);
  }
  return seen;
}

void check(Bytes file) {
  const Seen seen = read(file);
  if (seen.ends.empty()) return;
  const Seen again = read(file.first(seen.ends[seen.ends.size() / 2]));
  require(again.ends.size() == seen.ends.size() / 2 + 1);
  require(again.records.size() <= seen.records.size());
  for (std::size_t i = 0; i < again.records.size(); ++i) {
    require(as_text(again.records[i].bytes) == as_text(seen.records[i].bytes));
    require(again.records[i].link == seen.records[i].link);
    require(again.records[i].time == seen.records[i].time);
  }
}

}  // namespace
}  // namespace sluice::io

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::io::check(std::as_bytes(std::span(data, size)));
  return 0;
}
