"""The order books in verdict.json: counts, every key of each class, the first thousand with their attempts, laws with both sides."""

from __future__ import annotations

import dataclasses
from typing import Any

from harness.journal import Journal
from harness.landings import hurts
from harness.ledger import Rows
from harness.orders.audit import Class
from harness.orders.operations import ACKNOWLEDGED, REFUSED, UNKNOWN
from harness.orders.review import Review, Reviews
from harness.orders.sums import Sums
from harness.orders.told import Entry, Teller

TOLD_OF = 1000
"""Of each class, so many entries with their attempts; keys all of them."""


def orders_doc(reviews: Reviews, journal: Journal, rows: Rows) -> list[dict[str, Any]]:
    """A list, in the file's order; [] for a drill without order books."""
    return [_book(found, journal, rows) for name in reviews.names if (found := reviews.of(name)) is not None]


def _book(review: Review, journal: Journal, rows: Rows) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": review.name,
        "request": review.declared.request,
        "open": None if review.open is None else {"reason": review.open.reason, "why": review.open.why},
        "settled": None
        if review.settled is None
        else {"quiet": review.settled.quiet, "waited_s": review.settled.waited_s, "detail": review.settled.detail},
        "cites": list(review.cites),
        "sources": [_source(review, name) for name in review.declared.sources],
        "operations": None,
        "classes": [],
        "laws": [],
    }
    audit = review.audit
    if audit is not None:
        teller = Teller(audit, journal, rows, hurts(journal))
        made["operations"] = {
            "acknowledged": audit.number(ACKNOWLEDGED),
            "unknown": audit.number(UNKNOWN),
            "refused": audit.number(REFUSED),
            "recovered": audit.recovered,
            "without_key": audit.operations.unkeyed,
        }
        undone = (review.undone,) if len(review.undone) else ()
        known = [one for one in audit.classes.values() if len(one) or not undone or one.reason != undone[0].reason]
        made["classes"] = [_class(one, teller) for one in (*known, *undone)]
        made["laws"] = [_law(one, teller) for one in review.sums]
    return made


def _source(review: Review, name: str) -> dict[str, Any]:
    unread = review.unread.get(name)
    held = review.audit.held.get(name) if review.audit is not None else None
    return {
        "name": name,
        "role": review.declared.sources[name],
        "rows": review.rows.get(name),
        "new": None if held is None else int(held.new.sum()),
        "unread": None if unread is None else {"reason": unread.reason, "why": unread.why},
    }


def _class(found: Class, teller: Teller) -> dict[str, Any]:
    entries = teller.entries(found.operations, found.strangers, TOLD_OF)
    return {
        "class": found.reason,
        "count": len(found),
        "doubt": found.doubt if len(found) else 0,
        "why": found.why if found.doubt and len(found) else "",
        "unread": list(found.unread),
        "common": teller.common(found.operations),
        "keys": teller.keys(found.operations, found.strangers),
        "entries": [_entry(entry) for entry in entries],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "id": entry.id,
        "told": entry.told,
        "found": dict(entry.found),
        "attempts": [dataclasses.asdict(attempt) for attempt in entry.attempts],
    }


def _law(found: Sums, teller: Teller) -> dict[str, Any]:
    keys = [] if found.operations is None else teller.keys(found.operations, found.strangers)
    left, right = found.sides if found.sides is not None else (None, None)
    return {
        "law": str(found.law),
        "holds": found.holds,
        "left": left,
        "right": right,
        "terms": [{"name": name, "value": value} for name, value in found.terms],
        "reason": found.reason,
        "why": found.why,
        "keys": keys,
    }
