"""What of a drill is judged by its text: masked in the run's folder it would be judged otherwise than it was written."""

from __future__ import annotations

from collections.abc import Iterator

from harness.drill.document import Document, Path_
from harness.drill.problem import Problem
from harness.faults import FAULTS
from harness.secret_names import holds_secret

_OURS = {fault.word for fault in FAULTS}


def is_judged(path: Path_) -> bool:
    """Whether a value stands in an expectation, or in a fault of the user's own: its words mean what their author says (`cache_key`).
    A secret comes in there by a variable of its name."""
    if path[:1] == ("expect",) or (path[:1] == ("phases",) and path[2:3] in (("expect",), ("then",))):
        return True
    return path[:1] == ("phases",) and path[2:3] == ("faults",) and len(path) > 4 and path[4] not in _OURS


def masked_there(document: Document) -> Iterator[Problem]:
    """A warning for each expectation that a secret is put into."""
    for path, put_in in document.used.items():
        for name in dict.fromkeys(name for name, value in put_in if value and holds_secret(name, value)):
            if is_judged(path):
                what = (
                    f"${{{name}}} is called like a secret, so it is masked in the run's folder, and this is judged with *** in its "
                    "place; if it is none, give it another name"
                )
                yield document.warning(path, what)
