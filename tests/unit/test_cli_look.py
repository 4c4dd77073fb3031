"""What the files alone tell is told before anything runs, without Docker: by validate, plan and init alike."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import group
from harness.errors import CannotRun, UsageError
from harness.init.making import make
from harness.init.wishes import Wishes
from harness.stack.project import Project

DRILL = """\
drill: shop
stack:
  compose: [compose.yaml]{more}
load: {{locustfile: load.py, against: "api:80", arrivals: [{{for: 1m, rate: 5/s}}]}}
steady: {{for: 5s, within: 30s, all: [errors < 1%]}}
phases:
  - name: slow
    for: 30s
    faults: [{{latency: {{edge: api->db, delay: 100ms}}}}]
    then: [{{recovers: {{within: 30s}}}}]
"""
SHOP = "services:\n  api: {image: 'api:1', ports: ['80'], environment: {DB_HOST: db}}\n  db: {image: postgres}\n"
USER = b"from locust import HttpUser, task\nclass U(HttpUser):\n    @task\n    def t(self):\n        self.client.get('/')\n"
Typed = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Types `drill WORDS` for a drill of a Compose project, both with more in them, where no Docker daemon answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'nobody.sock'}")

    def run(*words: str, stack: str = "", project: str = "", load: bytes = USER) -> Result:
        (tmp_path / "drills").mkdir(exist_ok=True)
        (tmp_path / "drills" / "shop.yaml").write_text(DRILL.format(more=f"\n  {stack}" if stack else ""))
        (tmp_path / "drills" / "compose.yaml").write_text(SHOP + project)
        (tmp_path / "drills" / "load.py").write_bytes(load)
        return CliRunner().invoke(group, words)

    return run


def test_without_docker_what_it_would_tell_of_the_monitoring_is_a_note_and_the_rest_is_checked(typed: Typed) -> None:
    monitors = "  prometheus: {image: prom/prometheus}\n  alertmanager: {image: prom/alertmanager}\n"
    result = typed("validate", project=monitors)
    assert (result.exit_code, result.stdout) == (0, "drills/shop.yaml: valid\n")
    assert (
        "note: drills/shop.yaml: the configuration of prometheus is not known: docker image inspect: Cannot"
        in result.stderr
    )
    assert "the configuration of alertmanager is not known" in result.stderr
    result = typed("plan", "shop", project=monitors)
    assert result.exit_code == 0
    assert "note: the configuration of prometheus is not known" in result.stderr
    result = typed("validate", project=monitors, stack="data: {dta: copy}")
    assert "drills/shop.yaml:4:10: data: there is no volume or bind mount 'dta'" in result.stdout


@pytest.mark.parametrize(
    ("stack", "project", "said"),
    [
        ("data: {dbdta: copy}", "volumes: {dbdata: {}}\n", "shop.yaml:4:10: data: there is no volume or bind mount 'dbdta'"),
        ("", "  old: {image: x, external_links: [a:b]}\n", "shop.yaml:3:12: services.old.external_links names containers"),
        ("", "  proxy: {image: x, volumes: ['./s.sock:/s.sock:ro']}\n", "s.sock, a socket: a copy of it would answer nobody"),
        ("profiles: [nope]", "", "shop.yaml:4:13: no service has the profile 'nope'"),
        ("observe: {prometheus: 'dbb:9090'}", "", "stack.observe.prometheus: there is no service 'dbb' in the stack (did you mean 'db'?)"),
        ("edges: [{edge: api->db, speaks: reddis}]", "", "no protocol is called 'reddis' (did you mean 'redis'?)"),
    ],
)  # fmt: skip
def test_what_a_run_would_refuse_of_the_files_stands_at_its_place(
    typed: Typed, tmp_path: Path, stack: str, project: str, said: str
) -> None:
    (tmp_path / "drills").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "drills" / "s.sock"))
        result = typed("validate", stack=stack, project=project)
        assert (result.exit_code, said in result.stdout) == (2, True), result.stdout
        planned = typed("plan", "shop", stack=stack, project=project)
    assert isinstance(planned.exception, UsageError)
    assert said in str(planned.exception)


def test_a_socket_that_is_shared_and_protocols_by_any_of_their_names_are_fine(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "drills").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "drills" / "s.sock"))
        stack = "data: {./s.sock: shared}\n  edges: [{edge: api->db, speaks: PostgreSQL}, {edge: db->api, speaks: tcp}]"
        result = typed("validate", stack=stack, project="  proxy: {image: x, volumes: ['./s.sock:/s.sock:ro']}\n")
    assert (result.exit_code, result.stdout) == (0, "drills/shop.yaml: valid\n")


def test_what_compose_warns_of_is_a_warning_everywhere(typed: Typed) -> None:
    said, project = 'The "NOT_THERE" variable is not set', "  c: {image: 'x:${NOT_THERE}'}\n"
    result = typed("validate", project=project)
    assert (result.exit_code, result.stdout.count(said)) == (0, 1)
    assert f"shop.yaml:3:12: warning: {said}" in result.stdout
    assert typed("plan", "shop", project=project).stderr.count(said) == 1
    assert f"warning: {said}" in typed("edges", "shop", project=project).stderr


def test_a_folder_without_drills_is_a_usage_error(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no drills in empty"):
        raise typed("validate", "empty").exception or AssertionError
    with pytest.raises(UsageError, match="no drills in empty"):
        raise typed("validate", "drills", "empty").exception or AssertionError


def test_init_writes_no_drill_that_a_run_would_refuse(typed: Typed, tmp_path: Path) -> None:
    typed("list", project="  old: {image: x, volumes: ['./s.sock:/s.sock']}\n")
    folder, source = tmp_path / "drills", str(tmp_path / "drills" / "s.sock")

    def init(**data: str) -> tuple[str, ...]:
        wishes = Wishes(
            name="first",
            survey=False,
            force=True,
            data={name.replace("sock", source): how for name, how in data.items()},
        )
        return make(wishes, folder, lambda line: None).notes

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(source)
        with pytest.raises(UsageError, match="--data: there is no volume or bind mount 'nosuch'"):
            init(nosuch="shared")
        with pytest.raises(CannotRun, match=f"drill init --data {source}=shared"):
            init()
        assert not (folder / "drills").exists()
        init(sock="shared")
        assert f"{source}: shared" in (folder / "drills" / "first.yaml").read_text().replace('"', "")


def test_init_tells_what_compose_warns_of(typed: Typed, tmp_path: Path) -> None:
    typed("list", project="  c: {image: 'x:${NOT_THERE}'}\n")
    notes = make(Wishes(name="first", survey=False), tmp_path / "drills", lambda line: None).notes
    assert any(note.startswith('warning: The "NOT_THERE" variable is not set') for note in notes)


def test_a_password_that_is_also_a_word_of_the_drill_is_warned_of_and_not_shown(typed: Typed) -> None:
    account = "  mq: {{image: 'mq:1', environment: {{MQ_PASSWORD: {}}}}}\n"
    result = typed("validate", project=account.format("recovers"))
    assert result.exit_code == 0
    assert (
        "warning: the value of MQ_PASSWORD is also a word of the drill: it is masked, and looked for" in result.stdout
    )
    for fine in ("sunflower", "slow", "k9QzL4xT", "postgres", "latency"):
        assert "MQ_PASSWORD" not in typed("validate", project=account.format(fine)).output


LOAD = """from locust import HttpUser, task
class U(HttpUser):
    @task
    def checkout(self):  # heronry
        self.client.get("/baskets", auth=dict(password="greenhouse"))
"""


@pytest.mark.parametrize("load", [b"# caf\xe9\n" + LOAD.encode(), LOAD.encode() + b"# caf\xe9\n"])
def test_a_locustfile_with_a_comment_in_another_encoding_is_read_as_an_import_reads_it(
    typed: Typed, load: bytes
) -> None:
    result = typed("validate", project="  mq: {image: 'mq:1', environment: {MQ_PASSWORD: baskets}}\n", load=load)
    assert result.exit_code == 0, result.output
    assert "the value of MQ_PASSWORD is also a word of the locustfile" in result.stdout


def test_so_is_one_that_a_receiver_an_alerts_label_or_the_load_says(typed: Typed, tmp_path: Path) -> None:
    from harness.cli.words_for_secrets import words_for_secrets
    from harness.drill.parse import parse
    from harness.facts import ReceiverSeen, RuleSeen

    typed("validate")
    (tmp_path / "drills" / "load.py").write_text(LOAD)
    drill = parse(tmp_path / "drills" / "shop.yaml")
    values = ("sunflower", "platform", "baskets", "client", "checkout", "heronry", "greenhouse")
    config = {
        "services": {
            "api": {"environment": {f"{name}_TOKEN": value for name, value in zip("ABCDEFG", values, strict=True)}}
        }
    }
    told = words_for_secrets(
        drill,
        Project("x", config=config, files=(), directory=tmp_path),
        [RuleSeen(rule="Slow", labels={"team": "sunflower"})],
        [ReceiverSeen(receiver="platform-oncall", kind="webhook", asks=("team=sunflower",))],
    )
    assert [one.partition(":")[0] for one in told] == [
        "the value of A_TOKEN is also a word of an alert's name or labels and a receiver's name or route",
        "the value of B_TOKEN is also a word of a receiver's name or route",
        "the value of C_TOKEN is also a word of the locustfile",
    ]
    assert all("stands there in what the run keeps" in one for one in told)
