"""Whether requests follow redirects is read from the locustfile's text."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.redirects import follow_redirects


@pytest.mark.parametrize(
    ("call", "follows"),
    [
        ('self.client.get("/")', True),
        ('user.client.request("GET", "/")', True),
        ('self.client.get("/", allow_redirects=True)', True),
        ('self.client.get("/", allow_redirects=False)', False),
        ('self.client.get("/", allow_redirects=more)', False),
        ('self.client.get("/", **more)', False),
        ('self.client.cookies.get("id")', False),
        ("self.client.get(", False),
    ],
)
def test_a_call_follows_unless_it_says_something_else_of_it(tmp_path: Path, call: str, follows: bool) -> None:
    path = tmp_path / "locustfile.py"
    path.write_text(f"def ask(self, user, more):\n    {call}\n", encoding="utf-8")
    assert follow_redirects(path) is follows


def test_what_cannot_be_read_warns_nobody(tmp_path: Path) -> None:
    assert not follow_redirects(tmp_path / "nowhere.py")
