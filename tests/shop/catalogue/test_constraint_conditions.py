"""Constraints as SQL: true of one variant that can be bought, and named with it; what is learnt is what they mean."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest

from bottega.retrieval.short_memory import ShortMemory
from bottega.shop.catalogue import constraint_index, single_variants, vocabulary_store
from bottega.shop.catalogue.actions.variants import ChangeVariant
from bottega.shop.catalogue.constraint_conditions import conditions_of, matching_variants
from bottega.shop.catalogue.listing import Conditions
from bottega.shop.catalogue.signs import ONE_VARIANT
from bottega.shop.catalogue.understanding.model import (
    AvailabilityIs,
    BrandIs,
    CategoryIs,
    Constraint,
    FlagIs,
    NumberBound,
    NumberRange,
    OtherThan,
    PriceBound,
    RatingBound,
    Stated,
    TraitIs,
)
from bottega.shop.catalogue.understanding.vocabulary import Vocabulary
from bottega.shop.prices.actions import SetPrice, SetSalePrice
from bottega.shop.reviews.actions import ImportReviews, ReviewRecord
from bottega.shop.stock.actions import AdjustStock
from tests.shop.catalogue.products_fixture import index, simple, stocked
from tests.shop_fixtures import Shop

SAID = Stated("key", "label", "said")


def shirt(handle: str, *variants: tuple[str, str, int, int], **changes: Any) -> dict[str, Any]:
    """A product whose variants are size, colour, price in minor units and units in stock."""
    return {
        "handle": handle,
        "title": handle.replace("-", " ").capitalize(),
        "brand": "Corvado",
        "category": "clothing/shirts",
        "option_names": ["size", "colour"],
        "variants": [
            {
                "sku": f"{handle}-{size}-{colour}".replace(" ", ""),
                "option_values": {"size": size, "colour": colour},
                "weight_grams": 100 + price // 100,
                "prices": {"EUR": price},
                "stock": {"main": units},
            }
            for size, colour, price, units in variants
        ],
        **changes,
    }


async def found(shop: Shop, *constraints: Constraint) -> list[str]:
    """The handles of what meets the constraints, in alphabetical order, whichever way it is looked for."""
    answers: list[list[str]] = []
    for mostly_single in (False, True):
        conditions = Conditions()
        conditions.texts.append(f"p.currency = {conditions.parameter('EUR')}")
        conditions_of(constraints, "EUR", conditions, mostly_single=mostly_single)
        statement = f"SELECT p.handle FROM search.products p WHERE {conditions} ORDER BY 1"
        answers.append([row["handle"] for row in await shop.fetch(statement, *conditions.values)])
    assert answers[0] == answers[1]
    return answers[0]


async def named(shop: Shop, *constraints: Constraint) -> list[tuple[str, int, bool]]:
    """SKU, price and stock of every variant that is named."""
    ids = [row["id"] for row in await shop.fetch("SELECT id FROM shop.products ORDER BY handle")]
    async with shop.application.database.read() as connection:
        told = await matching_variants(connection, ids, constraints, "EUR", shop.application.clock.now())
    return [(one.sku, one.price_minor, one.in_stock) for variants in told.values() for one in variants]


def colour(*names: str) -> TraitIs:
    return TraitIs(SAID, tuple(f"colour:{name}" for name in names))


def size(*names: str) -> TraitIs:
    return TraitIs(SAID, tuple(f"size:{name}" for name in names))


def at_most(minor: int) -> PriceBound:
    return PriceBound(SAID, most_minor=minor)


async def test_size_colour_and_price_hold_of_one_and_the_same_variant(shop: Shop) -> None:
    await stocked(
        shop,
        shirt("linen-shirt", ("M", "blue", 12_000, 5), ("L", "blue", 8_000, 5), ("M", "red", 8_000, 5)),
        shirt("cotton-shirt", ("M", "blue", 9_000, 5), ("L", "red", 7_000, 5)),
    )
    await index(shop)
    assert await found(shop, size("m"), colour("blue"), at_most(10_000)) == ["cotton-shirt"]
    assert await named(shop, size("m"), colour("blue"), at_most(10_000)) == [("cotton-shirt-M-blue", 9_000, True)]
    assert await found(shop, at_most(10_000)) == ["cotton-shirt", "linen-shirt"]
    assert await named(shop, at_most(10_000)) == []


async def test_a_variant_that_is_sold_out_does_not_count_unless_it_is_asked_for(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("M", "blue", 8_000, 0), ("L", "blue", 8_000, 5)))
    await index(shop)
    assert await found(shop, size("m")) == []
    assert await found(shop, size("l")) == ["linen-shirt"]
    assert await found(shop, size("m"), AvailabilityIs(SAID, "in_stock")) == []


async def test_a_least_price_and_a_negated_colour_need_a_variant_of_their_own(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("M", "black", 12_000, 5), ("M", "blue", 8_000, 5)))
    await index(shop)
    dear = PriceBound(SAID, least_minor=10_000)
    not_black = TraitIs(SAID, ("colour:black", "tint:black"), negated=True)
    assert await found(shop, dear) == ["linen-shirt"]
    assert await found(shop, not_black) == ["linen-shirt"]
    assert await found(shop, dear, not_black) == []


async def test_products_with_one_variant_or_several_meet_just_what_a_variant_of_theirs_meets(shop: Shop) -> None:
    """Held against what the shop's own tables say of every variant, which is read another way."""
    await stocked(
        shop,
        shirt("one-blue", ("M", "blue", 8_000, 5)),
        shirt("one-dear", ("M", "blue", 12_000, 5)),
        shirt("one-red", ("L", "red", 8_000, 5)),
        shirt("one-gone", ("M", "blue", 8_000, 0)),
        shirt("two", ("M", "blue", 12_000, 0), ("L", "red", 8_000, 5)),
        shirt("two-sizes", ("M", "blue", 8_000, 5), ("L", "blue", 12_000, 5)),
        shirt("one-left", ("M", "red", 8_000, 5), ("L", "blue", 8_000, 5)),
    )
    (left,) = [row["id"] for row in await shop.fetch("SELECT id FROM shop.variants WHERE sku = 'one-left-M-red'")]
    await index(shop)
    await shop.done(ChangeVariant(variant_id=left, active=False))
    await index(shop)
    dear, cheap = PriceBound(SAID, least_minor=10_000), at_most(10_000)
    not_blue = TraitIs(SAID, ("colour:blue", "tint:blue"), negated=True)
    asked: list[Constraint] = [size("m"), colour("blue"), colour("red"), not_blue, dear, cheap]
    for constraints in (some for number in (1, 2, 3) for some in combinations(asked, number)):
        if constraints == (cheap,):
            continue
        bought = {sku.rsplit("-", 2)[0] for sku, _, in_stock in await named(shop, *constraints) if in_stock}
        assert await found(shop, *constraints) == sorted(bought), constraints
    async with shop.application.database.read() as connection:
        assert not await single_variants.are_most(connection)
    alone = "SELECT p.handle FROM search.products p WHERE p.signs @> $1 ORDER BY 1"
    ones = [row["handle"] for row in await shop.fetch(alone, [ONE_VARIANT])]
    assert ones == ["one-blue", "one-dear", "one-gone", "one-left", "one-red"]


async def test_whether_most_have_one_variant_is_known_once_the_catalogue_is_analysed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked(shop, *(shirt(f"one-{place}", ("M", "blue", 8_000, 5)) for place in range(9)))
    await stocked(shop, shirt("two", ("M", "blue", 8_000, 5), ("L", "red", 8_000, 5)))
    await index(shop)

    async def are_most() -> bool:
        monkeypatch.setattr(single_variants, "_shares", ShortMemory[float](seconds=60.0, most=1))
        async with shop.application.database.read() as connection:
            return await single_variants.are_most(connection)

    await shop.execute("ANALYZE search.products")
    assert await are_most()
    monkeypatch.setattr(single_variants, "LEAST_SHARE", 0.91)
    assert not await are_most()


async def test_a_variant_that_comes_on_sale_is_found_by_what_it_is(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("M", "blue", 8_000, 5), ("L", "red", 8_000, 5)))
    (red,) = [row["id"] for row in await shop.fetch("SELECT id FROM shop.variants WHERE sku = 'linen-shirt-L-red'")]
    await shop.done(ChangeVariant(variant_id=red, active=False))
    await index(shop)
    assert await found(shop, colour("red")) == []
    await shop.done(ChangeVariant(variant_id=red, active=True, weight_grams=900))
    await index(shop)
    assert await found(shop, colour("red")) == ["linen-shirt"]
    heavy = NumberBound(SAID, (NumberRange("weight", least=800, most=None, unit=None),))
    assert await found(shop, colour("red"), heavy) == ["linen-shirt"]
    assert await found(shop, colour("blue"), heavy) == []


async def test_the_price_is_that_of_a_sale_and_of_the_instant(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("M", "blue", 12_000, 5)))
    (variant_id,) = [row["id"] for row in await shop.fetch("SELECT id FROM shop.variants")]
    await shop.done(SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=6_000))
    await index(shop)
    assert await found(shop, size("m"), at_most(7_000)) == ["linen-shirt"]
    assert await found(shop, AvailabilityIs(SAID, "on_sale"), size("m")) == ["linen-shirt"]
    assert await named(shop, size("m"), at_most(7_000)) == [("linen-shirt-M-blue", 6_000, True)]
    await shop.done(SetPrice(variant_id=variant_id, currency="EUR", amount_minor=5_000))
    await index(shop)
    assert await found(shop, size("m"), at_most(5_000)) == ["linen-shirt"]


async def test_stock_that_runs_out_is_followed(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("M", "blue", 8_000, 5)))
    await index(shop)
    assert await found(shop, size("m")) == ["linen-shirt"]
    (variant_id,) = [row["id"] for row in await shop.fetch("SELECT id FROM shop.variants")]
    location_id = await shop.fetchval("SELECT id FROM shop.locations")
    await shop.done(AdjustStock(variant_id=variant_id, location_id=location_id, change=-5, reason="Stolen"))
    await index(shop)
    assert await found(shop, size("m")) == []


@pytest.mark.parametrize(
    ("constraints", "handles"),
    [
        ([BrandIs(SAID, ("corvado",))], ["linen-shirt"]),
        ([BrandIs(SAID, ("corvado",), negated=True)], ["usb-hub", "wool-hat"]),
        ([CategoryIs(SAID, ("clothing",))], ["linen-shirt", "wool-hat"]),
        ([CategoryIs(SAID, ("clothing",), not_paths=("clothing/hats",))], ["linen-shirt"]),
        ([CategoryIs(SAID, (), ("end:hat",))], ["wool-hat"]),
        ([CategoryIs(SAID, (), ("w:usb+w:hub",))], ["usb-hub"]),
        ([CategoryIs(SAID, (), ("w:usb+w:hat",))], []),
        ([CategoryIs(SAID, ("clothing",), negated=True)], ["usb-hub"]),
        ([TraitIs(SAID, ("material:wool",))], ["wool-hat"]),
        ([TraitIs(SAID, ("v:season=winter",))], ["wool-hat"]),
        ([TraitIs(SAID, (), negated=True, everywhere=("w:hat", "made:wool"))], ["linen-shirt", "usb-hub"]),
        ([FlagIs(SAID, ("is:powered",))], ["usb-hub"]),
        ([FlagIs(SAID, ("not:powered",), none_of=("is:powered",))], []),
        ([FlagIs(SAID, (), none_of=("is:powered",))], ["linen-shirt", "wool-hat"]),
        ([RatingBound(SAID, 4.0)], ["wool-hat"]),
        ([NumberBound(SAID, (NumberRange("ports", 4, None, None),))], ["usb-hub"]),
        ([NumberBound(SAID, (NumberRange("ports", None, 3, None),))], []),
        ([NumberBound(SAID, (NumberRange("cable_length", 0.9, 1.1, "m"),))], ["usb-hub"]),
        ([NumberBound(SAID, (NumberRange("cable_length", 0.9, 1.1, "cm"),))], []),
        ([NumberBound(SAID, (NumberRange("ports", 8, None, None), NumberRange("cable_length", 1, None, "m")))], []),
        ([NumberBound(SAID, (NumberRange("slots", 8, None, None), NumberRange("ports", 4, None, None)))], ["usb-hub"]),
        ([NumberBound(SAID, (NumberRange("weight", None, 200, "g"),))], ["linen-shirt"]),
    ],
)
async def test_every_kind_of_constraint(shop: Shop, constraints: Sequence[Constraint], handles: list[str]) -> None:
    await stocked(
        shop,
        shirt("linen-shirt", ("M", "blue", 8_000, 5), attributes={"material": "linen"}),
        simple("wool-hat", 2_000, category="clothing/hats", attributes={"material": "merino wool", "season": "winter"}),
        simple(
            "usb-hub",
            3_000,
            attributes={"ports": 4, "powered": True, "cable_length": 1},
            description="A hub with a cable of 1 m.",
        ),
    )
    await shop.done(
        ImportReviews(reviews=(ReviewRecord(product_handle="wool-hat", source_id="1", rating=5, text="x"),))
    )
    await index(shop)
    assert await found(shop, *constraints) == handles


async def test_not_the_product_that_was_shown(shop: Shop) -> None:
    first, _ = await stocked(shop, simple("wool-hat"), simple("wool-scarf"))
    await index(shop)
    assert await found(shop, OtherThan(SAID, first)) == ["wool-scarf"]


async def test_what_is_not_published_is_held_against_nothing(shop: Shop) -> None:
    await stocked(shop, shirt("linen-shirt", ("M", "blue", 8_000, 5)))
    await index(shop)
    await shop.execute("UPDATE search.traits SET traits = '{stale}'")
    async with shop.application.database.write() as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM shop.products")]
        await constraint_index.refresh_traits(connection, ids)
    assert await shop.fetchval("SELECT 'w:linen' = ANY (traits) FROM search.traits") is True


async def learnt(shop: Shop) -> Vocabulary:
    async with shop.application.database.write() as connection:
        await vocabulary_store.learn(connection, shop.application.clock.now())
    async with shop.application.database.read() as connection:
        return await vocabulary_store.current(connection)


async def test_the_vocabulary_is_learnt_from_what_is_published(shop: Shop) -> None:
    await stocked(
        shop,
        shirt("linen-shirt", ("M", "light blue", 8_000, 5), ("39-41", "black/white", 9_000, 5)),
        simple("usb-hub", 3_000, brand="Hub & Co", attributes={"ports": 4, "powered": True, "reach_metres": 2}),
        simple("long-cable", 500, attributes={"length_of_cable": 5}, description="5 m long"),
        simple("short-cable", 300, attributes={"length_of_cable": 2}, description="2 m long"),
        simple("middle-cable", 400, attributes={"length_of_cable": 3}, description="3 m long"),
    )
    await index(shop)
    found = await learnt(shop)
    assert found.products == 5
    assert {key: [owner.facet for owner in owners] for key, owners in found.brands.items()} == {
        "corvado": ["corvado"],
        "hub co": ["hub & co"],
        "hubco": ["hub & co"],
        "hub and co": ["hub & co"],
    }
    assert dict(found.colours) == {"light blue": 1, "black": 1, "white": 1, "black+white": 1}
    assert dict(found.sizes) == {"m": 1, "39-41": 1, "39": 1, "40": 1, "41": 1}
    assert found.flags == {"powered": (1, 0)}
    assert found.categories["clothing/shirts"].prices["EUR"][::10] == [8_000, 8_000, 8_000]
    units = {name: figures.unit.name if figures.unit else None for name, figures in found.numbers.items()}
    assert units == {"ports": None, "reach_metres": "m", "length_of_cable": "m", "weight": "g"}
    assert found.numbers["length_of_cable"].values == {2.0: 1, 3.0: 1, 5.0: 1}
    cable = found.kinds["cable"]
    assert (cable.products, cable.prices["EUR"][10]) == (3, 400)


async def test_the_version_changes_with_the_words_alone(shop: Shop) -> None:
    await stocked(shop, simple("wool-hat", brand="Corvado"))
    await index(shop)
    first = await learnt(shop)
    assert (await learnt(shop)).version == first.version
    await stocked(shop, simple("wool-scarf", brand="Skarvind"))
    await index(shop)
    second = await learnt(shop)
    assert (second.version != first.version, sorted(second.brands)) == (True, ["corvado", "skarvind"])


async def test_a_small_catalogue_is_learnt_by_the_reader_itself(shop: Shop) -> None:
    async with shop.application.database.read() as connection:
        assert (await vocabulary_store.current(connection)).products == 0
    await stocked(shop, simple("wool-hat", brand="Corvado"))
    await index(shop)
    async with shop.application.database.read() as connection:
        assert sorted((await vocabulary_store.current(connection)).brands) == ["corvado"]
        assert (await vocabulary_store.due(connection)).changed == 0


async def test_lost_tables_are_made_again_and_filled(shop: Shop) -> None:
    from bottega.shop.catalogue.index_upkeep import look_after

    await stocked(shop, shirt("linen-shirt", ("M", "blue", 8_000, 5)))
    await index(shop)
    await shop.execute("DROP TABLE search.traits, search.offers, search.numbers")
    await look_after(shop.application.database, shop.application.clock)
    assert await found(shop, size("m"), CategoryIs(SAID, ("clothing/shirts",))) == ["linen-shirt"]
