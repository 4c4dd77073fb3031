"""The shape of a resolved Compose file, as much of it as we read: what is otherwise is refused at the door, not met half-way. Pure.

Source: the Compose Specification, in the canonical form that `docker compose config --format json` prints.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

MOST_SAID = 5
Words = str | list[str] | None
Scalar = str | int | float | bool | None


def _written_as(what: str, read: Callable[[str], object]) -> AfterValidator:
    """A text that this reads, or ''. Compose hands addresses on as they are written, for Docker to refuse."""

    def check(text: str) -> str:
        try:
            if text:
                read(text)
        except ValueError:
            raise PydanticCustomError("address", "{text} is no {what}", {"text": text, "what": what}) from None
        return text

    return AfterValidator(check)


def _pool(text: str) -> object:
    if "/" not in text:
        raise ValueError(text)
    return ipaddress.ip_network(text, strict=False)


Address = Annotated[str, _written_as("IP address", ipaddress.ip_address)]
IPv4 = Annotated[str, _written_as("IPv4 address", ipaddress.IPv4Address)]
IPv6 = Annotated[str, _written_as("IPv6 address", ipaddress.IPv6Address)]
Subnet = Annotated[str, _written_as("range of addresses", lambda text: ipaddress.ip_network(text, strict=False))]
Pool = Annotated[str, _written_as("range of addresses, such as 10.9.0.128/25", _pool)]


class _Loose(BaseModel):
    """What is not named here is not looked at."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Port(_Loose):
    target: int
    protocol: str | None = None


class _Mount(_Loose):
    type: str
    source: str | None = None
    target: str | None = None


class _Use(_Loose):
    source: str
    target: str | None = None


class _Attached(_Loose):
    aliases: list[str] | None = None
    ipv4_address: IPv4 | None = None
    ipv6_address: IPv6 | None = None


class _Deploy(_Loose):
    replicas: int | None = None


class _Service(_Loose):
    image: str | None = None
    build: dict[str, Any] | None = None
    command: Words = None
    entrypoint: Words = None
    environment: dict[str, Scalar] | None = None
    depends_on: dict[str, dict[str, Any]] | None = None
    ports: list[_Port] | None = None
    expose: list[str | int] | None = None
    networks: dict[str, _Attached | None] | None = None
    network_mode: str | None = None
    volumes: list[_Mount] | None = None
    volumes_from: list[str] | None = None
    links: list[str] | None = None
    external_links: list[str] | None = None
    extra_hosts: list[str] | dict[str, str | list[str]] | None = None
    labels: dict[str, Scalar] | None = None
    container_name: str | None = None
    hostname: str | None = None
    configs: list[_Use | str] | None = None
    secrets: list[_Use | str] | None = None
    scale: int | None = None
    deploy: _Deploy | None = None
    healthcheck: dict[str, Any] | None = None
    logging: dict[str, Any] | None = None


class _Range(_Loose):
    subnet: Subnet | None = None
    gateway: Address | None = None
    ip_range: Pool | None = None
    aux_addresses: dict[str, Address] | None = None


class _Addresses(_Loose):
    driver: str | None = None
    config: list[_Range] | None = None


class _Network(_Loose):
    name: str | None = None
    driver: str | None = None
    ipam: _Addresses | None = None
    labels: dict[str, Scalar] | None = None


class _Named(_Loose):
    name: str | None = None
    content: str | None = None
    file: str | None = None
    labels: dict[str, Scalar] | None = None


class _Project(_Loose):
    name: str | None = None
    services: dict[str, _Service | None] | None = None
    networks: dict[str, _Network | None] | None = None
    volumes: dict[str, _Named | None] | None = None
    configs: dict[str, _Named | None] | None = None
    secrets: dict[str, _Named | None] | None = None


def misshapen(config: Any) -> tuple[str, ...]:
    """What is wrong and where (`services.api.ports.0.target: …`), the first few; () for a file that can be read."""
    try:
        TypeAdapter(_Project).validate_python(config)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return tuple(f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in found[:MOST_SAID])
    return ()
