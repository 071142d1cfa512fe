// Field blocks of one connection, against libnghttp2's decoder, which keeps the dynamic table: what
// it reads is read, and every host in it was told, in its block or in one before. The first octet
// says where the second block begins.

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "filters/http2/field_block.h"
#include "filters/http2/frames.h"
#include "tests/fuzz/require.h"

namespace sluice::http2 {
namespace {

using fuzz::require;

bool names_host(std::string_view name) {
  return name == ":authority" || name == ":path" || name == "host";
}

class Model {
 public:
  Model() { require(nghttp2_hd_inflate_new(&inflater_) == 0); }
  ~Model() { nghttp2_hd_inflate_del(inflater_); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  // False: no block. Else the values of the fields that name hosts.
  bool read(Bytes block, std::vector<std::string>& hosts) {
    int flags = 0;
    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
      nghttp2_nv field;
      flags = 0;
      const auto size = nghttp2_hd_inflate_hd2(inflater_, &field, &flags,
                                               reinterpret_cast<const std::uint8_t*>(block.data()),
                                               block.size(), 1);
      if (size < 0) return false;
      block = block.subspan(static_cast<std::size_t>(size));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      if (names_host({reinterpret_cast<char*>(field.name), field.namelen})) {
        hosts.emplace_back(reinterpret_cast<char*>(field.value), field.valuelen);
      }
    }
    return nghttp2_hd_inflate_end_headers(inflater_) == 0;
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

void check(Bytes input) {
  if (input.empty()) return;
  const Bytes blocks = input.subspan(1).first(std::min(input.size() - 1, kMaxBlock));
  const std::size_t cut = std::min(std::to_integer<std::size_t>(input[0]), blocks.size());
  const auto room = std::make_unique<HuffmanRoom>();
  Entries entries;
  Model model;
  std::set<std::string, std::less<>> told{""};  // what the static table has says nothing
  for (const Bytes block : {blocks.first(cut), blocks.subspan(cut)}) {
    const auto fields =
        read_fields(block, entries, *room, [&](std::string_view value) { told.emplace(value); });
    std::vector<std::string> hosts;
    if (!model.read(block, hosts)) return;
    require(fields.has_value());
    for (const std::string& host : hosts) {
      require(told.contains(host) || host == "/" || host == "/index.html");
    }
  }
}

}  // namespace
}  // namespace sluice::http2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::http2::check(std::as_bytes(std::span(data, size)));
  return 0;
}
