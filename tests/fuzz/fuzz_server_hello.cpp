// Any bytes of a server: what they say does not depend on how they are cut, every byte is read, and
// nothing is read behind a last word.

#include <cstdint>
#include <span>
#include <vector>

#include "filters/tls/server_hello.h"
#include "tests/fuzz/require.h"

namespace sluice::tls {
namespace {

using fuzz::require;

std::vector<ServerWord> words_in(Bytes stream, std::size_t step) {
  ServerHelloScan scan;
  std::vector<ServerWord> words;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    Bytes piece = stream.subspan(at, std::min(step, stream.size() - at));
    while (!piece.empty()) {
      const std::size_t before = piece.size();
      const ServerWord word = scan.read(piece);
      require(piece.size() <= before);
      if (word == ServerWord::none) break;
      require(words.empty() || words.back() == ServerWord::retry);
      words.push_back(word);
    }
  }
  return words;
}

void check(Bytes stream) {
  const auto whole = words_in(stream, stream.size() + 1);
  for (const std::size_t step : {1U, 3U, 40U}) require(words_in(stream, step) == whole);
}

}  // namespace
}  // namespace sluice::tls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::tls::check(std::as_bytes(std::span(data, size)));
  return 0;
}
