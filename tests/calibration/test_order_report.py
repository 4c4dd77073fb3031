"""What the reports tell of an order book: keys, what they share, each attempt, both sides of a law; nothing where all is well."""

from __future__ import annotations

import re
from pathlib import Path

from calibration.shop import Ways, played
from calibration.shop_folder import write
from harness.judging import judge_folder, report_page
from harness.report.markdown import markdown
from harness.report.order_book import SHOWN, order_books


def test_a_shop_that_charges_twice_is_told_with_its_keys_and_their_requests(tmp_path: Path) -> None:
    shop = played(1, Ways(proxy_retries_charges=True))
    judgement = judge_folder(write(shop, tmp_path / "run"))
    (book,) = order_books(judgement.story)
    (line,) = book.wrong
    assert (line.name, line.count) == ("duplicated", len(shop.wrong))
    assert set(line.keys) <= set(shop.wrong)
    assert len(line.keys) == min(SHOWN, len(shop.wrong))
    assert {source[0]: source[2] for source in book.sources}["stock"] == "1"
    name, where, attempts = line.entries[0]
    assert name == line.keys[0]
    assert re.fullmatch(r"id o\d+, told (ok|unknown), 1 in orders, 2 in charges", where)
    assert re.match(r"drill-0badcafe-0-\d+: sent at \d+\.\d{3} s, (ok|conn) at ", attempts[0])
    assert [law.state for law in book.laws] == ["is broken", "holds"]
    assert book.laws[0].note.startswith("off at key-1-")
    text, page = markdown(judgement.story), report_page(judgement.story)
    assert f"| duplicated | {line.count} | `{line.keys[0]}`" in text
    assert '<section id="orders"' in page
    assert f"<code>{line.keys[0]}</code>" in page
    assert attempts[0] in page


def test_every_key_is_in_the_document_and_the_same_bytes_come_again(tmp_path: Path) -> None:
    folder = write(played(2, Ways(acks_before_commit=True)), tmp_path / "run")
    first, second = (judge_folder(folder).document for _ in range(2))
    assert first == second
    (book,) = first["orders"]
    lost = next(one for one in book["classes"] if one["class"] == "lost")
    assert lost["count"] == len(lost["keys"]) == len(lost["entries"]) == len(set(lost["keys"]))
    assert book["operations"]["acknowledged"] > lost["count"]
