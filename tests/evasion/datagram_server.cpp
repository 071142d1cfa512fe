#include "tests/evasion/datagram_server.h"

#include <algorithm>

#include "filters/base/byte_reader.h"

namespace sluice::evasion {

void DatagramServer::receive(Bytes frame) {
  const auto packet = packet::decode(frame, LinkType::ethernet);
  if (!packet || packet->hop_limit <= kHopsToServer || !packet::checksums_hold(*packet)) return;
  switch (kind_) {
    case Kind::quic:
      return read_quic(packet->payload);
    case Kind::dtls:
      return read_dtls(packet->payload);
    default:
      messages_.emplace_back(packet->payload.begin(), packet->payload.end());
  }
}

std::vector<ByteVector> DatagramServer::streams() const {
  std::vector<ByteVector> streams = messages_;
  for (const auto& [id, hello] : hellos_) streams.push_back(hello.start());
  return streams;
}

Assembly& DatagramServer::hello(const std::string& id) {
  return hellos_.try_emplace(id, overlap_).first->second;
}

void DatagramServer::read_quic(Bytes datagram) {
  while (!datagram.empty()) {
    const auto packet = std::ranges::find_if(sealed_, [&](const SealedPacket& one) {
      return as_text(datagram).starts_with(as_text(one.bytes));
    });
    if (packet == sealed_.end()) return;
    for (const auto& [at, bytes] : packet->crypto) hello(packet->connection).put(at, bytes);
    datagram = datagram.subspan(packet->bytes.size());
  }
}

// Records of other types, epochs and versions are thrown away.
void DatagramServer::read_dtls(Bytes datagram) {
  for (ByteReader records(datagram); records.remaining() >= 13;) {
    const bool is_handshake = records.u8() == 22;
    const bool is_dtls = records.u8() == 0xfe;
    records.skip(1);
    const bool is_plain = records.u16() == 0;
    records.skip(6);
    const Bytes record = records.take(records.u16());
    if (is_handshake && is_dtls && is_plain) read_dtls_messages(record);
  }
}

void DatagramServer::read_dtls_messages(Bytes record) {
  for (ByteReader messages(record); messages.remaining() >= 12;) {
    const Bytes header = messages.take(4);  // type and length
    const unsigned number = messages.u16();
    const std::uint32_t at = messages.u24();
    const Bytes part = messages.take(messages.u24());
    if (!messages.ok() || header[0] != std::byte{1}) return;
    Assembly& whole = hello(std::to_string(number) + std::string(as_text(header)));
    whole.put(0, header);
    whole.put(4 + at, part);
  }
}

}  // namespace sluice::evasion
