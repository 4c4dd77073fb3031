"""Terminal, JUnit and JSON are made of one document; none says what another does not."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness import facts as f
from harness.document import SCHEMA, dumps, verdict_doc
from harness.faults.base import Fault, Landing
from harness.journal import Journal
from harness.ledger import Rows
from harness.report.json_doc import result_line, text
from harness.report.junit import junit_xml
from harness.report.terminal import summary
from harness.testing import journal_of, rows_of
from harness.verdict import Ending, Judged, Measure, Verdict, failed, inconclusive, passed


class Late(Fault):
    @property
    def target(self) -> str:
        return "api->db"

    def landing(self, before: Any, during: Any) -> Landing:
        return Landing("landed", "felt by 9 of 9 looks", {"delay_ms": 400.0}, {"delay_ms": 403.2}, 1.0, 9)

    def gone(self, before: Any, after: Any) -> Landing:
        return Landing("landed", "answered as before")


def journal() -> Journal:
    return journal_of(
        f.Opened(drill="tale", run="0badcafe", wall_unix_s=1.7e9, monotonic_ns=5),
        f.LoadBegan(begins_s=1.0, seen_s=0.9),
        f.PhaseBegan(phase="slow", seen_s=10.0),
        f.Injecting(fault="slow/late", kind="latency", target="api->db", planned_s=10.0, seen_s=10.0),
        f.Injected(fault="slow/late", begun_s=10.0, seen_s=10.1),
        f.Mended(fault="slow/late", begun_s=19.8, seen_s=19.9),
        f.PhaseEnded(phase="slow", seen_s=20.0),
        f.LoadEnded(clean=True, ended_s=30.0, seen_s=31.0),
        f.Closed(seen_s=401.0),
    )


def rows() -> Rows:
    slow = [{"at_s": 10 + i / 20, "took_ms": 450.0, "outcome": "5xx" if i < 4 else "ok"} for i in range(200)]
    return rows_of([*({"at_s": 1 + i / 20, "took_ms": 20.0} for i in range(180)), *slow])


FINDINGS = (
    Judged("slow/ok", "errors_below", "slow", "drills/tale.yaml:9", passed("2% of 200", measure=Measure(2, 2, "%"))),
    Judged(
        "slow/bad",
        "alert",
        "slow",
        "drills/tale.yaml:12",
        failed("fired 131 s after\x1b[2J \x00the fault", cites=("harness:3",)),
    ),
    Judged(
        "run/blind",
        "log_quiet",
        "",
        "",
        inconclusive("nobody looked", decide="a look", measure=Measure(0, float("inf"), "s")),
    ),
)


def document(verdict: Verdict | None = None) -> dict[str, Any]:
    verdict = verdict or Verdict("tale", "0badcafe", FINDINGS, ending=Ending(gate=True))
    return verdict_doc(verdict, journal(), rows(), {"slow/late": Late()})


def test_the_document_holds_findings_faults_and_a_table_of_the_phases() -> None:
    made = document()
    assert (made["schema"], made["verdict"], made["exit_code"]) == (SCHEMA, "failed", 1)
    assert [finding["outcome"] for finding in made["findings"]] == ["passed", "failed", "inconclusive"]
    assert made["findings"][2]["measure"] == {"low": 0, "high": None, "unit": "s", "kind": "census"}
    fault = made["faults"][0]
    assert (fault["on_s"], fault["mended_s"], fault["landing"]["measured"]) == (10.1, 19.9, {"delay_ms": 403.2})
    baseline, slow, after = made["phases"]
    assert (baseline["name"], baseline["requests"], baseline["p95_ms"]) == ("baseline", 180, 20.0)
    assert (slow["errors"], slow["error_ratio"], slow["per_s"], slow["service_p95_ms"]) == (4, 0.02, 20.0, 450.0)
    assert (after["name"], after["requests"], after["p95_ms"]) == ("slow then", 0, None)


def test_the_same_evidence_gives_the_same_bytes() -> None:
    assert text(document()) == text(document())
    assert text(document()) == dumps(json.loads(text(document())))


def test_the_summary_puts_what_failed_first_and_what_would_decide_the_rest() -> None:
    lines = summary(document(), "runs/tale/x").splitlines()
    assert lines[0] == "FAILED tale  1 of 3 expectations passed   (6m41s, faults out)"
    marks = [line.split()[0] for line in lines if line.split()[0] in "✗?✓"]
    assert marks == ["✗", "?", "✓"]
    assert any("would be decided by: a look" in line for line in lines)
    assert any("stated: delay_ms 400; measured: delay_ms 403.2" in line and "gone again" in line for line in lines)
    assert any("drills/tale.yaml:12" in line for line in lines)
    assert lines[-1] == "  report: runs/tale/x     exit 1"


def test_the_summary_tells_how_many_passed_because_nothing_was_hurt() -> None:
    idle = Judged("slow/back", "recovers", "slow", "", passed("no recovery was seen", reason="unhurt"))
    made = document(Verdict("tale", "0badcafe", (FINDINGS[0], idle), ending=Ending(gate=True)))
    first = summary(made, "x").splitlines()[0]
    assert first.startswith("PASSED tale  2 of 2 expectations passed, 1 only because nothing was hurt   (")


def test_no_log_line_can_write_to_the_terminal_and_colours_only_where_wanted() -> None:
    assert "\x1b" not in summary(document(), "x")
    assert "\x00" not in summary(document(), "x")
    assert "\x1b[31m" in summary(document(), "x", colour=True)
    assert "\x1b[2J" not in summary(document(), "x", colour=True)


def test_junit_has_one_case_for_each_expectation_and_nothing_unseen_is_green() -> None:
    suite = ET.fromstring(junit_xml(document()))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert cases["slow/bad"].find("failure") is not None
    assert cases["run/blind"].find("error") is not None
    assert (cases["slow/bad"].get("file"), cases["slow/bad"].get("line")) == ("drills/tale.yaml", "12")
    assert cases["slow/ok"].find("failure") is None
    assert suite.get("timestamp") == "2023-11-14T22:13:20"


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (Verdict("tale", "r", (), invalid=("the generator was starved",)), "invalid: the generator was starved"),
        (Verdict("tale", "r", (), ending=Ending(stopped="guard: errors 60%")), "stopped: guard: errors 60%"),
        (Verdict("tale", "r", (), ending=Ending(not_mended=("x: wedged; type: docker kill x",))), "docker kill x"),
        (Verdict("tale", "r", (), ending=Ending(broken="OSError: disk full")), "disk full"),
        (Verdict("tale", "r", (), ending=Ending(refused="edge api->db is bypassed")), "bypassed"),
        (Verdict("tale", "r", (), ending=Ending(interrupted=130)), "ended by a signal"),
    ],
)
def test_what_ends_a_run_beside_its_claims_is_said_in_every_report(verdict: Verdict, says: str) -> None:
    made = document(verdict)
    assert says in summary(made, "x")
    assert says.rsplit(": ", maxsplit=1)[-1] in junit_xml(made)
    assert f"exit {verdict.exit_code}" in summary(made, "x")


def test_a_fault_that_is_still_on_is_not_called_out() -> None:
    stuck = Verdict("tale", "r", (), ending=Ending(not_mended=("x",)))
    assert "A FAULT IS STILL ON" in summary(document(stuck), "x")
    asked = summary(document(Verdict("tale", "r", (), ending=Ending(not_mended=("x",), interrupted=130))), "x")
    assert "exit 7" in asked
    assert "130" not in asked
    killed = verdict_doc(Verdict("tale", "r", ()), journal().cut(15.0), rows(), {"slow/late": Late()})
    assert "not known whether every fault is out" in summary(killed, "x")


def test_the_result_line_is_one_line_of_json() -> None:
    line = result_line(document(), "runs/tale/x")
    assert "\n" not in line
    assert json.loads(line)["type"] == "result"
    assert json.loads(line)["exit_code"] == 1


def undecided(number: int, reason: str, because: str) -> Judged:
    return Judged(f"slow/{number}", "t", "slow", "x.yaml:1", inconclusive(because, reason=reason, decide="a look"))


def test_what_a_run_never_got_to_is_one_line_and_not_one_for_each_claim() -> None:
    never = [undecided(n, "not_begun", f"phase {'ab'[n % 2]} never came") for n in range(7)]
    said = summary(document(Verdict("tale", "r", (*never, *FINDINGS), ending=Ending(gate=True))), "x")
    assert "? 7 expectations (slow 7): the run did not get that far" in said
    assert "never came" not in said
    assert "? run/blind" in said, "what stands alone is told alone"
    few = summary(document(Verdict("tale", "r", tuple(never[:2]))), "x")
    assert few.count("never came") == 2


def test_claims_that_say_the_same_are_told_once_with_what_would_decide_them() -> None:
    same = [undecided(n, "window_open", "the window was not over at 57.0 s") for n in range(3)]
    said = summary(document(Verdict("tale", "r", (*same, undecided(4, "window_open", "another")))), "x")
    assert said.count("the window was not over") == 1
    assert said.count("would be decided by: a look") == 2
    assert "? slow/4" in said


def test_why_a_run_is_invalid_stands_once_above_the_findings() -> None:
    why = "fewer than 99% (p99; limit 50 ms)"
    said = summary(
        document(
            Verdict(
                "tale",
                "r",
                (undecided(1, "invalid_run", f"the run is invalid ({why}); in it: 2% of 9"),),
                invalid=(why,),
            )
        ),
        "x",
    )
    assert said.count(why) == 1
    assert "the run is invalid; in it: 2% of 9" in said


def test_faults_and_phases_have_the_seconds_of_the_live_lines() -> None:
    said = summary(document(), "x")
    assert "slow/late  10.0–19.9 s  landed" in said
    assert any(line.split()[:3] == ["slow", "10.0–20.0", "s"] for line in said.splitlines())


def test_the_words_of_a_service_that_did_not_start_keep_their_lines() -> None:
    refused = Ending(refused="web ended with 1; its last lines:\n  Traceback\n  \x1b[2Jboom")
    lines = summary(document(Verdict("tale", "r", (), ending=refused)), "x").splitlines()
    assert lines[1] == "  ! refused: web ended with 1; its last lines:"
    assert lines[3].endswith("�[2Jboom")
