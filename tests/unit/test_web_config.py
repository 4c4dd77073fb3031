"""A server that asks for TLS or a password cannot be looked at, and that is told before a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.stack.project import Project
from harness.stack.web_config import unlooked


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
    (tmp_path / "web.yml").write_text(text or "")
    mount = {"type": "bind", "source": str(tmp_path / "web.yml"), "target": "/etc/web.yml"}
    body = {
        "image": "prom/prometheus",
        "command": ["--web.config.file=/etc/web.yml"],
        "volumes": [mount] if text else [],
    }
    project = Project("x", (), tmp_path, {"name": "x", "services": {"prometheus": body, "plain": {"image": "x"}}})
    told = unlooked(project, "prometheus")
    assert asks in told
    assert bool(told) == bool(asks) == ("stack.compose" in told)
    assert unlooked(project, "plain") == ""
