"""Other hosts than load.against, as the text of a locustfile tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.elsewhere import warnings

TEXT = """from locust import HttpUser, task
import os
class Web(HttpUser):
    host: str = "https://me:secret@production.example.com"
    @task
    def page(self):
        self.client.get("/plain")
        {call}
"""
GOES = "goes to {} whatever load.against is, and counts in no claim but those that name it"


@pytest.mark.parametrize(
    ("call", "to"),
    [
        ('self.client.get("http://idp:8080/token")', "http://idp:8080/token"),
        ('self.client.post(url="https://idp/token", data={})', "https://idp/token"),
        ('self.client.request("GET", "HTTPS://me:secret@idp/token?key=secret")', "https://idp/token"),
        ('self.client.get(f"http://idp/users/{1}", name="/users")', "http://idp/users/"),
    ],
)
def test_a_request_to_an_absolute_url_is_warned_of_at_its_place(tmp_path: Path, call: str, to: str) -> None:
    file = tmp_path / "users.py"
    file.write_text(TEXT.format(call=call))
    host, request = warnings(file)
    assert host.what == "Web's own host https://production.example.com is replaced by load.against"
    assert (host.line, host.severity) == (4, "warning")
    assert request.what == GOES.format(to)
    assert (request.line, request.severity) == (8, "warning")


@pytest.mark.parametrize(
    "call",
    [
        'self.client.get(f"{self.host}/plain")',
        'self.client.get(f"http://{os.getpid()}/plain")',
        'self.client.get(os.environ["URL"])',
        'self.client.headers.update({"Referer": "http://idp/"})',
        'print("http://idp/")',
    ],
)
def test_what_the_text_does_not_tell_is_not_warned_of(tmp_path: Path, call: str) -> None:
    file = tmp_path / "users.py"
    file.write_text(TEXT.format(call=call))
    assert [one.line for one in warnings(file)] == [4]


def test_a_host_of_something_else_is_no_users(tmp_path: Path) -> None:
    file = tmp_path / "users.py"
    file.write_text('class Settings:\n    host = "db"\n')
    assert warnings(file) == []
    assert warnings(tmp_path / "gone.py") == []
