"""Variables that a drill's commands set for `docker compose`, which are filled in already in the file that they get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.drill.parse import parse
from harness.drill.shell_text import names_set
from harness.run import prepare
from harness.stack import filled_in
from harness.stack.filled_in import variables_of
from harness.stack.project import Project

FAULT = "- bad_release: {service: worker, commands: {deploy: [./deploy.sh, v2], restore: [sh, -c, 'TAG=1 docker compose up -d']}}"
CONFIG = {
    "services": {
        "api": {"image": "x:${TAG:-1}", "environment": ["PRICE=$$NONE", "FEE=${FEE-${BASE_FEE}}"]},
        "migrate": {"environment": {"SCHEMA": "$SCHEMA"}},
        "worker": {"image": "x:${TAG:?}"},
    },
    "networks": {"default": None},
    "name": "shop",
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SCHEMA=2 docker compose run --rm migrate", ["SCHEMA"]),
        ("set -e\ncd /srv && TAG=\"$1\" FEE='a b' docker-compose up -d api; echo done", ["TAG", "FEE"]),
        ("TAG=$(git describe --tags) \\\n  docker compose up -d", ["TAG"]),
        ("sudo TAG=2 timeout 60 /usr/bin/docker compose up -d", ["TAG"]),
        ("env TAG=2 docker compose up -d", ["TAG"]),
        ("export TAG=2 FEE\ndocker compose logs -f api", ["TAG", "FEE"]),
        ("TAG=2 docker compose --progress quiet rm -f api", ["TAG"]),
        ('TAG=2 docker compose -f "$COMPOSE_FILE" -f over.yaml up -d', ["TAG"]),
        ('COMPOSE_FILE="$COMPOSE_FILE:over.yaml" TAG=2 docker compose up', ["COMPOSE_FILE", "TAG"]),
        ("docker compose run --rm -e SCHEMA=2 migrate", []),
        ("export SCHEMA=2\ndocker compose run --rm -e SCHEMA migrate", []),
        ("TAG=2 docker compose -p x -f prod.yaml up -d", []),
        ("TAG=2 docker compose --file=prod.yaml up -d", []),
        ("export COMPOSE_FILE=prod.yaml TAG=2\ndocker compose up -d", []),
        ("unset COMPOSE_FILE\nTAG=2 docker compose up -d", []),
        ("# TAG=2 docker compose up -d\ndocker compose up -d", []),
        ("docker compose up -d\nexport TAG=2\n./smoke.sh", []),
        ("TAG=2 ./build.sh && docker compose up -d", []),
        ("TAG=2\ndocker compose up -d", []),
        ("docker build --build-arg TAG=2 . && docker compose up -d", []),
        ("TAG=2 ssh shop 'docker compose up -d'", []),
    ],
)
def test_what_a_text_sets_for_compose(text: str, names: list[str]) -> None:
    assert list(names_set(text)) == names


def test_each_variable_is_known_by_the_services_that_have_it() -> None:
    assert variables_of(CONFIG) == {
        "TAG": ("services.api", "services.worker"),
        "FEE": ("services.api",),
        "BASE_FEE": ("services.api",),
        "SCHEMA": ("services.migrate",),
    }


def test_a_deploy_script_whose_variables_reach_nothing_is_warned_of(
    checkout: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = checkout("- stop: {service: worker, after: 5s, for: 10s}", FAULT)
    script = file.parent / "deploy.sh"
    script.write_text("#!/bin/sh\nSCHEMA=2 docker compose run --rm migrate\nNOBODYS=1 docker compose up -d worker\n")
    script.chmod(0o755)
    project = Project("shop", (file.parent / "compose.yaml",), file.parent, {})
    monkeypatch.setattr(filled_in, "filled_in", lambda _: variables_of(CONFIG))
    by_script, by_command = prepare.unheeded(parse(file), project)
    assert "./deploy.sh sets SCHEMA for docker compose, which does not reach services.migrate" in by_script.what
    assert (
        "the command sets TAG for docker compose, which does not reach services.api, services.worker" in by_command.what
    )
    assert by_script.severity == by_command.severity == "warning"
    assert FAULT in by_script.source


def test_compose_tells_where_the_files_have_variables(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("services: {b: {image: 'y:${BASE:-1}'}}\n")
    (tmp_path / "compose.yaml").write_text(
        "services:\n  a: {extends: {file: base.yaml, service: b}, ports: ['${PORT}:80'], profiles: [later]}\n"
    )
    project = Project("x", (tmp_path / "compose.yaml",), tmp_path, {})
    assert filled_in.filled_in(project) == {"BASE": ("services.a",), "PORT": ("services.a",)}
