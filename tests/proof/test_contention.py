"""Contention: each contest among many people ends as it has to, over a real database."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bottega.bootstrap.background import catch_up
from bottega.bootstrap.invariants import check_invariants
from bottega.proof.contention import CONTESTS, COUPON_USES, PLENTY, Crowd
from bottega.proof.stand import set_up
from tests.shop_fixtures import Shop

PEOPLE = 20


@dataclass
class Contested:
    """A crowd, and the shop it stands in."""

    crowd: Crowd
    shop: Shop


@pytest_asyncio.fixture
async def contested(shop: Shop) -> AsyncGenerator[Contested]:
    stand = await set_up(shop.application, units=PLENTY, coupon_uses=COUPON_USES)
    yield Contested(Crowd(shop.application, stand, shop.client, PEOPLE), shop)


@pytest.mark.parametrize("name", CONTESTS)
async def test_a_contest_ends_as_it_has_to(contested: Contested, name: str) -> None:
    assert await CONTESTS[name](contested.crowd) == []
    await catch_up(contested.shop.application)
    assert [found for found in await check_invariants(contested.shop.application.database) if found.violations] == []
