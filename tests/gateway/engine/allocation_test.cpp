// Invariant: once warm, nothing between a frame and its verdict allocates.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/gateway/engine/lab.h"
#include "tests/support/dns_response.h"
#include "tests/support/dtls_builder.h"
#include "tests/support/fragments.h"
#include "tests/support/http2_builder.h"
#include "tests/support/quic_builder.h"

namespace {
std::atomic<std::uint64_t> allocations{0};  // of this program, since it started

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace sluice::engine {
namespace {

using test::ByteVector;
using test::Connection;
using test::FrameBuilder;
using test::Lab;

ByteVector http2_request(std::string_view authority) {
  test::Http2Client client;
  ByteVector stream = client.start();
  test::append(stream, client.request(authority));
  return stream;
}

// A question, and its answer in two segments.
void add_dns_over_tcp(std::vector<ByteVector>& frames, int number, const std::string& target) {
  const Connection connection("192.0.2.2:" + std::to_string(2000 + number), "198.51.100.53:53");
  const ByteVector question = test::framed(test::dns_query("a.example"));
  const ByteVector answer = test::framed(
      test::DnsResponse("a.example").cname("a.example", target).a(target, "203.0.113.9").build());
  frames.push_back(connection.syn());
  frames.push_back(connection.syn_ack());
  frames.push_back(connection.data(0, question));
  frames.push_back(connection.answer(0, Bytes(answer).first(20), question.size()));
  frames.push_back(connection.answer(20, Bytes(answer).subspan(20), question.size()));
  if (number % 2 == 0) frames.push_back(connection.received(question.size(), answer.size()));
}

// Questions over UDP and TCP, answers over TCP, hellos whole and split, over TCP, QUIC and DTLS,
// conflicts, requests of HTTP/1 and 2, blocked and passed flows, junk; from more flows than the
// table holds.
std::vector<ByteVector> traffic() {
  std::vector<ByteVector> frames;
  for (int i = 0; i < 200; ++i) {
    const std::string name = (i % 3 == 0 ? "a.wechat.com" : "b" + std::to_string(i) + ".example");
    const Connection connection("192.0.2.1:" + std::to_string(2000 + i));
    const ByteVector hello = test::tls_records(test::client_hello(name), {100});
    frames.push_back(
        FrameBuilder("192.0.2.1:7000", "198.51.100.53:53").payload(test::dns_query(name)).build());
    add_dns_over_tcp(frames, i, name);
    frames.push_back(connection.syn());
    frames.push_back(connection.syn_ack());
    const FrameBuilder quic("198.18.0." + std::to_string(i) + ":4000", "198.51.100.2:443");
    for (const ByteVector& datagram : test::quic_hello(name, {}, {90})) {
      frames.push_back(FrameBuilder(quic).payload(datagram).build());
    }
    for (const ByteVector& datagram : test::dtls_datagrams(test::dtls_hello(name), 90)) {
      frames.push_back(FrameBuilder(quic).payload(datagram).build());
    }
    frames.push_back(
        FrameBuilder(quic).payload(test::quic_initial({.keys_of = hello}, {})).build());
    switch (i % 5) {
      case 0:
        frames.push_back(connection.data(0, hello));
        frames.push_back(connection.acknowledge(hello.size()));
        break;
      case 1:
        frames.push_back(connection.data(50, Bytes(hello).subspan(50)));
        frames.push_back(connection.data(40, Bytes(hello).first(60)));  // a copy that differs
        frames.push_back(connection.data(0, hello));
        break;
      case 2:
        frames.push_back(connection.data(0, as_bytes(test::http_request(name))));
        break;
      case 3:
        frames.push_back(connection.data(0, http2_request(name)));
        break;
      default:
        frames.push_back(connection.data(0, as_bytes("SSH-2.0-OpenSSH_9.2\r\n")));
        frames.push_back(ByteVector(20, std::byte{0x11}));
        for (ByteVector& piece : test::fragments_of(connection.data(0, hello), 64)) {
          frames.push_back(std::move(piece));
        }
        break;
    }
  }
  return frames;
}

// With all that is optional.
TEST(Allocations, AReplayAllocatesNothingOnceWarm) {
  Lab lab({.dns = test::trusting("198.51.100.53"), .suggested_names = 64});
  const std::vector<ByteVector> frames = traffic();
  for (const ByteVector& frame : frames) lab.dataplane.add({.bytes = frame, .time = lab.now});
  lab.dataplane.keep_fates(false);
  static_cast<void>(lab.worker->run());
  EXPECT_EQ(lab.counters->packets.value() + lab.dataplane.handled(), frames.size());
  while (lab.audit.front() != nullptr) lab.audit.release();
  lab.dataplane.rewind();

  const std::uint64_t before = allocations.load();
  static_cast<void>(lab.worker->run());
  EXPECT_EQ(allocations.load() - before, 0U);

  EXPECT_EQ(lab.counters->packets.value() + lab.dataplane.handled(), 2 * frames.size());
  EXPECT_GT(lab.counters->overlaps.value(), 0U);
  EXPECT_GT(lab.count(Reason::quic_undecryptable), 0U);
  EXPECT_GT(lab.count(Reason::banned), 0U);
  EXPECT_NE(lab.audit.front(), nullptr);
  EXPECT_GT(lab.counters->ties.value(), 0U);
}

}  // namespace
}  // namespace sluice::engine
