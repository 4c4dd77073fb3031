"""A drill that names a request which its locustfile never makes is told so before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.endpoints import endpoints
from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.requests_named import unchecked_requests

MEANT = "the locustfile makes no request 'POST /chekout' (did you mean 'POST /checkout'?)"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("p95 < 300ms", "p95 of POST /chekout < 300ms", f"{MEANT}: the gate would see none"),
        ("errors > 50% for", "errors of POST /chekout > 50% for", f"{MEANT}: the guard would see none"),
        ("errors > 50% for", "goodput of POST /chekout < 1/s for", f"{MEANT}: the guard would see none"),
        ("errors > 50% for", "errors of /x > 50% for", "no request '/x'; it has POST /checkout: the guard would"),
    ],
)
def test_a_gate_or_a_guard_on_it_is_refused(checkout: Callable[..., Path], old: str, new: str, says: str) -> None:
    with pytest.raises(Invalid) as invalid:
        parse(checkout(old, new))
    (told, *_) = str(invalid.value).splitlines()
    assert says in told
    assert new.partition(" of ")[0] in str(invalid.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("POST /checkout, p95", "POST /chekout, p95", MEANT),
        ("POST /checkout, p95", "post /checkout, p95", "'post /checkout' (did you mean 'POST /checkout'?)"),
        ("errors_below: {", "errors_below: {request: /checkout, ", "makes no request '/checkout'"),
    ],
)
def test_a_claim_on_it_is_warned_of(checkout: Callable[..., Path], old: str, new: str, says: str) -> None:
    (warning,) = parse(checkout(old, new)).origin.warnings
    assert warning.severity == "warning"
    assert says in warning.what
    assert "could only be inconclusive" in warning.what
    assert new.partition(",")[0].partition("{")[0] in warning.source


def test_a_canarys_requests_are_patterns(checkout: Callable[..., Path]) -> None:
    def warned(pattern: str) -> list[str]:
        claim = f"- canary_judged: {{requests: ['{pattern}'], within: 30s, errors: +1pp}}\n      - responds_within"
        return [one.what for one in parse(checkout("- responds_within", claim)).origin.warnings]

    assert warned("POST /check*") == []
    assert len(warned("GET /*")) == 1


def test_where_the_locustfile_does_not_tell_all_nothing_is_said(checkout: Callable[..., Path]) -> None:
    file = checkout("errors > 50% for", "errors of POST /chekout > 50% for")
    users = file.parent / "users.py"
    users.write_text(users.read_text().replace('"/checkout"', "self.where"))
    assert parse(file).origin.warnings == ()


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("GET /nope", "makes no request 'GET /nope'; it has POST /checkout, PUT requests that are named as it runs"),
        ("POST /chekout", "makes no request 'POST /chekout' (did you mean 'POST /checkout'?)"),
        ("/nope", "makes no request '/nope'"),
        ("PUT /nope", ""),
        ("POST /checkout", ""),
    ],
)
def test_of_a_method_whose_names_only_a_run_knows_any_may_be_meant_and_of_others_none(
    checkout: Callable[..., Path], request_: str, said: str
) -> None:
    file = checkout("POST /checkout, p95", f"{request_}, p95")
    users = file.parent / "users.py"
    users.write_text(f"{users.read_text()}        self.client.put(self.where, name=self.name)\n")
    drill = parse(file)
    assert [said in one.what for one in drill.origin.warnings] == ([True] if said else [])
    assert drill.origin.endpoints is None
    assert ("users.py:7 makes a request" in unchecked_requests(drill)) == (request_ == "PUT /nope")


@pytest.mark.parametrize(
    ("pattern", "warned", "unchecked"),
    [
        ("POST /check*", False, False),
        ("GET /*", True, False),
        ("PUT /*", False, True),
        ("P*T /x", False, True),
        ("DELETE*", True, False),
    ],
)
def test_a_canarys_pattern_may_mean_one_whose_name_only_a_run_knows(
    checkout: Callable[..., Path], pattern: str, warned: bool, unchecked: bool
) -> None:
    claim = f"- canary_judged: {{requests: ['{pattern}'], within: 30s, errors: +1pp}}\n      - responds_within"
    file = checkout("- responds_within", claim)
    users = file.parent / "users.py"
    users.write_text(f"{users.read_text()}        self.client.put(self.where)\n")
    drill = parse(file)
    assert (len(drill.origin.warnings) == 1, pattern in unchecked_requests(drill)) == (warned, unchecked)


def test_a_claim_whose_request_is_made_of_labels_is_no_name(checkout: Callable[..., Path]) -> None:
    claim = "- metric_count_truth: {metric: m_total, only: 'job=\"a\"', request: '{method} {route}', status: code}\n  - log_quiet"
    assert parse(checkout("- log_quiet", claim)).origin.warnings == ()


@pytest.mark.parametrize("url", ["/search?q=a b", "/café", "/page#top", "/a/../b", "/a%2fb"])
def test_a_url_that_its_client_may_spell_otherwise_is_no_name(tmp_path: Path, url: str) -> None:
    file = tmp_path / "users.py"
    text = "class U(HttpUser):\n    @task\n    def t(self):\n        self.client.get({!r}{})\n"
    file.write_text(text.format(url, ""))
    assert endpoints(file) is None
    file.write_text(text.format(url, ", name='/it'"))
    assert endpoints(file) == ("GET /it",)


@pytest.mark.parametrize("line", ["self.client.base_url += '/v2'", "self.client.params = {'a': 1}"])
def test_a_client_that_is_set_to_name_its_requests_otherwise_tells_none(tmp_path: Path, line: str) -> None:
    file = tmp_path / "users.py"
    file.write_text(f"class U(HttpUser):\n    @task\n    def t(self):\n        {line}\n        self.client.get('/a')\n")
    assert endpoints(file) is None


def test_what_only_a_users_on_start_asks_counts_nowhere(checkout: Callable[..., Path]) -> None:
    file = checkout("POST /checkout, p95", "POST /login, p95")
    claimed = file.read_text()
    users = file.parent / "users.py"
    asks = users.read_text()
    login = '    def on_start(self):\n        self.client.post("/login")\n'
    users.write_text(f"{asks}\n\nclass Member(HttpUser):\n{login}")
    (warning,) = parse(file).origin.warnings
    assert "could only be inconclusive: only a user's on_start asks 'POST /login', which is preparation" in warning.what
    file.write_text(claimed.replace("p95 < 300ms", "p95 of POST /login < 300ms"))
    with pytest.raises(Invalid, match=r"counts nowhere.*: the gate would see none"):
        parse(file)
    users.write_text(f"{asks}\n\nclass Visit(TaskSet):\n{login}")
    assert parse(file).origin.warnings == (), "each visit logs in"
