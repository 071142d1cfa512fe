#pragma once

// An HTTP/2 client for tests. libnghttp2 encodes and decodes the field blocks.
//
//   Http2Client client;
//   ByteVector stream = client.start();
//   append(stream, client.request("example.com"));

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filters/base/bytes.h"
#include "tests/support/packet_builder.h"

struct nghttp2_hd_deflater;
struct nghttp2_hd_inflater;

namespace sluice::test {

// RFC 9113 section 6: types of frames, and flags.
inline constexpr unsigned kData = 0, kHeaders = 1, kSettings = 4, kPushPromise = 5, kPing = 6,
                          kContinuation = 9;
inline constexpr unsigned kEndStream = 0x1, kEndHeaders = 0x4, kPadded = 0x8, kPriority = 0x20;

[[nodiscard]] ByteVector http2_frame(unsigned type, unsigned flags, std::uint32_t stream,
                                     Bytes payload = {});

struct Field {
  std::string name, value;
};
using FieldList = std::vector<Field>;
// The fields in which servers may find the host.
[[nodiscard]] bool names_host(const Field& field);
[[nodiscard]] FieldList request_fields(std::string_view authority);

// A string of HPACK, in the clear or in the Huffman code.
[[nodiscard]] ByteVector hpack_string(std::string_view text);
[[nodiscard]] ByteVector hpack_coded(std::string_view text);
// A literal field: its first bytes (pattern and name index), the name where there is no index, and
// the value, the strings in the clear.
[[nodiscard]] ByteVector hpack_literal(Bytes start, std::string_view value);
[[nodiscard]] ByteVector hpack_literal(Bytes start, std::string_view name, std::string_view value);

// One end of a connection, with its dynamic table.
class FieldEncoder {
 public:
  FieldEncoder();
  [[nodiscard]] ByteVector encode(const FieldList& fields);

 private:
  struct Delete {
    void operator()(nghttp2_hd_deflater* deflater) const;
  };
  std::unique_ptr<nghttp2_hd_deflater, Delete> deflater_;
};

// The other end, with its own table. Reads as a server's library does.
class FieldDecoder {
 public:
  FieldDecoder();
  // Appends the fields of a block. False: the block is invalid, which ends the connection.
  [[nodiscard]] bool decode(Bytes block, FieldList& fields);

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
};

class Http2Client {
 public:
  // The preface and what clients send with it.
  [[nodiscard]] ByteVector start() const;
  // HEADERS of the next stream.
  [[nodiscard]] ByteVector request(std::string_view authority);
  [[nodiscard]] ByteVector request(const FieldList& fields, unsigned flags = kEndStream);
  [[nodiscard]] ByteVector data(std::size_t size) const;
  // The block of the next request without a frame.
  [[nodiscard]] ByteVector block(const FieldList& fields) { return encoder_.encode(fields); }

 private:
  FieldEncoder encoder_;
  std::uint32_t stream_ = 1;
};

}  // namespace sluice::test
