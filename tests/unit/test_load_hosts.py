"""Which requests go to another host than the service that is loaded."""

from __future__ import annotations

import pytest

from harness.load.hosts import MOST_TOLD, Hosts, named

HOME = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    ("base", "url", "far"),
    [
        (HOME, "/orders", ""),
        (HOME, "orders", ""),
        (HOME, "", ""),
        (HOME, f"{HOME}/orders", ""),
        (HOME, "http://localhost:8080/orders", ""),
        (f"{HOME}/api", "/orders", ""),
        (HOME, "//idp/token", ""),  # appended to the base, as any path
        (HOME, b"/orders", ""),
        (HOME, None, ""),
        (HOME, "http://idp:99999/token", ""),  # its client says so
        (HOME, "http://localhost:8081/", "http://localhost:8081"),
        (HOME, "https://127.0.0.1:8080/", "https://127.0.0.1:8080"),
        (HOME, "http://localhost.example.com:8080/", "http://localhost.example.com:8080"),
        (HOME, "HTTP://me:secret@IdP:80/token?a=1", "http://idp"),
        (HOME, "https://idp./token", "https://idp"),
        (HOME, "http://[fd00::5]:90?x", "http://[fd00::5]:90"),
        ("https://production.example.com", "/orders", "https://production.example.com"),
        ("https://production.example.com", f"{HOME}/orders", ""),
    ],
)
def test_another_host_is_told_by_scheme_name_and_port(base: str, url: object, far: str) -> None:
    assert Hosts(HOME, lambda kind, text: None).far(base, url) == far


def test_a_target_is_the_same_with_and_without_its_usual_port() -> None:
    hosts = Hosts("https://shop.example.com", lambda kind, text: None)
    assert hosts.far("https://shop.example.com", "https://SHOP.example.com:443/cart") == ""
    assert hosts.far("https://shop.example.com", "http://shop.example.com/cart") == "http://shop.example.com"


def test_each_is_told_once_and_no_crawler_fills_the_journal() -> None:
    said: list[str] = []
    hosts = Hosts(HOME, lambda kind, text: said.append(text))
    for number in (*range(MOST_TOLD + 5), 0, 1):
        hosts.tell(f"http://idp-{number}")
    assert len(said) == len(set(said)) == MOST_TOLD


@pytest.mark.parametrize("called", ["/token?a=b", "http://me:secret@idp/token?a=b"])
def test_its_name_has_the_host_in_it_and_nothing_secret(called: str) -> None:
    assert named("http://idp", called) == "http://idp/token?a=b"
