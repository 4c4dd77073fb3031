"""Services that page, or have others page, with their files, for tests of who pages people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.stack import configfile
from harness.stack.observed import find_monitoring
from harness.stack.project import Project
from harness.stack.senders import senders
from harness.stack.senders.sender import Sender

ONCALL = "route: {receiver: oncall}\nreceivers: [{name: oncall, WAY}]\n"
WEBHOOK = ONCALL.replace("WAY", "webhook_configs: [{url: 'http://pager.example/x'}]")
PAGERDUTY = ONCALL.replace("WAY", "pagerduty_configs: [{routing_key: x}]")
TO_OWN = ONCALL.replace("WAY", "webhook_configs: [{url: 'http://bridge:9094/'}]")
AT = "/etc/alertmanager/alertmanager.yml"
PROM_AT = "/etc/prometheus/prometheus.yml"
POINTS = """
contactPoints:
  - {name: pd, receivers: [{uid: a, type: pagerduty, settings: {integrationKey: x}}]}
  - {name: chat, receivers: [{uid: b, type: slack, settings: {url: 'https://hooks.slack.com/services/x'}}]}
"""


class Files:
    """A project's services with their files, of which no image is here."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(configfile, "inspected", lambda *_: [])
        self.folder, self._number = folder, 0

    def mount(self, text: str, target: str) -> dict[str, Any]:
        self._number += 1
        path = self.folder / f"{self._number}.yml"
        path.write_text(text)
        return {"type": "bind", "source": str(path), "target": target}

    def alertmanager(self, text: str, **more: Any) -> dict[str, Any]:
        command = [f"--config.file={AT}"]
        return {"image": "prom/alertmanager", "command": command, "volumes": [self.mount(text, AT)], **more}

    def prometheus(self, alerting: str) -> dict[str, Any]:
        text = f"alerting: {{alertmanagers: [{alerting}]}}\n" if alerting else "{}\n"
        command = [f"--config.file={PROM_AT}"]
        return {"image": "prom/prometheus", "command": command, "volumes": [self.mount(text, PROM_AT)]}

    def secret(self, text: str) -> str:
        (self.folder / "secret").write_text(text)
        return str(self.folder / "secret")

    def found(self, observe: str = "", data: dict[str, str] | None = None, **services: Any) -> dict[str, Sender]:
        named = {name.replace("_", "-"): body for name, body in services.items()}
        nets = {"default": {"name": "x_default"}, "inner": {"name": "x_inner", "internal": True}}
        config = {"name": "x", "services": named, "networks": nets}
        project = Project("x", (), self.folder, config)
        monitoring = find_monitoring(config, alertmanager=observe)
        return {one.service: one for one in senders(project, monitoring, data or {})}
