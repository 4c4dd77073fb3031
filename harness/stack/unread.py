"""Texts that a mounted folder brings along and that are another's: prometheus.yml beside the configuration that Alertmanager reads. Pure.

Only where it is known who reads a file, and nothing of the service's own speaks of it: else it stays, as evidence of what is called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from harness.stack import names as topology
from harness.stack.configfile import ALERTMANAGER, PROMETHEUS
from harness.stack.observed import command_of, flag, servers, surely
from harness.stack.texts import Text

USUAL = {"prometheus": PROMETHEUS, "alertmanager": ALERTMANAGER}


def own_texts(config: topology.Config, read: Mapping[str, Sequence[Text]]) -> dict[str, Sequence[Text]]:
    """The texts of each service, without those that are known to be another server's configuration and not its own."""
    kept = dict(read)
    for what in USUAL:
        able = servers(config, what)
        sure = [name for name in able if surely(config, name, what)]
        theirs = {text.where for name in sure for text in read[name] if text.inside in _read_by(config, name, what)}
        for name in read:
            if name not in able:
                kept[name] = [text for text in kept[name] if text.where not in theirs or _speaks_of(kept[name], text)]
    return kept


def _read_by(config: topology.Config, name: str, what: str) -> Sequence[str]:
    stated = flag(command_of(topology.services(config)[name]), "config.file")
    return (stated,) if stated else USUAL[what]


def _speaks_of(texts: Sequence[Text], file: Text) -> bool:
    """Whether the service may read the file: it is mounted for itself, or an own setting names it or the folder in which it is."""
    path = PurePosixPath(file.inside)
    words = rf"{re.escape(path.name)}(?![\w.-])|(?<![\w./-]){re.escape(str(path.parent))}/?(?![\w./-])"
    return not file.folder or any(text.kind != "file" and re.search(words, text.body) for text in texts)
