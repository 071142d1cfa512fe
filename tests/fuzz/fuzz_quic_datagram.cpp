// Any UDP payload: packets lie in it, one behind the other, and end; frames of any payload lie in
// it; nothing that was not protected with a key opens with it. The input is also sealed as the
// payload of a real Initial: it must come out again.

#include <cstdint>
#include <span>

#include "filters/quic/frames.h"
#include "filters/quic/initial_opener.h"
#include "filters/quic/packet.h"
#include "tests/fuzz/require.h"
#include "tests/support/quic_builder.h"

namespace sluice::quic {
namespace {

using fuzz::lies_in;
using fuzz::require;

void check_frames(Bytes payload, Frames encoding) {
  std::size_t bytes = 0;
  CryptoFrames frames(payload, encoding);
  while (const auto frame = frames.next()) {
    require(lies_in(frame->bytes, payload));
    bytes += frame->bytes.size() + 3;  // type, offset, length
  }
  require(bytes <= payload.size());
  require(frames.ok() == well_formed(CryptoFrames(payload, encoding)));
  require(!frames.next());
}

void check_packets(InitialOpener& opener, Bytes datagram) {
  while (!datagram.empty()) {
    const auto packet = parse_long_packet(datagram);
    if (!packet) {
      require(!to_string(packet.error()).empty());
      return;
    }
    require(packet->whole.data() == datagram.data() && !packet->whole.empty());
    require(packet->whole.size() <= datagram.size());
    for (const Bytes view : {packet->dcid, packet->scid, packet->token}) {
      require(lies_in(view, packet->whole));
    }
    require((packet->secrets == nullptr) == (packet->type == PacketType::unknown ||
                                             packet->type == PacketType::version_negotiation));
    if (packet->type == PacketType::initial) {
      require(packet->number_offset <= packet->whole.size());
      static_cast<void>(opener.open(*packet, {}, 0));
      const PacketKeys keys = initial_keys(*packet->secrets, packet->dcid, Sender::client);
      if (const auto opened = opener.open(*packet, keys, 0))
        check_frames(opened->payload, packet->secrets->frames);
    }
    datagram = datagram.subspan(packet->whole.size());
  }
}

void check_sealed(InitialOpener& opener, Bytes input) {
  ByteReader reader(input);
  test::QuicPacket packet;
  packet.version = reader.u8() % 2 == 0 ? kVersion1 : kVersion2;
  packet.number_bytes = reader.u8() % 4U + 1;
  packet.number = reader.u8();
  const Bytes dcid = reader.take(reader.u8() % (kMaxConnectionId + 1));
  packet.dcid.assign(dcid.begin(), dcid.end());
  const Bytes token = reader.take(reader.u8());
  packet.token.assign(token.begin(), token.end());
  if (!reader.ok() || reader.remaining() > 1400) return;
  const test::ByteVector bytes = test::quic_initial(packet, reader.rest());
  require(sight_of(bytes) == Sight::readable);
  const auto header = parse_long_packet(bytes);
  require(header && header->type == PacketType::initial);
  const PacketKeys keys = initial_keys(*header->secrets, packet.dcid, Sender::client);
  const auto opened = opener.open(*header, keys, packet.number);
  require(opened && opened->number == packet.number);
  require(as_text(opened->payload).starts_with(as_text(reader.rest())));
}

void check(Bytes input) {
  InitialOpener opener;
  static_cast<void>(sight_of(input));
  check_frames(input, Frames::ietf);
  check_frames(input, Frames::google);
  check_packets(opener, input);
  check_sealed(opener, input);
}

}  // namespace
}  // namespace sluice::quic

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::quic::check(std::as_bytes(std::span(data, size)));
  return 0;
}
