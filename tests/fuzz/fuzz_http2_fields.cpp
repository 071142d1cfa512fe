// Field blocks of one connection, against libnghttp2's decoder, which keeps the dynamic table: what
// it reads is read, and every host in it was told, in its block or in one before. The first byte
// says where the second block begins.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "filters/http2/field_block.h"
#include "filters/http2/frames.h"
#include "tests/fuzz/require.h"
#include "tests/support/http2_builder.h"

namespace sluice::http2 {
namespace {

using fuzz::require;

void check(Bytes input) {
  if (input.empty()) return;
  const Bytes blocks = input.subspan(1).first(std::min(input.size() - 1, kMaxBlock));
  const std::size_t cut = std::min(std::to_integer<std::size_t>(input[0]), blocks.size());
  const auto room = std::make_unique<HuffmanRoom>();
  Entries entries;
  test::FieldDecoder model;
  std::set<std::string, std::less<>> told{""};  // what the static table has says nothing
  for (const Bytes block : {blocks.first(cut), blocks.subspan(cut)}) {
    const auto fields =
        read_fields(block, entries, *room, [&](std::string_view value) { told.emplace(value); });
    test::FieldList read;
    if (!model.decode(block, read)) return;
    if (!fields && fields.error() == FieldError::too_large) return;
    require(fields.has_value());
    for (const auto& field : read) {
      if (!test::names_host(field)) continue;
      const std::string& host = field.value;
      require(told.contains(host) || host.starts_with('/'));
    }
  }
}

}  // namespace
}  // namespace sluice::http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::http2::check(std::as_bytes(std::span(data, size)));
  return 0;
}
