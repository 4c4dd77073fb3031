"""What Compose hands on as it is written, and nobody could compute with, is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.errors import UsageError
from harness.stack.compose_shape import misshapen
from harness.stack.project import decoded


def config(part: dict[str, Any], **use: str) -> dict[str, Any]:
    return {"services": {"a": {"networks": {"n": use}}}, "networks": {"n": {"ipam": {"config": [part]}}}}


@pytest.mark.parametrize(
    ("part", "use", "said"),
    [
        ({"subnet": "10.9.0.0/33"}, {}, "networks.n.ipam.config.0.subnet: 10.9.0.0/33 is no range of addresses"),
        ({"ip_range": "10.9.0.0"}, {}, "ip_range: 10.9.0.0 is no range of addresses, such as 10.9.0.128/25"),
        ({"gateway": "10.9.0.999"}, {}, "gateway: 10.9.0.999 is no IP address"),
        ({"aux_addresses": {"host": "x"}}, {}, "aux_addresses.host: x is no IP address"),
        ({}, {"ipv4_address": "10.9.0.300"}, "services.a.networks.n.ipv4_address: 10.9.0.300 is no IPv4 address"),
        ({}, {"ipv6_address": "10.9.0.3"}, "ipv6_address: 10.9.0.3 is no IPv6 address"),
    ],
)
def test_an_address_that_is_none_is_said_with_its_place(part: dict[str, Any], use: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        decoded(json.dumps(config(part, **use)), "compose.yaml")


def test_addresses_as_docker_takes_them_are_left_alone() -> None:
    six = {"subnet": "fd00::/64", "gateway": "fd00::1", "ip_range": "fd00::80/121", "aux_addresses": {"h": "fd00::2"}}
    assert misshapen(config(six, ipv4_address="10.9.0.3", ipv6_address="fd00::3")) == ()
    assert misshapen(config({"subnet": "10.9.0.5/24", "ip_range": "10.9.0.128/25"}, ipv4_address="")) == ()
