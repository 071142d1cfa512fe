// One authority in every frame and form in which HTTP/2 servers read it.

#include "tests/evasion/cases.h"
#include "tests/support/http2_builder.h"

namespace sluice::evasion {
namespace {

using test::append;
using test::byte_vector;
using test::FieldList;
using test::hpack_literal;
using test::http2_frame;
using test::joined;
using test::kContinuation;
using test::kEndHeaders;
using test::kEndStream;
using test::kHeaders;
using test::kPadded;
using test::request_fields;

// In one segment, with a frame's header cut, and in segments of one byte.
Scripts connections(const std::vector<ByteVector>& streams) {
  Scripts scripts;
  for (const ByteVector& frames : streams) {
    ByteVector stream = test::Http2Client().start();
    const std::size_t cut = stream.size() + 5;
    append(stream, frames);
    scripts.push_back(Script(stream).open().whole());
    scripts.push_back(Script(stream).open().part(0, cut).part(cut, stream.size()));
    scripts.push_back(Script(stream).open().part(cut, stream.size()).part(0, cut));
    Script bytes(stream);
    bytes.open();
    for (std::size_t i = 0; i < stream.size(); ++i) bytes.part(i, i + 1);
    scripts.push_back(std::move(bytes));
  }
  return scripts;
}

ByteVector headers(Bytes block, std::uint32_t stream = 1) {
  return http2_frame(kHeaders, kEndHeaders | kEndStream, stream, block);
}

Scripts coded(const Payload& payload) {
  const ByteVector never_indexed = byte_vector("\x10");
  return connections(
      {headers(test::FieldEncoder().encode(request_fields(payload.name))),
       headers(joined({byte_vector("\x41"), test::hpack_coded("ABC" + payload.name.substr(3))})),
       headers(joined(
           {never_indexed, test::hpack_coded(":authority"), test::hpack_coded(payload.name)}))});
}

Scripts user_and_port(const Payload& payload) {
  test::FieldEncoder encoder;
  return connections({headers(encoder.encode(request_fields("user@" + payload.name + ":443")))});
}

Scripts two_hosts(const Payload& payload) {
  const std::string other(kDecoyName);
  test::FieldEncoder one, another;
  return connections({headers(one.encode({{":authority", other}, {"host", payload.name}})),
                      headers(another.encode({{"host", payload.name}, {":authority", other}}))});
}

Scripts later_stream(const Payload& payload) {
  test::Http2Client client;
  ByteVector stream = client.request(kDecoyName);
  append(stream, client.data(100));
  append(stream, client.request(kDecoyName));
  append(stream, client.request(payload.name));
  return connections({stream});
}

Scripts dynamic_name(const Payload& payload) {
  const ByteVector first = hpack_literal(byte_vector("\x40"), "host", kDecoyName);
  return connections(
      {joined({headers(first), headers(hpack_literal(byte_vector("\x7e"), payload.name), 3)})});
}

Scripts trailer(const Payload& payload) {
  test::Http2Client client;
  ByteVector stream = client.request(kDecoyName);
  append(stream, headers(client.block(FieldList{{"host", payload.name}})));
  return connections({stream});
}

Scripts padding(const Payload& payload) {
  const ByteVector block = test::FieldEncoder().encode(request_fields(payload.name));
  ByteVector padded = byte_vector("\x09");
  append(padded, block);
  append(padded, ByteVector(9, std::byte{0}));
  ByteVector dependent = byte_vector(std::string_view("\x02\0\0\0\0\x0f", 6));
  append(dependent, block);
  append(dependent, ByteVector(2, std::byte{0}));
  return connections(
      {http2_frame(kHeaders, kEndHeaders | kPadded, 1, padded),
       http2_frame(kHeaders, kEndHeaders | kPadded | test::kPriority, 1, dependent)});
}

Scripts continuations(const Payload& payload) {
  const ByteVector block = test::FieldEncoder().encode(request_fields(payload.name));
  ByteVector stream = http2_frame(kHeaders, kEndStream, 1, Bytes(block).first(1));
  for (std::size_t i = 1; i + 1 < block.size(); ++i) {
    append(stream, http2_frame(kContinuation, 0, 1, Bytes(block).subspan(i, 1)));
  }
  append(stream, http2_frame(kContinuation, kEndHeaders, 1, Bytes(block).last(1)));
  return connections({stream});
}

Scripts other_frames(const Payload& payload) {
  test::Http2Client client;
  const ByteVector lure = client.request(kDecoyName);
  return connections(
      {joined({http2_frame(0xfa, 0xff, 0, lure), http2_frame(test::kPing, 0, 0, ByteVector(8)),
               http2_frame(0x10, 4, 0, lure), client.request(payload.name)})});
}

}  // namespace

std::span<const Case> http2_cases() {
  static const std::vector<Case> cases{
      {"http2_coded", "Huffman codes, of name and value", {Kind::http2}, coded},
      {"http2_user_port", "user information and a port", {Kind::http2}, user_and_port},
      {"http2_two_hosts", "an authority and another host", {Kind::http2}, two_hosts},
      {"http2_later_request", "in a third request, behind data", {Kind::http2}, later_stream},
      {"http2_dynamic_name", "under a name of the dynamic table", {Kind::http2}, dynamic_name},
      {"http2_trailer", "behind the body", {Kind::http2}, trailer},
      {"http2_padding", "behind padding and a priority", {Kind::http2}, padding},
      {"http2_continuations", "one byte of the block in each frame", {Kind::http2}, continuations},
      {"http2_other_frames", "behind frames of unknown types", {Kind::http2}, other_frames},
  };
  return cases;
}

}  // namespace sluice::evasion
