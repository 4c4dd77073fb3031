"""Where a Prometheus reads targets from files (file_sd), so that a run can place one of its own. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

NAMES = ("drill.json", "drill.yml", "drill.yaml")


def target_place(text: str, config_path: str, folder: str = "") -> str:
    """The path, as Prometheus sees it, of a new file that it would read; '' where its configuration has no such folder.

    folder   as the drill states it; else the first pattern of file_sd_configs
    """
    if folder:
        return str(PurePosixPath(folder) / NAMES[0])
    for pattern in _patterns(text):
        path = PurePosixPath(config_path).parent / pattern
        name = next((name for name in NAMES if fnmatchcase(name, path.name)), "")
        if name and "*" in path.name and "*" not in str(path.parent):
            return str(path.parent / name)
    return ""


def _patterns(text: str) -> list[str]:
    import yaml

    try:
        data: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    jobs = data.get("scrape_configs") if isinstance(data, dict) else None
    return [
        str(pattern)
        for job in jobs or ()
        if isinstance(job, dict)
        for source in job.get("file_sd_configs") or ()
        if isinstance(source, dict)
        for pattern in source.get("files") or ()
    ]
