"""What the error of a client that is not HTTP's says: gRPC's by its code, those of databases, queues and sockets by the name of
their class, which each library chooses alike.

Pure; no such library is imported.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from functools import lru_cache
from typing import cast

from harness.ledger.layout import CONN, TIMEOUT, WRONG

_CODES = {"UNAVAILABLE": CONN, "DEADLINE_EXCEEDED": TIMEOUT}
_UNTOLD_CODES = ("CANCELLED", "UNKNOWN", "INTERNAL")  # the client itself says these too, of what it never sent or heard
_TIMEOUT = re.compile(r"Timeout|TimedOut|DeadlineExceeded")
_CONN = re.compile(
    r"Connection\w*(?:Closed|Lost|Reset|Refused|Aborted|Failed|Error)|Connect(?:or)?Error|Disconnect|AutoReconnect|"
    r"OperationalError|InterfaceError|NoBrokers|StreamLost|AddressException"
)
_ANSWERED = re.compile(r"Assertion|Fault$")  # the locustfile looked at an answer; XML-RPC's and SOAP's own errors


def said_by(error: BaseException) -> int:
    """TIMEOUT or CONN; WRONG where it says that the service answered; 0 where it does not say."""
    code = getattr(error, "code", None)
    if callable(code):
        try:
            name = str(code()).rpartition(".")[2]
        except Exception:  # whatever else a class calls code()
            name = ""
        if name.isupper() and name not in _UNTOLD_CODES:
            return _CODES.get(name, WRONG)
    return _said_by_class(cast("Hashable", type(error)))


@lru_cache(maxsize=1024)
def _said_by_class(kind: type) -> int:
    names = [base.__name__ for base in kind.__mro__]
    for outcome, pattern in ((TIMEOUT, _TIMEOUT), (CONN, _CONN), (WRONG, _ANSWERED)):
        if any(pattern.search(name) for name in names):
            return outcome
    return 0
