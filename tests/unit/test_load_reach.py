"""A worker that would load another service than the harness means is refused, and told why."""

from __future__ import annotations

import socket

from harness.load.reach import network, unreachable


def test_loopback_of_another_machine_is_not_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert unreachable(url, network()) == ""
        for host in (url, url.replace("127.0.0.1", "localhost")):
            assert unreachable(host, "some other machine") == "that is another machine's loopback"


def test_what_nobody_listens_on_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "refused" in unreachable(f"http://127.0.0.1:{port}", network())
