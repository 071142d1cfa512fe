"""Ethernet frames for the sender bench_wire_blast: UDP over IPv4, with complete checksums."""

import ipaddress
import struct

from network import CLIENT_MAC, SERVER, SERVER_MAC

LEAST_FRAME = 60  # without the frame check sequence: 64 bytes on the wire
FIRST_PORT = 20_000  # below what the client's kernel chooses


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_frame(source, source_port, port, payload):
    """A datagram from an address of the client to the server."""
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(SERVER).packed
    length = 8 + len(payload)
    head = struct.pack("!HHH", source_port, port, length)
    mended = checksum(addresses + struct.pack("!HH", 17, length) + head + b"\0\0" + payload) or 0xFFFF
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0x4000, 64, 17, 0) + addresses
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    macs = bytes.fromhex((SERVER_MAC + CLIENT_MAC).replace(":", ""))
    return (macs + b"\x08\x00" + ip + head + struct.pack("!H", mended) + payload).ljust(LEAST_FRAME, b"\0")


def question(name, number):
    """A DNS question for the A records of a name; RFC 1035."""
    labels = b"".join(bytes([len(label)]) + label for label in name.encode("ascii").split(b"."))
    return struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def packed(frames):
    """The file format of bench_wire_blast."""
    return b"".join(struct.pack("!H", len(frame)) + frame for frame in frames)


def small_datagrams(source, port, count):
    """Frames of the least size, of as many flows."""
    return packed(udp_frame(source, FIRST_PORT + i, port, bytes(LEAST_FRAME - 42)) for i in range(count))


def questions(source, port, names):
    return packed(udp_frame(source, FIRST_PORT + i, port, question(name, i)) for i, name in enumerate(names))
