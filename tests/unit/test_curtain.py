"""The stack's own secrets in what a run writes: masked by their value at every depth, in facts and in files of others."""

from __future__ import annotations

import stat
from pathlib import Path

from harness import facts as f
from harness.curtain import Curtain
from harness.journal import Writer, read
from harness.masking import Secret
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
