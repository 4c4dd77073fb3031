"""The secrets with which a target is reached, by reference: whoever has a run's folder can mask them in it, also when its harness died."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.load.access import Access
from harness.masking import Secret
from harness.target import RECORD
from harness.target.model import Target
from harness.target.place import Place


def access_of(place: Place) -> Access:
    """How one gets in there, by reference: no secret is read."""
    return Access(
        ca_file=place.ca_file,
        server_name=place.server_name,
        insecure_skip_verify=place.insecure_skip_verify,
        proxy=place.proxy,
        token_env=place.token_env,
        token_file=place.token_file,
        user=place.user,
        password_env=place.password_env,
        password_file=place.password_file,
    )


def places(target: Target) -> Iterator[tuple[str, Access]]:
    """Every place that is asked, or that asks us, by what people call it."""
    for name, place in asked(target):
        yield name, access_of(place)
    if target.pages and not target.pages.poll:
        yield "pages", Access(token_env=target.pages.token_env, token_file=target.pages.token_file)


def asked(target: Target) -> Iterator[tuple[str, Place]]:
    """Those that are asked over HTTP."""
    yield "load", target.load
    yield from target.toxiproxy.items()
    for name, place in (("prometheus", target.prometheus), ("alertmanager", target.alertmanager)):
        if place:
            yield name, place
    if target.logs and target.logs.loki:
        yield "loki", target.logs.loki
    if target.pages and target.pages.poll:
        yield "pages", target.pages.poll
    yield from (("clear_to_start", clear.url) for clear in target.clear_to_start if clear.url)


def has_secret(access: Access) -> bool:
    return bool(access.user or access.token_env or access.token_file)


def secrets_by(access: Access, name: str) -> tuple[Secret, ...]:
    """What must not be shown: the secret itself, and as it is sent. Raises as Access.authorization."""
    header = access.authorization()
    values = dict.fromkeys((access.secret(), header.partition(" ")[2]) if header else ())
    return tuple(Secret(f"{name} credential", value) for value in values)


def at_hand(folder: Path) -> tuple[list[Secret], list[str]]:
    """Those of a run's target, or of its stack's monitoring, and a line for each that is not to be had any more."""
    from harness.target.monitor import recorded_monitors
    from harness.target.record import recorded

    found: list[Secret] = []
    lost: list[str] = []
    told = recorded(folder)
    if told is None and (folder / RECORD).exists():
        lost.append(f"{folder / RECORD} cannot be read")
    for name, access in (*(told.secrets if told else ()), *recorded_monitors(folder)):
        try:
            found += secrets_by(access, name)
        except LookupError as error:
            lost.append(f"the secret of {name} may stand in its files: {error}")
        except OSError as error:
            lost.append(
                f"the secret of {name} may stand in its files: {error.filename} cannot be read: {error.strerror}"
            )
    return found, lost
