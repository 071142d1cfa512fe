#include "filters/http/chunk.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

// "line+data", or the error.
std::string outcome(std::string_view text) {
  const auto chunk = parse_chunk(as_bytes(text));
  if (chunk) return std::to_string(chunk->line_size) + '+' + std::to_string(chunk->data_size);
  return chunk.error() == ChunkError::need_more ? "need_more" : "malformed";
}

TEST(Chunk, ReadsTheLineInFrontOfTheData) {
  EXPECT_EQ(outcome("5\r\nhello"), "3+5");
  EXPECT_EQ(outcome("\r\n1aF\r\n"), "7+431");
  EXPECT_EQ(outcome("\n5\n"), "3+5");
  EXPECT_EQ(outcome("0\r\n\r\n"), "3+0");
  EXPECT_EQ(outcome("5 ;name=\"value\"\r\n"), "17+5");
}

// A chunk that is larger for us than for the server hides the next request.
TEST(ChunkEvasion, SizesThatServersReadInTwoWays) {
  for (const char* text : {" 5\r\n", "+5\r\n", "-5\r\n", "0x5\r\n", "5 5\r\n", "5\r5\r\n", ";\r\n",
                           "\r\n\r\n", "1000000000000005\r\n", "0000000000000005\r\n", "g\r\n"}) {
    EXPECT_EQ(outcome(text), "malformed") << text;
  }
  EXPECT_EQ(outcome("5;" + std::string(kMaxChunkLine, 'x')), "malformed");
}

TEST(ChunkProperty, APrefixNeedsMoreOrSaysWhatTheWholeSays) {
  for (const std::string text : {"\r\n1aF ;x=y\r\nzz", "5\n", "0\r\n", "5 x\r\n", "\r\n\r\n"}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      const std::string read = outcome(std::string(text, 0, size));
      EXPECT_TRUE(read == "need_more" || read == outcome(text)) << text << size;
    }
  }
}

}  // namespace
}  // namespace sluice::http
