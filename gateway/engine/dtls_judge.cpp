#include "gateway/engine/dtls_judge.h"

#include <algorithm>
#include <array>

namespace sluice::engine {
namespace {

using Kind = DatagramHello::Kind;

// Of a hello among those of its five-tuple.
std::array<std::byte, 6> id_of(const tls::HelloFragment& fragment) {
  const auto byte = [](std::uint32_t value, unsigned shift) {
    return static_cast<std::byte>(value >> shift & 0xff);
  };
  return {byte(fragment.message, 8), byte(fragment.message, 0), byte(fragment.length, 24),
          byte(fragment.length, 16), byte(fragment.length, 8),  byte(fragment.length, 0)};
}

// The handshake header as it would stand in a stream.
std::array<std::byte, tls::kHandshakeHeaderBytes> header_of(const tls::HelloFragment& fragment) {
  const auto id = id_of(fragment);
  return {std::byte{1}, id[3], id[4], id[5]};
}

// Judged as a whole, and silent since: the same numbers again are of another connection.
bool is_over(const DatagramHello& hello, Nanos now) {
  return hello.phase == DatagramHello::Phase::judging && hello.judged > 0 &&
         now - hello.last_seen >= kHelloAge;
}

}  // namespace

Judgement DtlsJudge::judge(const Context& context) noexcept {
  if (context.has_bad_checksum()) return drop_packet(context, Reason::bad_checksum);
  if (rule_on_encrypted_dns(context, inspect::Protocol::tls).refusal) {
    return drop_packet(context, Reason::banned);
  }
  const flow::KeyedPacket keyed = flow::key_of(context.packet);
  tls::HelloFragments fragments(context.packet.payload);
  Judgement result = pass(Reason::not_of_interest);
  std::size_t count = 0;
  while (const auto fragment = fragments.next()) {
    if (++count > kDtlsFragments) return drop_packet(context, Reason::hello_too_many);
    result = judge_fragment(context, keyed, *fragment);
    if (!result.passes()) break;
  }
  return result;
}

Judgement DtlsJudge::judge_fragment(const Context& context, const flow::KeyedPacket& keyed,
                                    const tls::HelloFragment& fragment) noexcept {
  const auto id = id_of(fragment);
  const flow::FlowKey key =
      hellos_.key_of(keyed.key, {HelloMark::Kind::dtls, keyed.source_is_low, id});
  DatagramHello* hello = hellos_.find(key, context.now);
  if (hello != nullptr && is_over(*hello, context.now)) hellos_.restart(*hello);
  if (hello == nullptr) {
    if (context.mode.enforce && hellos_.is_forgotten(key)) {
      return drop_packet(context, Reason::forgotten);
    }
    if (fragment.is_whole() || fragment.length > tls::kMaxClientHello) {
      const auto read = fragment.is_whole()
                            ? tls::parse_hello_body(fragment.bytes, tls::HelloForm::datagram)
                            : HelloTable::Read(fail(tls::HelloError::too_large));
      return hellos_.judge_whole(context, Kind::dtls, read);
    }
    if (!hellos_.may_send(context.packet.source, context.now)) {
      return drop_packet(context, Reason::hello_over_rate);
    }
    hello = &hellos_.insert(context, key);
    hello->start(Kind::dtls, id);
  }
  hello->last_seen = context.now;
  const std::uint64_t offset = tls::kHandshakeHeaderBytes + fragment.offset;
  if (!hellos_.agrees(*hello, offset, fragment.bytes)) return hellos_.drop_overlap(context);
  auto settled = hellos_.add(context, *hello, 0, header_of(fragment));
  if (!settled) settled = hellos_.add(context, *hello, offset, fragment.bytes);
  return settled ? *settled : hellos_.judge(context, *hello);
}

}  // namespace sluice::engine
