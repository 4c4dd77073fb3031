"""Our images: names that follow the content, a registry asked once, a program taken out of its image once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doctor.debian import Distribution
from harness.doctor.images import base, harness, harness_tag, registry, tags, toxiproxy
from harness.doctor.sources import Source
from harness.errors import CannotRun
from harness.world.docker_cli import Answer


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A harness/inside of the test's own."""
    folder = tmp_path / "inside"
    (folder / "speaks").mkdir(parents=True)
    (folder / "keeper.py").write_text("a = 1\n")
    (folder / "speaks" / "redis.py").write_text("b = 1\n")
    monkeypatch.setattr(tags, "INSIDE", folder)
    return folder


@pytest.mark.parametrize("file", ["keeper.py", "speaks/redis.py", "new.py"])
def test_any_change_of_the_code_inside_is_another_tag(inside: Path, file: str) -> None:
    before = harness_tag()
    assert harness_tag() == before
    (inside / file).write_text("a = 2\n")
    assert harness_tag() != before


def test_code_that_moves_between_files_is_another_tag(inside: Path) -> None:
    before = harness_tag()
    (inside / "keeper.py").rename(inside / "lanes.py")
    assert harness_tag() != before


def test_a_change_beside_the_code_is_the_same_tag(inside: Path) -> None:
    before = harness_tag()
    (inside / "notes.txt").write_text("x")
    assert harness_tag() == before
    assert before.startswith("drill/harness:")


@pytest.mark.parametrize(
    ("tag", "registry_name"),
    [
        ("debian:trixie-slim", ""),
        ("drill/wiki:1", ""),
        ("ghcr.io/shopify/toxiproxy:2.12.0", "ghcr.io"),
        ("localhost/x", "localhost"),
        ("host:5000/x:1", "host:5000"),
    ],
)
def test_the_registry_of_an_image_is_told_from_its_name(tag: str, registry_name: str) -> None:
    assert registry.registry_of(tag) == registry_name


def fake_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(registry, "_silent", set())
    return folder / "asked"


def test_a_registry_that_cannot_be_reached_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = fake_docker(tmp_path, monkeypatch, 'echo "no such host" >&2; exit 1')
    said: list[str] = []
    assert not registry.pull("debian:trixie-slim", said.append)
    assert not registry.pull("redis:8", said.append)
    assert asked.read_text() == "pull debian:trixie-slim\n"
    assert said == ["pulling debian:trixie-slim", "no answer from the default image registry"]


def test_a_registry_that_says_nothing_is_given_up_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_docker(tmp_path, monkeypatch, "exec sleep 60")
    monkeypatch.setattr(registry, "ANSWER_S", 0.1)
    assert not registry.pull("debian:trixie-slim")


def test_an_answering_registry_without_the_image_is_asked_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = 'case "$*" in *absent*) echo "denied: requested access"; exit 1;; *) echo "Pulling from x";; esac'
    asked = fake_docker(tmp_path, monkeypatch, script)
    assert not registry.pull("absent:1")
    assert registry.pull("there:1")
    assert "pull there:1" in asked.read_text()


def test_older_harness_images_go_and_one_in_use_stays_dockers_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    listed = "".join(f"drill/harness:{name}\n" for name in ("new", "b", "c", "old", "older"))

    def docker(*args: str, **_: object) -> Answer:
        asked.append(args)
        return Answer(0, listed, "") if args[1] == "ls" else Answer(1, "", "in use")

    monkeypatch.setattr(harness, "docker", docker)
    harness.remove_older("drill/harness:new")
    assert asked[1:] == [("image", "rm", "drill/harness:old"), ("image", "rm", "drill/harness:older")]


class FakeEngine:
    """An engine with one Toxiproxy image; `docker cp` writes a file."""

    def __init__(self, *, there: bool = True) -> None:
        self.there = there
        self.asked: list[str] = []

    def __call__(self, *args: str, **_: object) -> Answer:
        self.asked.append(args[0])
        if args[0] == "image":
            return Answer(0, "sha256:0123456789abcdef0123\n", "") if self.there else Answer(1, "", "No such image")
        if args[0] == "cp":
            Path(args[2]).write_text("program")
        return Answer(0, "c0ffee\n", "")


def test_the_program_is_taken_out_of_its_image_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    monkeypatch.setattr(toxiproxy, "docker", engine)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = toxiproxy.toxiproxy_binary()
    assert first == tmp_path / "drill" / "toxiproxy-2.12.0-0123456789abcdef"
    assert first.stat().st_mode & 0o111
    assert engine.asked == ["image", "create", "cp", "rm"]
    assert toxiproxy.toxiproxy_binary() == first
    assert engine.asked[4:] == ["image"]
    assert list(first.parent.iterdir()) == [first]


def test_without_its_image_the_program_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toxiproxy, "docker", FakeEngine(there=False))
    with pytest.raises(CannotRun, match="absent"):
        toxiproxy.toxiproxy_binary()


@pytest.mark.parametrize(
    ("version", "found"), [("go1.26.8", True), ("go1.23.0", True), ("go1.22.9", False), ("go1.9", False)]
)
def test_only_a_go_that_is_new_enough_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, found: bool
) -> None:
    program = tmp_path / "go"
    program.write_text(f"#!/bin/sh\necho go version {version} linux/amd64\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(toxiproxy, "GO_PLACES", ())
    assert toxiproxy.find_go() == (str(program) if found else None)


def test_without_go_and_registry_the_one_apt_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toxiproxy, "image_exists", lambda tag: False)
    monkeypatch.setattr(toxiproxy, "pull", lambda tag, say: False)
    monkeypatch.setattr(toxiproxy, "find_go", lambda: None)
    monkeypatch.setattr(toxiproxy, "go_cure", lambda: "apt-get install -y golang-go")
    with pytest.raises(CannotRun) as error:
        toxiproxy.ensure_toxiproxy_image()
    assert error.value.missing[0].cure == "apt-get install -y golang-go"


@pytest.mark.parametrize(
    ("bootstrap", "loads", "said"),
    [
        ("echo tar", "cat > /dev/null; echo sha256:1", ""),
        ("echo 'E: no route' >&2; exit 25", "cat > /dev/null; echo sha256:1", "E: no route"),
        ("echo tar", "echo 'no space left on device' >&2; exit 1", "no space left"),
        (
            "sleep 0.2; echo tar",
            "echo 'no space left on device' >&2; exit 1",
            "no space left",
        ),  # the pipe is gone by then
    ],
)
def test_the_base_image_gets_its_name_only_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bootstrap: str, loads: str, said: str
) -> None:
    asked = fake_docker(tmp_path, monkeypatch, f'case "$1" in import) {loads};; esac')
    (tmp_path / "mmdebstrap").write_text(f"#!/bin/sh\n{bootstrap}\n")
    (tmp_path / "mmdebstrap").chmod(0o755)
    if said:
        with pytest.raises(CannotRun, match=said):
            base.make_base_image()
        assert "tag " not in asked.read_text()
    else:
        base.make_base_image()
        assert asked.read_text().endswith("tag sha256:1 debian:trixie-slim\n")


@pytest.mark.parametrize(
    ("uri", "mirror"),
    [
        ("http://mirror.example/debian", "http://mirror.example/debian"),
        ("mirror+file:/etc/apt/mirrors/debian.list", ""),
        ("http://archive.example/ubuntu", ""),
    ],
)
def test_the_mirror_of_a_machine_is_read_from_its_sources(
    monkeypatch: pytest.MonkeyPatch, uri: str, mirror: str
) -> None:
    monkeypatch.setattr(base, "distribution", lambda: Distribution("Debian 12", "bookworm"))
    monkeypatch.setattr(base, "read_sources", lambda: [Source((uri,), ("bookworm",), ("main",))])
    assert base.own_mirror() == mirror


def test_where_the_usual_mirror_cannot_be_reached_the_machines_own_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[tuple[str, ...]] = []

    def make(*mirrors: str) -> None:
        tried.append(mirrors)
        if not mirrors:
            raise CannotRun("no route")

    monkeypatch.setattr(base, "image_exists", lambda tag: False)
    monkeypatch.setattr(base, "pull", lambda tag, say: False)
    monkeypatch.setattr(base.shutil, "which", lambda name: name)
    monkeypatch.setattr(base, "make_base_image", make)
    monkeypatch.setattr(base, "own_mirror", lambda: "http://mirror.example/debian")
    said: list[str] = []
    base.ensure_base_image(said.append)
    assert tried == [(), ("http://mirror.example/debian",)]
    assert "no route" in said[-1]
    monkeypatch.setattr(base, "own_mirror", lambda: "")
    with pytest.raises(CannotRun, match="no route"):
        base.ensure_base_image()
