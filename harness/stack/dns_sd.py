"""Targets that a Prometheus asks the DNS for (dns_sd_configs): it goes by the answer, and never by its hosts file. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.foreign_yaml import load
from harness.stack.texts import Text

KEY = "dns_sd_configs"
ADDRESSES = ("A", "AAAA")
"""Of the records it may ask for, those of a host's name; left out it is SRV, which Docker's DNS has none of."""


def asked_of_dns(text: Text) -> dict[str, int | None]:
    """Each name with the port that is scraped there."""
    if text.kind != "file" or KEY not in text.body:
        return {}
    try:
        data = load(text.body)
    except ValueError:
        return {}
    jobs = data.get("scrape_configs") if isinstance(data, dict) else None
    return {
        str(name).removesuffix("."): source["port"] if isinstance(source.get("port"), int) else None
        for source in _sources(jobs)
        if source.get("type") in ADDRESSES and isinstance(source.get("names"), list)
        for name in source["names"]
    }


def _sources(jobs: Any) -> Iterator[dict[str, Any]]:
    for job in jobs if isinstance(jobs, list) else ():
        sources = job.get(KEY) if isinstance(job, dict) else None
        yield from (one for one in sources or () if isinstance(one, dict)) if isinstance(sources, list) else ()
