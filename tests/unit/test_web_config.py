"""A server that asks for TLS or a password which the drill does not state cannot be looked at, and that is told before a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stack.project import Project
from harness.stack.web_config import PASSWORD, TLS, unlooked


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("tls_server_config: {cert_file: a, key_file: b}", "asks for TLS ("),
        ("basic_auth_users: {me: x}", "asks for a password ("),
        ("{tls_server_config: {cert_file: a}, basic_auth_users: {me: x}}", "asks for TLS and a password ("),
        ("http_server_config: {http2: false}", ""),
        ("a: [", "asks for TLS or a password ("),
        (None, "asks for TLS or a password ("),
    ],
)
def test_what_it_asks_for_is_told_with_the_way_out(tmp_path: Path, text: str | None, asks: str) -> None:
    told = unlooked(project(tmp_path, text), {"prometheus": "prometheus:9090", "alertmanager": ""})
    assert bool(told) == bool(asks)
    assert all(asks in one and "stack: {observe: {prometheus: {" in one for one in told)
    assert unlooked(project(tmp_path, text), {"prometheus": "plain:9090"}) == ()


BOTH = "{tls_server_config: {cert_file: a}, basic_auth_users: {me: x}}"


@pytest.mark.parametrize(
    ("text", "has", "says"),
    [
        (BOTH, (TLS, PASSWORD), ""),
        (BOTH, (PASSWORD,), "asks for TLS (--web.config.file), which the drill does not state: "),
        (BOTH, (PASSWORD,), "{observe: {prometheus: {ca_file: FILE}}}"),
        (BOTH, (TLS,), "{observe: {prometheus: {user: NAME, password_file: FILE}}}"),
        (BOTH, (), "{observe: {prometheus: {user: NAME, password_file: FILE, ca_file: FILE}}}"),
        (None, (PASSWORD,), ""),
    ],
)
def test_what_the_drill_states_is_not_missing(
    tmp_path: Path, text: str | None, has: tuple[str, ...], says: str
) -> None:
    told = "".join(unlooked(project(tmp_path, text), {"prometheus": "prometheus:9090"}, {"prometheus": has}))
    assert says in told
    assert bool(told) == bool(says)


def project(folder: Path, text: str | None) -> Project:
    (folder / "web.yml").write_text(text or "")
    mount = {"type": "bind", "source": str(folder / "web.yml"), "target": "/etc/web.yml"}
    body = {
        "image": "prom/prometheus",
        "command": ["--web.config.file=/etc/web.yml"],
        "volumes": [mount] if text else [],
    }
    return Project("x", (), folder, {"name": "x", "services": {"prometheus": body, "plain": {"image": "x"}}})
