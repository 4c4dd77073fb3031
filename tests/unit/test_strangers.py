"""The page about applications that nobody wrote for drills: numbers from the plays alone, and edges against the true ones."""

from __future__ import annotations

from typing import Any

from strangers.page import page
from strangers.play import NAMES, PLACE, true_edges

PLAYED: dict[str, Any] = {
    "application": "blog",
    "at": "2026-11-29T16:00:00Z",
    "commit": "abc+",
    "load": 6.5,
    "cpus": 2,
    "init": 0,
    "init_s": 61.2,
    "run_s": 180.3,
    "hurt": "load goes to web:80; what is hurt: web->db: it speaks mysql",
    "asked": ["GET /"],
    "edges": [{"id": "web->db", "refused": ""}, {"id": "web->x", "refused": "UDP"}],
    "cannot": ["whether an alert would fire"],
    "verdict": "passed",
    "phases": [{"name": "baseline", "requests": 150, "errors": 0, "p95_ms": None}],
    "findings": [{"phase": "gone", "text": "recovers", "outcome": "passed", "because": "it came back"}],
}
TRUE = {"blog": {"web->db": "every page", "web->mail": "notices"}, "other": {"a->b": "x"}}


def test_each_application_has_its_times_edges_verdict_and_what_it_cannot_judge() -> None:
    text = page([{**PLAYED, "verdict": "failed"}, PLAYED], TRUE)
    assert "| 61 s | 180 s | 242 s | 1 of 2 | **passed** | 2026-11-29T16:00:00Z, abc+, 6.5 on 2 CPUs |" in text
    assert "| `web->db` | every page | found |" in text
    assert "| `web->mail` | notices | missing |" in text
    assert "| `web->x` | **no**: nothing calls it | found, left as it is: UDP |" in text
    assert "Load goes to web:80; what is hurt: web->db: it speaks mysql. It asks for `GET /`." in text
    assert "* whether an alert would fire" in text
    assert "strangers-blog.png" in text
    assert "| other | not played yet: `make strangers ONLY=other` |" in text
    assert "failed" not in text, "only the last play counts"


def test_one_that_came_to_no_verdict_is_shown_with_what_was_told() -> None:
    left = {key: PLAYED[key] for key in ("application", "at", "commit", "load", "cpus", "init_s", "hurt", "cannot")}
    text = page([{**left, "init": 2, "told": "nothing of it answered HTTP"}], TRUE)
    assert "| 61 s | not run | none | 0 of 2 | **none** |" in text
    assert "nothing of it answered HTTP" in text
    assert ".png" not in text


def test_every_application_has_its_true_edges_beside_it() -> None:
    assert all(true_edges(name) and (PLACE / name / "compose.yaml").exists() for name in NAMES)
    assert true_edges("redmine") == {"web->database": "every page: projects, issues and settings, on 5432"}
