#include "tests/support/http2_builder.h"

#include <nghttp2/nghttp2.h>

#include <cstdlib>

#include "filters/http2/frames.h"

namespace sluice::test {
namespace {

std::uint8_t* text_of(const std::string& text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

}  // namespace

ByteVector http2_frame(unsigned type, unsigned flags, std::uint32_t stream, Bytes payload) {
  ByteVector frame;
  append_u8(frame, static_cast<unsigned>(payload.size() >> 16));
  append_u16(frame, static_cast<unsigned>(payload.size() & 0xffff));
  append_u8(frame, type);
  append_u8(frame, flags);
  append_u32(frame, stream);
  append(frame, payload);
  return frame;
}

bool names_host(const Field& field) {
  return field.name == ":authority" || field.name == ":path" || field.name == "host";
}

FieldList request_fields(std::string_view authority) {
  return {{":method", "GET"},
          {":scheme", "http"},
          {":authority", std::string(authority)},
          {":path", "/index.html"},
          {"user-agent", "client/1.0"},
          {"accept", "*/*"}};
}

ByteVector hpack_string(std::string_view text) {
  if (text.size() >= 0x7f) std::abort();
  ByteVector string;
  append_u8(string, static_cast<unsigned>(text.size()));
  append(string, as_bytes(text));
  return string;
}

ByteVector hpack_coded(std::string_view text) {
  // What the encoder writes behind the byte for `:authority`, never indexed.
  nghttp2_hd_deflater* deflater = nullptr;
  if (nghttp2_hd_deflate_new(&deflater, 0) != 0) std::abort();
  std::string name = ":authority", value(text);
  const nghttp2_nv field{text_of(name), text_of(value), name.size(), value.size(),
                         NGHTTP2_NV_FLAG_NO_INDEX};
  ByteVector out(2 * text.size() + 64);
  const auto size = nghttp2_hd_deflate_hd(deflater, reinterpret_cast<std::uint8_t*>(out.data()),
                                          out.size(), &field, 1);
  nghttp2_hd_deflate_del(deflater);
  constexpr std::byte kNeverIndexedAuthority{0x11};
  std::size_t start = 0;
  while (out[start] != kNeverIndexedAuthority) ++start;  // behind the size of the table
  const std::byte first = out[start + 1];
  if (size < 0 || (first & std::byte{0x80}) == std::byte{0}) std::abort();  // would not be shorter
  return {out.begin() + static_cast<std::ptrdiff_t>(start) + 1, out.begin() + size};
}

ByteVector hpack_literal(Bytes start, std::string_view value) {
  ByteVector literal(start.begin(), start.end());
  append(literal, hpack_string(value));
  return literal;
}

ByteVector hpack_literal(Bytes start, std::string_view name, std::string_view value) {
  ByteVector literal(start.begin(), start.end());
  append(literal, hpack_string(name));
  append(literal, hpack_string(value));
  return literal;
}

FieldEncoder::FieldEncoder() {
  nghttp2_hd_deflater* deflater = nullptr;
  if (nghttp2_hd_deflate_new(&deflater, NGHTTP2_DEFAULT_HEADER_TABLE_SIZE) != 0) std::abort();
  deflater_.reset(deflater);
}

void FieldEncoder::Delete::operator()(nghttp2_hd_deflater* deflater) const {
  nghttp2_hd_deflate_del(deflater);
}

ByteVector FieldEncoder::encode(const FieldList& fields) {
  std::vector<nghttp2_nv> pairs;
  for (const Field& field : fields) {
    pairs.push_back({text_of(field.name), text_of(field.value), field.name.size(),
                     field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  ByteVector block(nghttp2_hd_deflate_bound(deflater_.get(), pairs.data(), pairs.size()));
  const auto size =
      nghttp2_hd_deflate_hd(deflater_.get(), reinterpret_cast<std::uint8_t*>(block.data()),
                            block.size(), pairs.data(), pairs.size());
  if (size < 0) std::abort();
  block.resize(static_cast<std::size_t>(size));
  return block;
}

FieldDecoder::FieldDecoder() {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) std::abort();
  inflater_.reset(inflater);
}

void FieldDecoder::Delete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

bool FieldDecoder::decode(Bytes block, FieldList& fields) {
  for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
    nghttp2_nv pair;
    flags = 0;
    const auto size = nghttp2_hd_inflate_hd2(inflater_.get(), &pair, &flags,
                                             reinterpret_cast<const std::uint8_t*>(block.data()),
                                             block.size(), 1);
    if (size < 0) return false;
    block = block.subspan(static_cast<std::size_t>(size));
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
    fields.push_back({std::string(reinterpret_cast<char*>(pair.name), pair.namelen),
                      std::string(reinterpret_cast<char*>(pair.value), pair.valuelen)});
  }
  return nghttp2_hd_inflate_end_headers(inflater_.get()) == 0;
}

ByteVector Http2Client::start() const {
  ByteVector stream = byte_vector(http2::kPreface);
  append(stream, http2_frame(kSettings, 0, 0, byte_vector(std::string_view("\0\3\0\0\0\x64", 6))));
  return stream;
}

ByteVector Http2Client::request(std::string_view authority) {
  return request(request_fields(authority));
}

ByteVector Http2Client::request(const FieldList& fields, unsigned flags) {
  const std::uint32_t stream = stream_;
  stream_ += 2;
  return http2_frame(kHeaders, flags | kEndHeaders, stream, encoder_.encode(fields));
}

ByteVector Http2Client::data(std::size_t size) const {
  return http2_frame(kData, kEndStream, stream_ - 2, ByteVector(size, std::byte{'x'}));
}

}  // namespace sluice::test
