"""A drill run once in a session of pytest, by `drill run` in a process of its own, and what came of it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.drill.model import Drill
    from harness.journal import Journal

PATIENCE_S = 180.0
"""How long a run that is being ended has to take its faults out and its stack down; the watchdog does it for one that does not."""


@dataclass(frozen=True)
class DrillRun:
    """
    drill      its name
    exit_code  as of `drill run`
    document   what verdict.json holds; {} where there is no verdict
    folder     the run's folder; None where there is none
    error      why there is no verdict; ''
    """

    drill: str
    exit_code: int
    document: Mapping[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether every expectation passed, and nothing else was wrong."""
        return self.exit_code == 0 and bool(self.document)

    @property
    def findings(self) -> dict[str, Mapping[str, Any]]:
        """By expectation, as in verdict.json: outcome, reason, because, …"""
        return {finding["id"]: finding for finding in self.document.get("findings", ())}

    def journal(self) -> Journal:
        """What was done and seen. Raises ValueError where there was no run."""
        from harness.journal import read

        if self.folder is None:
            raise ValueError(f"{self.drill} has no run: {self.error}")
        return read(self.folder)


class Runner:
    """Each drill once in a session, with the session's options."""

    _KEY: pytest.StashKey[Runner] = pytest.StashKey()

    def __init__(self, config: pytest.Config) -> None:
        self._folder = config.invocation_params.dir
        self._options = tuple(config.getoption("--drill-option"))
        self._judge = bool(config.getoption("--drill-judge"))
        self._known: dict[Path, DrillRun] = {}

    @classmethod
    def of(cls, config: pytest.Config) -> Runner:
        return config.stash.setdefault(cls._KEY, cls(config))

    def drill(self, file: Path) -> Drill:
        """The drill of a file as `drill run` will read it, with the options given to that. Raises UsageError."""
        import click

        from harness.cli.inputs import read_drill
        from harness.cli.run import command
        from harness.errors import UsageError

        try:
            given = command.make_context("run", [str(file), *self._options], auto_envvar_prefix="DRILL_RUN").params
        except click.ClickException as error:
            raise UsageError(f"--drill-option: {error.format_message()}") from None
        return read_drill(
            str(file), given["sets"], [self._folder / one for one in given["env_file"]], given["candidates"]
        )

    def result(self, drill: str | Path) -> DrillRun:
        """The run of a drill (a name or a file). Raises UsageError for one that is not there."""
        from harness.drill.project import find_project

        file = (self._folder / find_project(self._folder).find(str(drill))).resolve()
        if file not in self._known:
            self._known[file] = self._judged(file) if self._judge else self._ran(file)
        return self._known[file]

    def _ran(self, file: Path) -> DrillRun:
        from harness.own_process import own_process

        words = own_process("harness", "run", str(file), "--json", "--live", "plain", *self._options)
        process = subprocess.Popen(
            words,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C on the terminal reaches it once, from us: a second one cuts its end short
        )
        try:
            out, _ = process.communicate()
        except BaseException:
            _end(process)
            raise
        return _told(file.stem, out, process.returncode, self._folder)

    def _judged(self, file: Path) -> DrillRun:
        from harness.drill.project import find_project
        from harness.errors import DrillError
        from harness.judging import judge_folder
        from harness.run.folder import find

        try:
            folder = find(find_project(self._folder).runs, file.stem).path
            judgement = judge_folder(folder)
        except DrillError as error:
            return DrillRun(file.stem, error.exit_code, error=str(error))
        return DrillRun(file.stem, judgement.verdict.exit_code, judgement.document, folder)


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.terminate()


def _told(drill: str, out: str, code: int, base: Path) -> DrillRun:
    """From the last line of `drill run --json`."""
    lines: Sequence[str] = out.strip().splitlines()
    try:
        told = json.loads(lines[-1]) if lines else {}
    except ValueError:
        told = {}
    if not isinstance(told, dict) or told.get("type") != "result":
        return DrillRun(drill, code or 6, error=f"drill run ended with {code} and told no result")
    if told.get("verdict") is None:
        return DrillRun(drill, code or int(told.get("exit_code") or 6), error=str(told.get("error") or "no verdict"))
    return DrillRun(drill, code, told, base / told["folder"])
