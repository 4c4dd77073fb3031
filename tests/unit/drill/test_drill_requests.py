"""At most how many requests one task makes, as far as a locustfile's text shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.drill.requests import MANY, at_most

HEAD = "from locust import HttpUser, task\nclass A(HttpUser):\n"


@pytest.mark.parametrize(
    ("body", "most"),
    [
        ("    def buy(self):\n        self.client.get('/')\n", 1),
        ("    def buy(self):\n        with self.client.get('/') as a: self.client.post('/b', a.json())\n", 2),
        ("    def buy(self): self.help(); self.help()\n    def help(self): self.client.get('/')\n", 2),
        ("    def a(self): self.client.get('/')\n    def b(self): self.client.get('/'); self.client.get('/')\n", 2),
        ("    def buy(self):\n        with self.rest('GET', '/') as a: pass\n", 1),
        ("    def buy(self):\n        for n in range(3): self.client.get('/')\n", MANY),
        ("    def buy(self):\n        [self.client.get('/') for n in range(3)]\n", MANY),
        (
            "    def buy(self):\n        for n in range(3): self.help()\n    def help(self): self.client.get('/')\n",
            MANY,
        ),
        ("    def buy(self): self.client.get('/'); self.buy()\n", MANY),
        ("    def buy(self): go(self.client)\n", MANY),
        ("    def buy(self): c = self.client; c.get('/')\n", MANY),
        (
            "    def a(self): self.client.get('/')\n    def b(self):\n        get = self.client.get\n        get('/'); get('/')\n",
            MANY,
        ),
        ("    def a(self): self.client.get('/')\n    def b(self): list(map(self.client.get, '12'))\n", MANY),
        ("    def a(self): self.client.get('/')\n    def b(self): list(map(self.rest, '12'))\n", MANY),
        ("    def buy(self):\n        get = lambda page: self.client.get(page)\n        for n in '12': get(n)\n", MANY),
        (
            "    def a(self): self.client.get('/')\n    def b(self):\n        get = self.rest_\n        get(1); get(2)\n",
            MANY,
        ),
        (
            "    def buy(self):\n        self.client.headers['A'] = 'b'; self.client.cookies.clear(); self.client.get('/')\n",
            1,
        ),
        ("    def buy(self): list(map(self.help, '12'))\n    def help(self, n): self.client.get('/')\n", MANY),
        ("    def buy(self): go(help)\ndef help(user): user.client.get('/')\n", MANY),
        ("    @thrice\n    def buy(self): self.client.get('/')\ndef thrice(go): return go\n", MANY),
        ("    def a(self): self.client.get('/')\n    def b(self): s = HttpSession(); s.get('/'); s.get('/')\n", MANY),
        ("    def buy(self): pass\n", MANY),
        ("    def t(self): self.client.get('/')\nclass B(HttpUser):\n    def t(self): pass\n", 1),
        (
            "    def on_start(self): self.client.get('/')\n@events.test_start.add_listener\ndef on_start(**kw): pass\n",
            1,
        ),
        (
            "    def t(self): self.u()\n    def u(self): self.client.get('/')\nclass B(HttpUser):\n    def u(self): self.t()\n",
            1,
        ),
        (
            "    def t(self): self.u()\n    def u(self): pass\nclass B(A):\n    def u(self): self.client.get('/'); self.client.get('/')\n",
            2,
        ),
        (
            "    def t(self): self.u()\n    def u(self): pass\nclass B:\n    def u(self): self.client.get('/'); self.client.get('/')\n"
            "class C(B, A): pass\n",
            2,
        ),
        ("    def t(self): self.client.get('/')\nclass B(A):\n    def t(self): super().t(); self.client.get('/')\n", 2),
        ("    def t(self): super().t(); self.client.get('/')\n", 1),
        ("    def t(self): super().t(); self.client.get('/')\nclass B(made()):\n    def t(self): pass\n", MANY),
        ("    def t(self): super().t(); self.client.get('/')\nC = type('C', (A,), {})\n", MANY),
        ("    def t(self): go(); self.client.get('/')\n    def go(self): self.client.get('/')\ndef go(): pass\n", 2),
        ("    def buy(self): self.client.get('/')\nfrom shop import more\n", MANY),
        ("    def buy(self): self.client.get('/')\nimport random, json\n", 1),
        ("    def buy(self: (\n", MANY),
    ],
)
def test_requests_of_a_task_are_counted_or_said_to_be_many(tmp_path: Path, body: str, most: float) -> None:
    (tmp_path / "users.py").write_text(HEAD + body)
    assert at_most(tmp_path / "users.py") == most


def test_a_file_that_is_not_there_could_make_many(tmp_path: Path) -> None:
    assert at_most(tmp_path / "none.py") == MANY
