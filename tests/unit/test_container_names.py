"""Compose makes a container anew under a name of its own before it takes the old one's place; for us it is one name."""

from __future__ import annotations

import pytest

from harness.world.docker import container_name, in_the_making


@pytest.mark.parametrize("name", ["shop-api-1", "/shop-api-1", "1624df53531b_shop-api-1", "/1624df53531b_shop-api-1"])
def test_a_container_has_one_name_while_it_is_made_anew_and_after(name: str) -> None:
    assert container_name(name) == "shop-api-1"


def test_a_name_of_the_users_own_stays_as_it_is() -> None:
    assert container_name("cafe_api_1") == "cafe_api_1"
    assert container_name("1624df53531b_") == "1624df53531b_"


def test_one_that_has_not_taken_its_place_yet_is_none_of_the_stacks() -> None:
    assert in_the_making("/1624df53531b_shop-api-1", "created")
    assert not in_the_making("/1624df53531b_shop-api-1", "running")
    assert not in_the_making("/shop-api-1", "created")
