"""The stack's own secrets in what a run writes: masked by their value at every depth, in facts and in files of others."""

from __future__ import annotations

import base64
import dataclasses
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from harness import facts as f
from harness import seal
from harness.curtain import Curtain
from harness.journal import read
from harness.journal_writer import Writer
from harness.masking import SHORTEST, Secret
from harness.run.scrub import scrub
from harness.stack_secrets import secrets_in

SECRETS = (Secret("API_TOKEN", "hunter2-token"), Secret("DB", 'p%40ss"word'))


def test_a_fact_is_written_and_returned_without_them(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "facts", "harness", lambda: 1.0, mask=Curtain(SECRETS).fact)
    written = writer.write(f.Paged(receiver="r", alert="X", status="firing", labels={"why": "token hunter2-token"}))
    assert written.labels == {"why": "token [API_TOKEN]"}
    assert read(tmp_path).of(f.Paged)[0].labels == {"why": "token [API_TOKEN]"}
    assert b"hunter2" not in writer.path.read_bytes()


def test_the_undo_of_a_fault_stays_as_it_must_be_run() -> None:
    fact = f.Injecting(
        fault="a", kind="command", target="db", planned_s=1.0, stated={"undo": "end --with hunter2-token"}
    )
    assert Curtain(SECRETS).fact(fact) == fact


def test_what_it_reads_like_inside_of_json_and_urls_is_masked_too() -> None:
    curtain = Curtain(SECRETS)
    assert curtain.text('{"a":"p%40ss\\"word"} p@ss"word') == '{"a":"[DB]"} [DB]'
    assert Curtain((Secret("A", "short"),)).text("a short one") == "a short one"


@pytest.mark.parametrize(
    "text", ["p%40ss%2Fw0rd%211+x%2By", "p%40ss%2fw0rd%211%20x%2by", "p%40ss%2Fw0rd!1%20x+y", "p%40ss/w0rd%211%20x%2By"]
)
def test_a_password_is_masked_as_a_url_has_it(text: str) -> None:
    own = (Secret("DB_PASSWORD", "p@ss/w0rd!1 x+y"), Secret("DATABASE_URL", "k%40Zq7x/"))
    assert Curtain(own).text("dial a://app:k@Zq7x/@db") == "dial a://app:[DATABASE_URL]@db"
    assert Curtain(own).text(f"postgres://app:{text}@db/shop") == "postgres://app:[DB_PASSWORD]@db/shop"


@pytest.mark.parametrize("password", ["p@ssw0rd1", "sunflower", "orders", "läNGer7"])
@pytest.mark.parametrize("user", ["a", "ap", "app", "shop"])
def test_a_password_is_masked_in_base64(user: str, password: str) -> None:
    curtain = Curtain(secrets_in({"services": {"api": {"environment": {"DB_PASSWORD": password}}}}))
    sent = base64.b64encode(f"{user}:{password}".encode()).decode()
    shown = curtain.text(f"Authorization: Basic {sent}")
    assert "[DB_PASSWORD]" in shown
    left = shown.removeprefix("Authorization: Basic ").replace("[DB_PASSWORD]", "").rstrip("=")
    assert len(left) <= len(base64.b64encode(f"{user}:".encode()).decode()) + 1
    other = base64.b64encode(b'{"flower": "sunflower", "path": "/orders"}').decode()
    assert curtain.text(other) == other


def test_a_name_in_base64_is_no_secret_but_at_the_end_of_a_login() -> None:
    curtain = Curtain(of_url("amqp://app:app12345@mq/app12345"))
    for text, shown in ((b"vhost app12345 is gone", False), (b"app:app12345", True)):
        said = base64.b64encode(text).decode()
        assert ("[DATABASE_URL]" in curtain.text(said)) is shown
    assert curtain.text("basic app12345, basic x-app12345") == "basic app12345, basic x-app12345"


def test_files_that_others_wrote_are_scrubbed_and_links_are_not_followed(tmp_path: Path) -> None:
    run, mine = tmp_path / "run", tmp_path / "mine.log"
    (run / "logs").mkdir(parents=True)
    (run / "logs" / "a.log").write_bytes(b"x hunter2-token\r\n\xff y\n")
    (run / "logs" / "a.log").chmod(0o640)
    mine.write_text("hunter2-token")
    (run / "logs" / "b.log").symlink_to(mine)
    (run / "compose.yaml").write_text("hunter2-token")
    assert scrub(run, Curtain(SECRETS)) == []
    assert (run / "logs" / "a.log").read_bytes() == b"x [API_TOKEN]\r\n\xff y\n"
    assert stat.S_IMODE((run / "logs" / "a.log").stat().st_mode) == 0o640
    assert mine.read_text() == "hunter2-token"
    assert sorted(path.name for path in (run / "logs").iterdir()) == ["a.log", "b.log"]


def test_secrets_are_known_from_variables_urls_options_and_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    project = {
        "name": "shop",
        "services": {
            "api": {"environment": {"API_TOKEN": "tok-12345", "URL": "redis://u:pass-678@db:1/0", "USER": "shop"}},
            "db": {"command": ["redis-server", "--requirepass", "opt-90123"]},
        },
        "secrets": {"key": {"file": str(tmp_path / "key")}},
    }
    assert {secret.value for secret in secrets_in(project)} == {"tok-12345", "pass-678", "opt-90123", "from-a-file"}


def of_url(url: str, said: str = "", **services: Any) -> tuple[Secret, ...]:
    return secrets_in({"name": "shop", "services": {"api": {"environment": {"DATABASE_URL": url}}, **services}}, said)


EVERYDAY = [
    "team orders", "POST /orders", "orders-oncall", "dependency=postgres", "component=worker", "orders/asked-0.jsonl", "ledger/0.rows",
    '{"orders": [{"name": "worker"}]}', "password authentication failed for user postgres", "the default queue of rabbitmq",
]  # fmt: skip


@pytest.mark.parametrize(
    "password", ["orders", "ledger", "postgres", "worker", "password", "default", "rabbitmq", "root", "admin", "app"]
)
def test_a_password_that_is_everybodys_word_is_masked_only_where_a_secret_stands(password: str) -> None:
    curtain = Curtain(of_url(f"postgres://app:{password}@db/shop"))
    assert [curtain.text(text) for text in EVERYDAY] == EVERYDAY
    if len(password) >= SHORTEST:
        for text in (
            "a://app:{}@db/x",
            "DB_PASSWORD={}",
            '{{"password": "{}"}}',
            '{{\\"passwd\\":\\"{}\\"',
            "--requirepass {} x",
        ):
            assert curtain.text(text.format(password)) == text.format("[DATABASE_URL]")


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgres://heron:heron@db/x", "role heron does not exist"),
        ("postgres://app:heronry@db/heronry", "heronry-oncall"),
        ("amqp://app:heronry@heronry:5672/", "dial heronry: refused"),
        ("amqp://app:app12345@mq/app12345", "vhost app12345"),
    ],
)
def test_a_password_that_is_its_urls_user_host_or_database_too_is_no_secret_there(url: str, text: str) -> None:
    curtain = Curtain(of_url(url))
    assert curtain.text(text) == text
    assert "[DATABASE_URL]@" in curtain.text(url) or "heron:heron" in url  # shorter than a secret is


@pytest.mark.parametrize(
    "url",
    [
        "https://ghp_abcdef1234567890:x-oauth-basic@github.com/o/r",
        "https://ops:hunter22@hooks.slack.com/services/T0/B0/ghp_abcdef1234567890",
    ],
)
def test_a_token_that_is_a_urls_user_or_a_part_of_its_path_is_a_secret_still(url: str) -> None:
    own = of_url(url, api={"environment": {"URL": url, "API_TOKEN": "ghp_abcdef1234567890"}})
    text = "fetching with ghp_abcdef1234567890, of T0/ghp_abcdef1234567890"
    assert Curtain(own).text(text) == "fetching with [API_TOKEN], of T0/[API_TOKEN]"


@pytest.mark.parametrize("labels", [{"api.token": "k9QzL4xTpm77"}, ["api.token=x", "k9QzL4xTpm77"]])
def test_a_token_that_is_the_value_of_a_label_too_is_a_secret_still(labels: Any) -> None:
    services = {"api": {"environment": {"API_TOKEN": "k9QzL4xTpm77"}, "labels": labels}}
    assert Curtain(secrets_in({"services": services})).text("got k9QzL4xTpm77") == "got [API_TOKEN]"


@pytest.mark.parametrize(
    ("label", "text"), [("traefik.http.routers.a.rule", "x heronry x"), ("db.password", "x [API_TOKEN] x")]
)
def test_a_word_of_a_label_names_something_unless_the_label_is_called_a_secret(label: str, text: str) -> None:
    services = {"api": {"environment": {"API_TOKEN": "heronry"}, "labels": {label: "heronry"}}}
    assert Curtain(secrets_in({"services": services})).text("x heronry x") == text


@pytest.mark.parametrize("said", ["phases:\n- name: sunflower\n", "receiver: sunflower-oncall", "blames: [sunflower]"])
def test_a_word_of_the_drill_is_left_to_it(said: str) -> None:
    url = "postgres://app:sunflower@db/shop"
    text = "sunflower, of sunflower-oncall"
    assert Curtain(of_url(url, said)).text(text) == text
    assert (
        Curtain(of_url(url, f"env: {{PASSWORD: sunflower}}\nurl: {url}")).text(text)
        == "[DATABASE_URL], of [DATABASE_URL]-oncall"
    )


def test_a_plain_word_is_masked_where_it_stands_alone_and_a_long_value_anywhere() -> None:
    project = {"services": {"api": {"environment": {"DB_PASSWORD": "sunflower", "API_TOKEN": "k9QzL4xT"}}}}
    text = Curtain(secrets_in(project)).text
    assert text("logged in with 'sunflower', ok sunflower.") == "logged in with '[DB_PASSWORD]', ok [DB_PASSWORD]."
    assert text("sunflowers, sunflower_total, my_sunflower") == "sunflowers, sunflower_total, my_sunflower"
    assert text("xxk9QzL4xTyy_k9QzL4xT /k9QzL4xT/") == "xx[API_TOKEN]yy_[API_TOKEN] /[API_TOKEN]/"


GLUED = ["mysqladmin ping -uroot -p{}", "-p'{}'", "sqlplus app/{}@db", "401 bad credentials app/{}", "curl -fu x -u app:{} http://api",
         "redis-cli -h redis -a {} ping", "ALTER USER app IDENTIFIED BY '{}'", "sshpass -p {} ssh a", "mysql --pass={}"]  # fmt: skip


@pytest.mark.parametrize("glued", GLUED)
@pytest.mark.parametrize("word", ["sunflower", "orders"])
def test_a_word_is_masked_where_a_client_is_told_it(word: str, glued: str) -> None:
    """`orders` is everybody's word."""
    curtain = Curtain(secrets_in({"services": {"api": {"environment": {"DB_PASSWORD": word}}}}))
    assert curtain.text(glued.format(word)) == glued.format("[DB_PASSWORD]")


@pytest.mark.parametrize(
    "text",
    ["docker compose -p {} up", "docker run -u app:{} x", "x/{}@sha256:ab", "GET shop/{}", "--skip-{}", "-print {}"],
)
def test_everybodys_word_in_another_option_or_a_path_is_no_secret(text: str) -> None:
    said = text.format("orders")
    assert Curtain(of_url("postgres://app:orders@db/shop")).text(said) == said


def test_a_plain_word_in_a_path_is_masked_unless_a_route_or_a_folder_is_called_so() -> None:
    text, shown = (
        "auth app/sunflower, GET /login/sunflower, _sunflower_",
        "auth app/[P_TOKEN], GET /login/[P_TOKEN], _[P_TOKEN]_",
    )
    body: dict[str, Any] = {"environment": {"P_TOKEN": "sunflower"}}
    assert _masked(body, text) == shown
    assert _masked(body, text, said="request: GET /sunflower") == text
    assert _masked({**body, "labels": {"rule": "PathPrefix(`/sunflower`)"}}, text) == text
    assert _masked({**body, "build": {"context": "/home/sunflower/shop"}}, text) == text
    assert _masked({**body, "volumes": [{"type": "bind", "source": "/srv/sunflower", "target": "/data"}]}, text) == text


def _masked(body: dict[str, Any], text: str, said: str = "") -> str:
    return Curtain(secrets_in({"services": {"api": body}}, said)).text(text)


AUTH = {"auth-svc": {"hostname": "auth9"}, "cart": {"networks": {"default": {"aliases": ["cart-v2"]}}}}


@pytest.mark.parametrize("value", ["auth-svc:9000", "auth9:9000", "cart-v2:80,auth-svc:9000"])
def test_a_services_address_stays_whatever_variable_it_stands_in(value: str) -> None:
    own = secrets_in({"services": {"api": {"environment": {"TOKEN": value}}, **AUTH}})
    paged = f.Paged(receiver="r", alert="X", status="firing", labels={"instance": value, "why": f"dial {value}"})
    assert Curtain(own).fact(paged) == paged
    assert Curtain(own).text(f"token={value}") == "token=[TOKEN]"


@pytest.mark.parametrize("value", ["auth-svc:hunter22", "other-svc:9000", "auth-svc:9000,k9QzL4xT"])
def test_what_is_only_a_little_like_an_address_is_masked(value: str) -> None:
    own = secrets_in({"services": {"api": {"environment": {"TOKEN": value}}, **AUTH}})
    assert Curtain(own).text(f"got {value}") == "got [TOKEN]"


def test_what_a_claim_asks_of_a_label_stays_in_the_facts_that_it_is_judged_by() -> None:
    body = {"environment": {"SHARD_TOKEN": "eu-1-k9QzL4"}}
    said = "expect:\n- alert_fires: {alert: X, labels: {zone: eu-1-k9QzL4}}\n"
    paged = f.Paged(receiver="r", alert="X", status="firing", labels={"zone": "eu-1-k9QzL4"})
    assert Curtain(secrets_in({"services": {"api": body}}, said)).fact(paged) == paged
    for other in ("", "[", "expect: [{labels: [eu-1-k9QzL4]}]", said.replace("zone", "token")):
        assert Curtain(secrets_in({"services": {"api": body}}, other)).fact(paged).labels == {"zone": "[SHARD_TOKEN]"}


@pytest.mark.parametrize("value", ["qzkxjvwpmnbtrlhsdfgc", "QzkxJvwpMnbT", "abc123", "p@ssword", "läNGer"])
def test_what_is_no_word_is_masked_between_other_letters_too(value: str) -> None:
    assert Curtain((Secret("TOKEN", value),)).text(f"x{value}y") == "x[TOKEN]y"


def test_a_broker_that_calls_it_pass_makes_no_password_public() -> None:
    """The same value stands in a variable that names no secret to those who look for `PASSWORD` alone."""
    url = "amqp://shop:S3cretX9@mq/"
    for name in ("RABBITMQ_DEFAULT_PASS", "MYSQL_PWD", "REDIS_AUTH"):
        own = of_url(url, mq={"environment": {name: "S3cretX9"}})
        assert Curtain(own).text("got S3cretX9") == "got [DATABASE_URL]", name


def test_the_names_of_a_seal_and_the_states_in_facts_are_never_masked() -> None:
    curtain = Curtain((Secret("A", "sunflower"), Secret("B", "asked-0.jsonl")))
    sealed = f.EvidenceSealed(files={"sunflower/asked-0.jsonl": "ab"})
    assert curtain.fact(sealed) == sealed
    paged = f.Paged(
        receiver="sunflower",
        alert="X",
        status="sunflower",
        labels={"sunflower": "sunflower", "db_password": "sunflower"},
    )
    assert curtain.fact(paged) == dataclasses.replace(paged, labels={"sunflower": "sunflower", "db_password": "[A]"})
    assert curtain.fact(f.LoadSaid(kind="log", text="sunflower")).text == "[A]"
    typed = f.Executing(by="ada", command=("login", "sunflower"))
    assert curtain.fact(typed).command == ("login", "[A]")


SAID = [
    f.Paged(receiver="r", alert="X", status="firing", annotations={"summary": "sunflower", "token": "sunflower"}),
    f.RuleSeen(rule="X", annotations={"summary": "sunflower"}),
    f.SilenceSeen(silence="1", state="active", comment="sunflower"),
    f.HaltAsked(by="ada", reason="sunflower"),
    f.Refused(reason="sunflower"),
    f.RecordBroken(why="sunflower"),
    f.LeverAsked(lever="back", question="sunflower"),
    f.Sampled(query="up", warnings=("sunflower",)),
]


@pytest.mark.parametrize("fact", SAID, ids=lambda fact: type(fact).__name__)
def test_what_somebody_said_in_one_word_is_masked(fact: f.Fact) -> None:
    shown = Curtain((Secret("A", "sunflower"),)).fact(fact)
    assert "sunflower" not in repr(shown)
    assert "[A]" in repr(shown)


@pytest.mark.parametrize("why", ["plan", "halt", "guard", "signal", "error", "sweep", "lease"])
def test_why_a_fault_was_mended_stays_whatever_the_password_is(why: str) -> None:
    mended = f.Mended(fault="a", begun_s=1.0, why=why)
    assert Curtain((Secret("A", why),)).fact(mended) == mended


def test_a_run_with_such_a_password_keeps_its_seal(tmp_path: Path) -> None:
    url = "postgres://orders:orders@db/orders"
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "asked-0.jsonl").write_text("{}\n")
    (tmp_path / "load.json").write_text('{"orders": [{"name": "shop", "request": "POST /orders"}]}')
    curtain = Curtain(of_url(url))
    assert scrub(tmp_path, curtain) == []
    assert json.loads((tmp_path / "load.json").read_text())["orders"][0]["request"] == "POST /orders"
    writer = Writer(tmp_path / "facts", "harness", lambda: 1.0, mask=curtain.fact)
    writer.write(f.Opened(drill="d", run="r", wall_unix_s=1.0, monotonic_ns=1))
    writer.write(f.EvidenceSealed(files=seal.hashes(tmp_path, settled=True)))
    (sealed,) = read(tmp_path).of(f.EvidenceSealed)
    assert "orders/asked-0.jsonl" in sealed.files
