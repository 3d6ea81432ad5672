"""Synonyms and pinned products: what staff set counts from the next search on, and can be taken back."""

import pytest

from bottega.actions.action import Action
from bottega.actions.outcome import Denied
from bottega.actions.undo import UndoEntry
from bottega.kernel.errors import Conflict, Invalid, NotFound, Refusal
from bottega.shop.catalogue.actions import ArchiveProduct, PinResults, RemoveSynonyms, SetSynonyms, UnpinResults
from bottega.shop.catalogue.actions import tuning as tuning_actions
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.tuning import list_pins, list_synonyms
from tests.gateway.test_statements import statements_of
from tests.shop.catalogue.products_fixture import index, last_change, simple, stocked
from tests.shop.catalogue.searching import found, handles
from tests.shop_fixtures import SUPPORT, Shop

SEATS = (
    simple("red-sofa", 50_000, title="Red sofa for three"),
    simple("blue-sofa", 90_000, title="Blue sofa"),
    simple("green-lamp", 4_000, title="Green lamp beside a sofa"),
    simple("oak-table", 20_000, title="Oak table"),
)


async def test_synonyms_lead_both_ways_from_the_next_search_on(shop: Shop) -> None:
    await stocked(shop, *SEATS)
    assert handles(await found(shop, "couches")) == []
    await shop.done(SetSynonyms(phrase="couch", means=("sofa", "settee")))
    assert set(handles(await found(shop, "couches"))) == {"red-sofa", "blue-sofa", "green-lamp"}
    assert set(handles(await found(shop, "settee in red"))) >= {"red-sofa"}
    page = await found(shop, "couch", explain=True)
    assert page.explanations is not None
    assert (page.explanations[0].words, page.corrections) == (("couch",), ())


async def test_a_one_way_synonym_leads_from_its_phrase_alone(shop: Shop) -> None:
    await stocked(shop, *SEATS, simple("stand", title="Dining furniture stand"))
    await shop.done(SetSynonyms(phrase="dining furniture", means=("table",), both_ways=False))
    assert set(handles(await found(shop, "dining furniture"))) == {"stand", "oak-table"}
    assert handles(await found(shop, "table")) == ["oak-table"]


async def test_a_word_with_synonyms_is_no_slip_of_another(shop: Shop) -> None:
    await stocked(shop, *SEATS, simple("lamb", title="Lamb wool throw"), simple("lamb-two", title="Lamb wool scarf"))
    assert [one.read for one in (await found(shop, "lambo")).corrections] == ["lamb"]
    await shop.done(SetSynonyms(phrase="lambo", means=("oak table",)))
    page = await found(shop, "lambo")
    assert (handles(page), page.corrections) == (["oak-table"], ())


async def test_setting_replaces_and_removing_ends_it(shop: Shop) -> None:
    await stocked(shop, *SEATS)
    first = await shop.done(SetSynonyms(phrase="Couch", means=("sofa",)))
    again = await shop.done(SetSynonyms(phrase="couches", means=("table",)))
    assert again["synonyms_id"] == first["synonyms_id"]
    assert handles(await found(shop, "couch")) == ["oak-table"]
    async with shop.application.database.read() as connection:
        (kept,) = await list_synonyms(connection)
    assert (kept.phrase, kept.means, kept.both_ways) == ("couches", ["table"], True)
    await shop.done(RemoveSynonyms(synonyms_id=kept.id))
    assert handles(await found(shop, "couch")) == []
    with pytest.raises(NotFound):
        await shop.done(RemoveSynonyms(synonyms_id=kept.id))


async def test_pinned_products_come_first_in_their_order_and_are_explained(shop: Shop) -> None:
    _, blue, lamp, table = await stocked(shop, *SEATS)
    assert handles(await found(shop, "sofa"))[0] != "oak-table"
    await shop.done(PinResults(query="Sofas", product_ids=(table, lamp, table)))
    page = await found(shop, "sofa", explain=True)
    assert handles(page)[:2] == ["oak-table", "green-lamp"]
    assert sorted(handles(page)[2:]) == ["blue-sofa", "red-sofa"]
    assert page.total == 4
    assert page.explanations is not None
    assert [one.pinned for one in page.explanations] == [True, True, False, False]
    assert handles(await found(shop, "blue sofa"))[0] == "blue-sofa"
    assert page.product_ids.index(blue) >= 2


async def test_pins_hold_within_filters_and_what_a_sentence_asks_for(shop: Shop) -> None:
    _, _, lamp, table = await stocked(shop, *SEATS)
    await shop.done(PinResults(query="sofa", product_ids=(table, lamp)))
    assert handles(await found(shop, "sofa under 100 euro")) == ["green-lamp"]
    assert handles(await found(shop, "sofa", Filters("EUR", maximum_minor=5_000))) == ["green-lamp"]
    assert handles(await found(shop, "sofa", sort="price")) == ["green-lamp", "red-sofa", "blue-sofa"]
    await shop.done(ArchiveProduct(product_id=table))
    await index(shop)
    assert handles(await found(shop, "sofa"))[0] == "green-lamp"


async def test_pinned_products_stand_once_across_pages(shop: Shop) -> None:
    ids = await stocked(shop, *(simple(f"boot-{number}") for number in range(9)))
    await shop.done(PinResults(query="boot", product_ids=(ids[7], ids[3])))
    seen: list[str] = []
    after = ""
    while True:
        page = await found(shop, "boot", limit=4, after=after)
        seen += page.product_ids
        if page.next_position is None:
            break
        after = page.next_position
    assert (seen[:2], len(seen), set(seen)) == ([ids[7], ids[3]], 9, set(ids))


async def test_tuning_is_undone_like_any_change(shop: Shop) -> None:
    ids = await stocked(shop, *SEATS)
    await shop.done(PinResults(query="sofa", product_ids=(ids[3],)))
    pin_id = await shop.fetchval("SELECT id FROM shop.search_pins")
    await shop.done(UnpinResults(pin_id=pin_id))
    assert "oak-table" not in handles(await found(shop, "sofa"))
    entry = await shop.fetchval("SELECT id FROM log.entries WHERE action = 'UnpinResults'")
    await shop.done(UndoEntry(entry_id=entry))
    assert handles(await found(shop, "sofa"))[0] == "oak-table"
    async with shop.application.database.read() as connection:
        (pin,) = await list_pins(connection)
    assert [(one.handle, one.status) for one in pin.products] == [("oak-table", "published")]


async def test_what_cannot_be_set_is_refused_and_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    (product_id, *_) = await stocked(shop, *SEATS)
    await shop.done(SetSynonyms(phrase="sofa", means=("couch",)))
    await shop.done(PinResults(query="sofa", product_ids=(product_id,)))
    before = await last_change(shop)
    refused: list[tuple[Action, type[Refusal], str]] = [
        (SetSynonyms(phrase="!?", means=("sofa",)), Invalid, "no_words"),
        (SetSynonyms(phrase="one two three four five", means=("sofa",)), Invalid, "no_words"),
        (SetSynonyms(phrase="sofa", means=("Sofas",)), Invalid, "synonym_of_itself"),
        (PinResults(query="...", product_ids=(product_id,)), Invalid, "no_words"),
        (PinResults(query="x", product_ids=("prd_00000000000000000000000000",)), NotFound, "no_such_product"),
    ]
    monkeypatch.setattr(tuning_actions, "MOST_SETS", 1)
    monkeypatch.setattr(tuning_actions, "MOST_PINNED_QUERIES", 1)
    refused += [
        (SetSynonyms(phrase="lamp", means=("light",)), Conflict, "too_many_tunings"),
        (PinResults(query="lamp", product_ids=(product_id,)), Conflict, "too_many_tunings"),
    ]
    for action, kind, code in refused:
        with pytest.raises(kind) as refusal:
            await shop.done(action)
        assert refusal.value.code == code
    assert isinstance(await shop.perform(SetSynonyms(phrase="lamp", means=("light",)), by=SUPPORT), Denied)
    assert await last_change(shop) == before
    await shop.done(SetSynonyms(phrase="sofa", means=("settee",)))


async def test_tuning_costs_a_search_one_statement_and_pins_one_more(shop: Shop) -> None:
    ids = await stocked(shop, *SEATS)
    await found(shop, "table")
    await found(shop, "oak")

    async def searched() -> list[str]:
        async with statements_of(shop) as seen:
            await found(shop, "table")
        return seen

    untuned = await searched()
    assert sum("shop.search_synonyms" in text for text in untuned) == 1
    await shop.done(SetSynonyms(phrase="table", means=("desk",)))
    assert len(await searched()) == len(untuned)
    await shop.done(PinResults(query="table", product_ids=(ids[0],)))
    assert len(await searched()) == len(untuned) + 1
