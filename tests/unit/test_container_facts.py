"""What Docker tells of a container, as a fact."""

from __future__ import annotations

from harness.world.containers import _seen


def test_a_container_is_seen_with_its_image_by_name_and_by_digest() -> None:
    seen = _seen(
        {
            "Name": "/drill-0badcafe-web-1",
            "Image": "sha256:0123",
            "Config": {"Image": "wiki:1", "Labels": {"com.docker.compose.service": "web"}},
            "State": {"Status": "running", "Health": {"Status": "healthy"}, "StartedAt": "2026-11-24T21:29:33Z"},
        }
    )
    assert (seen.service, seen.container, seen.status, seen.health) == (
        "web",
        "drill-0badcafe-web-1",
        "running",
        "healthy",
    )
    assert (seen.image, seen.image_id) == ("wiki:1", "sha256:0123")
