# SPDX-License-Identifier: BSD-3-Clause
"""Ethernet frames with UDP in them: made for the source, read back from the sink. No input or output here.

Paths that are alike send and receive the same frames, so each is made and read once."""

import functools
import ipaddress
import struct
from collections import namedtuple

ETH_IPV4 = 0x0800
ETH_IPV6 = 0x86DD
UDP = 17
HOP_LIMIT = 64
# Frames remembered: more than one path sends.
ALIKE = 1 << 15

# Addresses are strings.
Datagram = namedtuple("Datagram", "src sport dst dport payload")


@functools.cache
def packed(address):
    return ipaddress.ip_address(address).packed


@functools.cache
def unpacked(address):
    return str(ipaddress.ip_address(address))


def internet_sum(data):
    """The ones' complement sum of 16-bit words (RFC 1071), folded. 65536 is 1 modulo 65535, so a sum is a remainder."""
    if len(data) % 2:
        data += b"\0"
    return int.from_bytes(data, "big") % 65535


def udp_checksum(src, dst, udp):
    """The checksum field for a UDP header and payload whose own field is zero."""
    pseudo = src + dst + struct.pack("!IBBH", len(udp), 0, 0, UDP)
    return 65535 - internet_sum(pseudo + udp) or 65535


def ipv4_header(src, dst, length):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0x4000, HOP_LIMIT, UDP, 0, src, dst)
    return header[:10] + struct.pack("!H", 65535 - internet_sum(header)) + header[12:]


def ipv6_header(src, dst, length):
    return struct.pack("!IHBB16s16s", 6 << 28, length, UDP, HOP_LIMIT, src, dst)


@functools.lru_cache(ALIKE)
def build(mac_src, mac_dst, datagram):
    """The frame that carries a datagram, checksums filled in."""
    src = packed(datagram.src)
    dst = packed(datagram.dst)
    udp = struct.pack("!HHHH", datagram.sport, datagram.dport, 8 + len(datagram.payload), 0) + datagram.payload
    udp = udp[:6] + struct.pack("!H", udp_checksum(src, dst, udp)) + udp[8:]
    ethertype, header = (ETH_IPV4, ipv4_header) if len(src) == 4 else (ETH_IPV6, ipv6_header)
    return mac_dst + mac_src + struct.pack("!H", ethertype) + header(src, dst, len(udp)) + udp


@functools.lru_cache(ALIKE)
def parse(frame):
    """The datagram in a frame. Raises ValueError for anything that a receiver would drop."""
    ethertype, = struct.unpack_from("!H", frame, 12)
    packet = frame[14:]
    if ethertype == ETH_IPV4:
        header_len, total, protocol = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big"), packet[9]
        src, dst = packet[12:16], packet[16:20]
        if internet_sum(packet[:header_len]):
            raise ValueError("IPv4 header checksum is wrong")
    elif ethertype == ETH_IPV6:
        header_len, total, protocol = 40, 40 + int.from_bytes(packet[4:6], "big"), packet[6]
        src, dst = packet[8:24], packet[24:40]
    else:
        raise ValueError(f"ethertype {ethertype:#06x}")
    if protocol != UDP or total > len(packet):
        raise ValueError("not UDP, or shorter than its IP header says")
    udp = packet[header_len:total]
    sport, dport, length, checksum = struct.unpack_from("!HHHH", udp)
    if length != len(udp):
        raise ValueError("UDP length and IP length differ")
    # A zero checksum on IPv4 means that there is none; the source always sends one, so it must not get lost.
    if not checksum or udp_checksum(src, dst, udp[:6] + b"\0\0" + udp[8:]) != checksum:
        raise ValueError("UDP checksum is missing or wrong")
    return Datagram(unpacked(src), sport, unpacked(dst), dport, udp[8:])


def pack_set(frames):
    """A set of frames as the test module's file "frames" takes it."""
    return b"".join(struct.pack("=H", len(frame)) + frame for frame in frames)


def unpack_set(data):
    """The frames in what the test module's file "captured" gives."""
    frames, at = [], 0
    while at < len(data):
        length, = struct.unpack_from("=H", data, at)
        frames.append(data[at + 2:at + 2 + length])
        at += 2 + length
    return frames
