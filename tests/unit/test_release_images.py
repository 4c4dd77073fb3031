"""What a release by variables changes, and where its images come from: built, found here, or pulled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import CannotRun, Missing
from harness.stack import images, release_images
from harness.stack.project import Project
from harness.stack.release_images import Change, ready_release
from harness.world.docker_cli import Answer
from harness.world.handles import Release

Services = dict[str, dict[str, Any]]


class Machine:
    """Which images are here; what is built and pulled."""

    def __init__(self) -> None:
        self.here: set[str] = set()
        self.in_registry: set[str] = set()
        self.built: list[tuple[str, dict[str, Any]]] = []
        self.pulled: list[tuple[str, ...]] = []

    def build(self, _: Project, config: dict[str, Any], *names: str) -> Missing | None:
        for name in names:
            self.built.append((name, config["services"][name]["build"]))
            self.here.add(config["services"][name]["image"])
        return None

    def docker(self, *words: str, **_: Any) -> Answer:
        self.pulled.append(words)
        found = words[-1] in self.in_registry
        self.here |= {words[-1]} if found else set()
        return Answer(0 if found else 1, "", "" if found else "pull access denied")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    for module in (images, release_images):
        monkeypatch.setattr(module, "image_exists", lambda image: image in made.here)
        monkeypatch.setattr(module, "docker", made.docker)
        monkeypatch.setattr(module, "build", made.build)
    return made


def project(services: Services, **rest: Any) -> Project:
    return Project("shop", (Path("compose.yaml"),), Path(), {"name": "shop", "services": services, **rest})


def release(
    monkeypatch: pytest.MonkeyPatch, stated: Callable[[str], Services], *services: str, **rest: Callable[[str], Any]
) -> dict[str, Change]:
    """What the release of these services changes, where its variable is good in the files and bad in the release."""
    read = {
        which: project(stated(which), **{word: of(which) for word, of in rest.items()}) for which in ("good", "bad")
    }
    monkeypatch.setattr(release_images, "read_project", lambda *a, **k: read["bad"])
    return ready_release(read["good"], Release(services, variables={"TAG": "bad"}))


def shared(tag: str) -> Services:
    """The worker runs what the api builds, upon a base of the project's own."""
    return {
        "base": {"build": {"context": "/shop/base"}, "image": "shop-base"},
        "api": {"build": {"context": "/shop", "args": {"RELEASE": tag}}, "image": f"shop/api:{tag}"},
        "worker": {"image": f"shop/api:{tag}"},
    }


def test_what_another_service_builds_is_built_for_the_one_that_only_runs_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = release(monkeypatch, shared, "api", "worker")
    assert changes["api"].image == changes["worker"].image
    assert changes["worker"].image.startswith("drill/shop-api:release-")
    assert [name for name, _ in machine.built] == ["api"], "once"
    assert not machine.pulled


def test_an_image_based_on_another_of_the_project_is_built_upon_the_runs_own(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(monkeypatch, shared, "api")
    ((_, build),) = machine.built
    assert build["additional_contexts"] == {"shop-base": "docker-image://drill/shop-base"}
    assert build["args"] == {"RELEASE": "bad"}


def test_a_tag_alone_is_what_is_here_or_in_the_registry_before_it_is_built_anew(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tagged(tag: str) -> Services:
        return {"api": {"build": {"context": "/shop"}, "image": f"shop/api:{tag}"}}

    machine.in_registry.add("shop/api:bad")
    assert release(monkeypatch, tagged, "api")["api"].image == "shop/api:bad"
    assert (len(machine.pulled), machine.built) == (1, [])
    assert release(monkeypatch, tagged, "api")["api"].image == "shop/api:bad"
    assert len(machine.pulled) == 1, "it is here"
    machine.here.clear()
    machine.in_registry.clear()
    assert release(monkeypatch, tagged, "api")["api"].image.startswith("drill/shop-api:release-")


def test_a_variable_that_the_release_has_no_more_is_refused_by_name(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(tag: str) -> Services:
        environment = {"RELEASE": tag, **({"PRICES": "old"} if tag == "good" else {})}
        return {"api": {"image": "x", "environment": environment}}

    with pytest.raises(CannotRun, match="take PRICES out of the environment of api, which a release here cannot"):
        release(monkeypatch, told, "api")


def test_a_command_that_the_variables_change_is_taken(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def moded(mode: str) -> Services:
        return {"api": {"image": "x", "command": ["serve", mode], "healthcheck": {"retries": len(mode)}}}

    change = release(monkeypatch, moded, "api")["api"]
    assert change == Change("", {}, {"command": ["serve", "bad"], "healthcheck": {"retries": 3}})


@pytest.mark.parametrize(
    ("stated", "word"),
    [
        (lambda tag: {"volumes": [{"type": "bind", "source": f"/conf-{tag}", "target": "/etc/app"}]}, "volumes"),
        (lambda tag: {"scale": 1 if tag == "good" else 3}, "the number of replicas"),
    ],
)
def test_mounts_that_the_variables_change_are_refused_by_name(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, stated: Callable[[str], dict[str, Any]], word: str
) -> None:
    with pytest.raises(CannotRun, match=f"change {word} of api too, which a release here cannot"):
        release(monkeypatch, lambda tag: {"api": {"image": "x", "environment": {"A": tag}, **stated(tag)}}, "api")


def test_so_is_the_content_of_a_config(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotRun, match="change configs of api too"):
        release(
            monkeypatch,
            lambda tag: {"api": {"image": "x", "environment": {"A": tag}, "configs": [{"source": "app"}]}},
            "api",
            configs=lambda tag: {"app": {"content": f"mode={tag}"}},
        )


def test_a_release_that_its_containers_could_not_be_told_by_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CannotRun, match="change mem_limit of api alone") as caught:
        release(monkeypatch, lambda tag: {"api": {"image": "x", "mem_limit": f"{len(tag)}m"}}, "api")
    assert "cure: let the release change an environment variable too" in str(caught.value)


def test_each_service_has_its_own_problem(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(tag: str) -> Services:
        return {"a": {"image": f"a:{tag}"}, "b": {"image": "b", "environment": {"TAG": tag}}}

    with pytest.raises(CannotRun) as caught:
        release(monkeypatch, two, "a", "b")
    assert str(caught.value).count("cannot be pulled") == 1


def test_an_image_is_pulled_for_the_platform_that_the_file_states(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stated(tag: str) -> Services:
        return {"db": {"image": f"mysql:{tag}", "platform": "linux/amd64"}}

    machine.in_registry |= {"mysql:good", "mysql:bad"}
    images.ready_images(project(stated("good")))
    release(monkeypatch, stated, "db")
    assert machine.pulled == [
        ("pull", "--quiet", "--platform", "linux/amd64", f"mysql:{tag}") for tag in ("good", "bad")
    ]
    machine.in_registry.clear()
    machine.here.clear()
    with pytest.raises(CannotRun, match="docker pull --platform linux/amd64 mysql:good"):
        images.ready_images(project(stated("good")))
