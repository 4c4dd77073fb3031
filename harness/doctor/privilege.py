"""Whether this process may set the machine up: root on Linux with apt."""

from __future__ import annotations

import os
import shutil
import sys

from harness.doctor.debian import Distribution


def may_install(system: Distribution) -> bool:
    """Whether `--fix` may install packages here; where not, it prints the commands."""
    return sys.platform == "linux" and os.geteuid() == 0 and system.installable and shutil.which("apt-get") is not None
