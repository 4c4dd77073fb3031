"""The claims that a drill can make, one file each. A new one is a file, a line here, and a test of the same name."""

from harness.expectations.base import Expectation
from harness.expectations.errors_below import ErrorsBelow
from harness.expectations.log_quiet import LogQuiet
from harness.expectations.log_seen import LogSeen
from harness.expectations.recovers import Recovers
from harness.expectations.responds_within import RespondsWithin
from harness.expectations.stays_up import StaysUp

EXPECTATIONS: tuple[type[Expectation], ...] = (RespondsWithin, ErrorsBelow, Recovers, StaysUp, LogQuiet, LogSeen)
