"""`drill init --part KIND NAME`: a part of the user's own to begin with, which works as it is."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import UsageError

KINDS = ("fault", "expectation", "probe", "check", "report")
_HEAD = '''"""Parts of our own; docs/parts.md tells what each must do."""

from __future__ import annotations

'''
_BODIES = {
    "fault": '''from typing import ClassVar

from pydantic import Field

from harness.faults.latency import Latency
from harness.parts import Parts
from harness.quantities import Milliseconds


class CLASS(Latency):
    """
    A dependency answers half a second late. (Say what yours is.)

        faults:
          - WORD: {edge: api->postgres}
    """

    word: ClassVar[str] = "WORD"

    delay_ms: Milliseconds = Field(default=500.0, alias="delay", gt=0, description="how much later")


PARTS = Parts(faults=(CLASS,))
''',
    "expectation": '''from typing import ClassVar

from pydantic import Field

from harness.expectations.base import Evidence, Expectation
from harness.expectations.requests import stretch
from harness.parts import Parts
from harness.verdict import Finding, failed, inconclusive, passed


class CLASS(Expectation):
    """
    So many requests were answered well. (Say what yours claims.)

        expect:
          - WORD: {at_least: 100}
    """

    word: ClassVar[str] = "WORD"

    at_least: int = Field(gt=0, description="good answers")
    request: str = Field(default="", description="a request's name; all when left out")

    def check(self, evidence: Evidence) -> Finding:
        found = stretch(evidence, self.request)
        if isinstance(found, Finding):  # nothing to judge by: inconclusive, and why
            return found
        _, requests = found
        good = requests.counts.get("ok", 0)
        said = f"{good} of {requests.n} requests were answered well (at least {self.at_least})"
        if good >= self.at_least:
            return passed(said)
        if good + requests.waiting >= self.at_least:
            return inconclusive(f"{said}, {requests.waiting} wait", decide="their answers")
        return failed(said)


PARTS = Parts(expectations=(CLASS,))
''',
    "probe": '''from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.facts import Fact, Looked, Measured
from harness.parts import Parts
from harness.world.handles import World


@dataclass(eq=False)
class CLASS:
    """How many processes wanted this machine's processors. (Say what yours looks at.)"""

    name: str = "WORD"
    every_s: float = 1.0  # between two looks
    gap_s: float = 5.0  # looks further apart than this do not count as watching
    lag_s: float = 0.0  # how late its facts may come

    def look(self, world: World) -> Sequence[Fact]:
        value = float(Path("/proc/loadavg").read_text().split()[0])
        return Measured(probe=self.name, what="load average", value=value), Looked(probe=self.name)


PARTS = Parts(probes=(CLASS,))
''',
    "check": '''import os
from dataclasses import dataclass

from harness.doctor.seen import Say, Seen
from harness.parts import Parts


@dataclass(frozen=True)
class CLASS:
    """HOME is set. (Say what yours looks at.)"""

    name: str = "WORD"
    needs: tuple[str, ...] = ()

    def look(self) -> Seen:
        if os.environ.get("HOME"):
            return Seen(self.name, "ok", "HOME is set")
        return Seen(self.name, "missing", "HOME is not set", "export HOME=~")

    def fix(self, say: Say) -> None:
        """What `drill doctor --fix` does about it: nothing."""


PARTS = Parts(checks=(CLASS(),))
''',
    "report": '''from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.parts import Parts


@dataclass(frozen=True)
class CLASS:
    """A line for each expectation. (Say what yours tells.)"""

    name: str = "WORD"

    def text(self, document: Mapping[str, Any]) -> str:
        lines = (f"{one['id']}: {one['outcome']}" for one in document["findings"])
        return "\\n".join((f"{document['drill']} {document['run']}: {document['verdict']}", *lines)) + "\\n"


PARTS = Parts(reports=(CLASS(),))
''',
}


def template(kind: str, word: str) -> str:
    """The file's text. Raises UsageError for a name that no part can have."""
    wanted = r"[a-z][a-z0-9]*" if kind == "report" else r"[a-z][a-z0-9_]*"
    if not re.fullmatch(wanted, word):
        may = "small letters and digits" if kind == "report" else "small letters, digits and _, such as slow_start"
        raise UsageError(f"--part {kind}: write its name behind it, in {may}; not {word!r}")
    name = "".join(part.capitalize() for part in word.split("_"))
    return (_HEAD + _BODIES[kind]).replace("CLASS", name).replace("WORD", word)


def write(kind: str, word: str, folder: Path, *, force: bool = False) -> tuple[Path, str]:
    """The file that was written, and what is left to do. Raises UsageError where one is there, or cannot be written."""
    text = template(kind, word)
    path = folder / f"{word}_part.py"
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path.name} is there; --force overwrites it") from None
    except OSError as error:
        raise UsageError(f"{path.name} cannot be written: {error.strerror or error}") from None
    return path, f'name it in pyproject.toml: [tool.drill] parts = ["{path.name}"]; then: drill list --parts'
