"""A release under test in the place of what the Compose files state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.stack import release_images
from harness.stack.candidate import candidates_told, with_candidates
from harness.stack.project import Project
from harness.world.handles import Release

BUILD = {"context": "/shop", "dockerfile": "Dockerfile"}


def project(**services: dict[str, Any]) -> Project:
    return Project("shop", (Path("compose.yaml"),), Path(), {"name": "shop", "services": services})


def test_the_image_takes_the_place_of_image_and_build() -> None:
    made = with_candidates(
        project(api={"build": BUILD, "pull_policy": "build", "environment": {"A": "1"}}), {"api": "s:2"}
    )
    assert made.services["api"] == {"environment": {"A": "1"}, "image": "s:2"}
    assert made.as_stated.services["api"]["build"] == BUILD
    assert candidates_told(made) == ("services.api: s:2, the release under test",)


def test_what_others_run_of_it_is_still_built() -> None:
    made = with_candidates(project(api={"build": BUILD, "image": "s:1"}, worker={"image": "s:1"}), {"api": "s:2"})
    assert made.services["worker"] == {"image": "s:1", "build": BUILD}


def test_nothing_changes_without_one() -> None:
    plain = project(api={"image": "s:1"})
    assert with_candidates(plain, {}) is plain
    assert plain.as_stated is plain
    assert candidates_told(plain) == ()


def test_a_service_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="candidate s:2: there is no service 'apo' in the stack; there are api"):
        with_candidates(project(api={"image": "s:1"}), {"apo": "s:2"})


def test_a_release_by_variables_differs_from_the_files_and_not_from_the_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stated = project(api={"image": "s:1", "environment": {"MODE": "good"}})
    bad = project(api={"image": "s:1", "environment": {"MODE": "bad"}})
    monkeypatch.setattr(release_images, "read_project", lambda *a, **k: bad)
    monkeypatch.setattr(release_images, "image_exists", lambda image: True)
    release = Release(("api",), variables={"X": "bad"})
    change = release_images.ready_release(with_candidates(stated, {"api": "s:2"}), release)["api"]
    assert change.image == ""  # it goes on running the candidate, with other variables
    assert dict(change.environment) == {"MODE": "bad"}
