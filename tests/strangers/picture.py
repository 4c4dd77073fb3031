"""The first screen of a report, as a browser without a window shows it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

SIZE = "1280,1480"
WITHIN_S = 120.0
MOST_BYTES = 300_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def picture(report: Path, to: Path) -> str:
    """Why there is no picture, or ''."""
    browser = next((found for name in NAMES if (found := shutil.which(name))), None)
    if browser is None:
        return "no Chromium is installed: tools/browser"
    with tempfile.TemporaryDirectory(prefix="drill-chromium-", ignore_cleanup_errors=True) as profile:
        words = [browser, *QUIET, f"--user-data-dir={profile}", f"--window-size={SIZE}", f"--screenshot={to}"]
        try:
            subprocess.run([*words, report.resolve().as_uri()], check=True, capture_output=True, timeout=WITHIN_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            return str(error)
    size = to.stat().st_size
    return f"{to.name} has {size} bytes, more than {MOST_BYTES}" if size > MOST_BYTES else ""
