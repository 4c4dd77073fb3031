"""The messages with which packets are held and let go, byte for byte as linux/netfilter/nfnetlink_queue.h has them."""

from __future__ import annotations

from matrix.torture.late import ACCEPT, JUDGED, PACKET, VERDICT, message, packets


def test_a_verdict_has_its_header_its_queue_and_its_attribute() -> None:
    body = ACCEPT.to_bytes(4, "big") + (513).to_bytes(4, "big")
    told = bytes.fromhex("20000000 0103 0100 00000000 00000000 00 00 0007 0c00 0200 00000001 00000201")
    assert message(VERDICT, JUDGED, body) == told


def test_packets_are_told_by_their_number_among_other_attributes_and_messages() -> None:
    other = message(VERDICT, JUDGED, b"\0" * 8)
    first = message(PACKET, 1, (41).to_bytes(4, "big") + b"\x08\x00\x01")  # padded: an id, a protocol and a hook
    second = message(PACKET, 4, b"\0" * 6) + message(PACKET, 1, (42).to_bytes(4, "big") + b"\x08\x00\x04")
    assert list(packets(other + first + second)) == [41, 42]
    assert list(packets(first[:10])) == []
