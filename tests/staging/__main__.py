"""`python -m staging [--runs FOLDER] [--drill NAME]`: starts the checkout as a staging environment, plays friday-traffic on it, takes it down.

It is reached through its published ports alone. Ends with the drill's own code; 1 where the target was not byte for byte what it was.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
from wire.staging import TOKEN, certificates

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKOUT = ROOT / "compose" / "checkout"
PORTS = {"load": 8443, "toxiproxy": 8444, "prometheus": 8445, "alertmanager": 8446}  # of the front
SETTINGS = """\
[tool.drill.targets.staging]
{places}
ca_file = "{files}/ca.pem"
timeout = "10s"
protected = true
pages = {{listen = "0.0.0.0:{pages}", receivers = ["oncall"], token_env = "STAGING_TOKEN"}}
logs = {{commands = {{api = ["docker", "compose", "logs", "--follow", "--no-log-prefix", "--since", "1s", "api"]}}}}
deploy = ["{here}/deploy.sh"]
rollback = ["{checkout}/rollback.sh"]
max_rate = "20/s"
max_duration = "15m"
clear_to_start = [{{promql = "absent(ALERTS{{severity='page', alertstate='firing'}})", means = "no incident is open", throughout = false}}]

[tool.drill.targets.staging.edges]
"api->postgres" = {{proxy = "orders-db", witness = "127.0.0.1:{orders}", speaks = "postgres", only_way = true}}
"api->payments" = {{proxy = "payments", witness = "127.0.0.1:{payments}", speaks = "http", path = "/healthz", only_way = true}}
"""


class Environment:
    """The system that runs already. `files` holds its certificates and its Alertmanager's settings."""

    def __init__(self, files: Path) -> None:
        self.files = files
        certificates(files)
        with socket.create_server(("0.0.0.0", 0)) as free:  # where pages are posted to
            self.pages = int(free.getsockname()[1])
        theirs = (CHECKOUT / "alertmanager.yml").read_text()
        oncall = '{url: "http://pager.example.test/v1/pages", send_resolved: true}'
        assert oncall in theirs
        ours = f'{{url: "http://rehearsal:{self.pages}/", http_config: {{authorization: {{credentials: {TOKEN}}}}}}}'
        (files / "alertmanager.yml").write_text(theirs.replace(oncall, f"{oncall}, {ours}"))
        self.env = os.environ | {
            "COMPOSE_PROJECT_NAME": f"drill-staging-{secrets.token_hex(3)}",
            "COMPOSE_FILE": f"{CHECKOUT / 'compose.yaml'}:{HERE / 'compose.yaml'}",
            "STAGING_FILES": str(files),
            "STAGING_HERE": str(HERE),
            "STAGING_TOKEN": TOKEN,
            **{f"CHECKOUT{name}_PORT": "0" for name in ("", "_PROMETHEUS", "_ALERTMANAGER")},
        }

    def compose(self, *words: str) -> str:
        return subprocess.run(
            ["docker", "compose", *words], env=self.env, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        try:
            self.compose("--profile", "next", "build", "--quiet")
            self.compose("up", "--detach", "--build", "--quiet-pull", "--wait")
            yield
        finally:
            self.compose("--profile", "next", "down", "--volumes", "--timeout", "5")

    def port(self, service: str, port: int) -> int:
        return int(self.compose("port", service, str(port)).rpartition(":")[2])

    def settings(self) -> str:
        at = {name: f"https://127.0.0.1:{self.port('front', port)}" for name, port in PORTS.items()}
        places = "\n".join(f'{name} = {{url = "{url}", token_env = "STAGING_TOKEN"}}' for name, url in at.items())
        return SETTINGS.format(
            places=places, files=self.files, pages=self.pages, here=HERE, checkout=CHECKOUT,
            orders=self.port("toxiproxy", 5432), payments=self.port("toxiproxy", 8080),
        )  # fmt: skip

    def found(self) -> Mapping[str, Any]:
        """What it is: each service's image, and all that its Toxiproxy and Alertmanager hold."""
        images = {}
        for service in self.compose("ps", "--services").split():
            (one,) = self.compose("ps", "--quiet", service).split()
            asked = subprocess.run(
                ["docker", "inspect", "--format", "{{.Image}}", one], check=True, stdout=subprocess.PIPE
            )
            images[service] = asked.stdout.decode().strip()
        return {
            "images": images,
            "proxies": self.get("toxiproxy", "/proxies"),
            "silences": self.get("alertmanager", "/api/v2/silences"),
        }

    def get(self, place: str, path: str) -> Any:
        url = f"https://127.0.0.1:{self.port('front', PORTS[place])}{path}"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return requests.get(url, headers=headers, verify=str(self.files / "ca.pem"), timeout=20).json()


def project(folder: Path, settings: str) -> None:
    """A project of the user's own: the drills unchanged, and where staging is."""
    for name in ("drills", "dashboards"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "compose").symlink_to(ROOT / "compose")
    (folder / "pyproject.toml").write_text("[tool.drill]\n" + settings)


def main() -> int:
    parser = argparse.ArgumentParser(prog="staging", description=__doc__)
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="where the run's folder is made")
    parser.add_argument("--drill", default="friday-traffic")
    parser.add_argument("option", nargs="*", help="more of `drill run`, after --")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drill-staging-") as home, contextlib.ExitStack() as closing:
        files = Path(home) / "files"
        files.mkdir()
        staging = Environment(files)
        closing.enter_context(staging.up())
        project(Path(home) / "project", staging.settings())
        before = staging.found()
        words = ["run", told.drill, "--target", "staging", "--yes", "-o", str(told.runs.resolve()), *told.option]
        env = staging.env | {"PYTHONPATH": str(ROOT)}
        code = subprocess.run(
            [sys.executable, "-m", "harness", *words], cwd=Path(home) / "project", env=env, check=False
        ).returncode
        after = staging.found()
        if after != before:
            print(f"not what it was:\n{json.dumps(before, indent=1)}\n{json.dumps(after, indent=1)}", file=sys.stderr)
            return 1
        print(
            f"drill run ended with {code}; images, proxies and silences of the target are what they were",
            file=sys.stderr,
        )
        return code


if __name__ == "__main__":
    sys.exit(main())
