"""`announce:` of a drill: what can be meant, and what stays out of the run's folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.drill.problem import Invalid
from harness.drill.resolved import load_resolved


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("{}", "each way of telling is one of webhook, email, command"),
        ("{webhook: 'http://x', command: [a]}", "each way of telling is one of"),
        ("{webhook: 'mailto:x'}", "a webhook is a URL, http:// or https://"),
        ("{email: [a@b.c], smtp: 'm:25'}", "an email needs `from` and `smtp: host:port`"),
        ("{email: [a@b.c], from: a@b.c, smtp: m}", "an email needs `from` and `smtp: host:port`"),
        ("{email: [a@b.c], from: a@b.c, smtp: 'm:25', user: a}", "`user` and `password` go together"),
        (
            "{email: [a@b.c], from: a@b.c, smtp: 'm:25', tls: none, user: a, password: b}",
            "a password goes over TLS only",
        ),
        ("{webhook: 'http://x', on: [started]}", "must be 'begins', 'ended', 'aborted', 'refused' or 'missed'"),
        ("{webhook: 'http://x', timeout: 10}", "a duration must have a unit"),
        ("{webhok: 'http://x'}", "announce.0.webhok: unknown word (did you mean 'webhook'?)"),
    ],
)
def test_a_way_that_cannot_be_meant_is_refused(checkout: Callable[..., Path], words: str, says: str) -> None:
    with pytest.raises(Invalid, match="announce") as caught:
        parse(checkout("abort:\n", f"announce: [{words}]\nabort:\n"))
    assert says in str(caught.value)


def test_what_a_webhook_and_a_password_are_stays_out_of_the_runs_folder(
    checkout: Callable[..., Path], tmp_path: Path
) -> None:
    ways = (
        "announce:\n  - {webhook: 'https://hooks.example.org/T0/s3cr3t'}\n"
        "  - {email: [a@b.c], from: a@b.c, smtp: 'm:25', user: a, password: '${SMTP_PASSWORD}'}\n"
    )
    drill = parse(checkout("abort:\n", f"{ways}abort:\n"), env={"SMTP_PASSWORD": "hunter22"})
    assert [one.password for one in drill.announce] == ["", "hunter22"]
    (tmp_path / "drill.yaml").write_text(drill.masked())
    assert "s3cr3t" not in drill.masked()
    assert "hunter22" not in drill.masked()
    assert len(load_resolved(tmp_path / "drill.yaml").announce) == 2


def test_the_plan_says_who_is_told_and_what_is_silenced(
    checkout: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.cli.inputs import Looked
    from harness.cli.plan_lines import lines
    from harness.plan import make_plan

    words = (
        "announce:\n  - {command: [./rollback.sh], on: [ended, aborted]}\n"
        "silence:\n  - {at: 'http://alertmanager:9093', matchers: ['service=\"shop\"']}\n"
    )
    plan = make_plan(parse(checkout("abort:\n", f"{words}abort:\n")))
    text = "\n".join(lines(plan, Looked(why="no stack")))
    assert "tells    the command ./rollback.sh: ended, aborted" in text
    assert 'silences service="shop" in http://alertmanager:9093, while it runs' in text
