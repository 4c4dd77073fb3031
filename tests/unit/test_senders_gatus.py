"""A Gatus that pages by itself: its hosts are kept, and what may reach somebody all the same is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sender_files import Files

from harness.stack.senders.sender import Sender

AT = "/config/config.yaml"
ALERT = "{type: slack, provider-override: {webhook-url: 'https://two.example/x'}}"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


def gatus(files: Files, *volumes: dict[str, Any], **more: Any) -> Sender:
    body = {"image": "ghcr.io/twin/gatus:stable", "volumes": list(volumes), **more}
    return files.found(gatus=body).get("gatus", Sender("gatus"))


@pytest.mark.parametrize(
    ("text", "hosts", "told"),
    [
        ("alerting: {pagerduty: {integration-key: x}}", {"events.pagerduty.com"}, ""),
        ("alerting: {slack: {webhook-url: 'https://hooks.slack.com/x'}}", {"hooks.slack.com"}, ""),
        ("alerting: {telegram: {token: x, id: 1}, ntfy: {topic: x}}", {"api.telegram.org", "ntfy.sh"}, ""),
        ("alerting: {email: {host: mail.example, port: 587}}", {"mail.example"}, ""),
        ("alerting: {custom: {url: 'http://10.1.2.3/x'}}", set(), "it has custom"),
        ("alerting: {aws-ses: {access-key-id: x}}", set(), "it has aws-ses"),
        ("alerting: {custom: {url: '${HOOK}'}}", {"one.example"}, ""),
        ("alerting: {custom: {url: '$ELSEWHERE'}}", set(), "it has custom"),
        (
            "alerting: {slack: {webhook-url: 'https://one.example', overrides: [{group: a, webhook-url: 'https://two.example'}]}}",
            {"one.example", "two.example"},
            "",
        ),
        (
            f"alerting: {{slack: {{webhook-url: 'https://one.example'}}}}\nendpoints: [{{name: a, alerts: [{ALERT}]}}]",
            {"one.example", "two.example"},
            "",
        ),
        ("alerting: {2: {url: 'https://one.example/x'}, yes: {token: x}}", {"one.example"}, "it has True"),
        ("alerting: {1: {url: 'http://10.1.2.3/x'}}", set(), "it has 1"),
        ("alerting: [x]", set(), "cannot be read"),
        ("alerting: {slack: }\nendpoints: [{name: a, url: 'http://api:8000'}]", set(), ""),
        ("", set(), ""),
    ],
)
def test_of_its_providers_the_hosts_are_kept_or_it_is_told(files: Files, text: str, hosts: set[str], told: str) -> None:
    one = gatus(files, files.mount(text, AT), environment={"HOOK": "https://one.example/x"})
    assert set(one.hosts) == hosts
    assert [told in why for why in one.unkept] == [True] * bool(told)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ""),
        ({"volumes": [{"type": "volume", "source": "v", "target": "/config"}]}, "its files are in the volume v"),
        ({"environment": {"GATUS_CONFIG_PATH": "/elsewhere.yaml"}}, "/elsewhere.yaml cannot be read"),
        ({"image": "acme/gatus"}, "its image may have some"),
        ({"image": "acme/web"}, ""),
    ],
)
def test_what_cannot_be_read_is_told(files: Files, more: dict[str, Any], told: str) -> None:
    one = gatus(files, **more)
    assert [told in why for why in one.unkept] == [True] * bool(told)


def test_all_files_of_its_folder_are_read(files: Files, tmp_path: Path) -> None:
    (tmp_path / "of").mkdir()
    (tmp_path / "of" / "a.yaml").write_text("alerting: {pagerduty: {integration-key: x}}")
    (tmp_path / "of" / "b.yaml").write_text("endpoints: []")
    mount = {"type": "bind", "source": str(tmp_path / "of"), "target": "/of"}
    one = gatus(files, mount, environment={"GATUS_CONFIG_PATH": "/of"})
    assert (set(one.hosts), one.unkept) == ({"events.pagerduty.com"}, ())
