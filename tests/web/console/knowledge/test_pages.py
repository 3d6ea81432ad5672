"""Knowledge and memory: taking a document out of use, and forgetting a fact or a person."""

from bottega.kernel.identifiers import new_id
from bottega.runtime.memory import store
from bottega.runtime.memory.model import Fact
from tests.gateway.people import register
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE, Shelf

DOCUMENTS, MEMORY = f"{CONSOLE}/knowledge", f"{CONSOLE}/memory"


async def remembered(shelf: Shelf, *names: str) -> str:
    """A customer of whom something is remembered; their id."""
    person = await register(shelf.shop, f"{new_id('req')}@example.com")
    facts = [Fact(name, HOSTILE, "turn:ses_1.1", "principal", "service", said=f"I said {HOSTILE}") for name in names]
    application = shelf.shop.application
    async with application.database.write() as connection:
        await store.remember(connection, person.customer_id, facts, application.clock.now())
    return person.customer_id


async def facts_of(shelf: Shelf, customer_id: str) -> list[str]:
    rows = await shelf.shop.fetch("SELECT name FROM runtime.memories WHERE customer_id = $1 ORDER BY name", customer_id)
    return [row["name"] for row in rows]


async def test_a_document_is_withdrawn_and_restored(shelf: Shelf, owner: Colleague) -> None:
    listed = await owner.get(DOCUMENTS)
    assert_whole(listed)
    document_id = await shelf.shop.fetchval("SELECT id FROM runtime.documents WHERE path = 'returns.md'")
    page = await owner.get(f"{DOCUMENTS}/{document_id}")
    assert_whole(page)
    assert "Thirty days, no questions." in page.text
    state = "SELECT state FROM runtime.documents WHERE id = $1"
    withdrawn = await owner.submit(page, "#withdraw form", reason="The period is wrong")
    assert "nothing of it is quoted any more" in withdrawn.flashes
    assert await shelf.shop.fetchval(state, document_id) == "withdrawn"
    restored = await owner.submit(await owner.get(f"{DOCUMENTS}/{document_id}"), 'form[action$="/restoration"]')
    assert "In use again" in restored.flashes
    assert await shelf.shop.fetchval(state, document_id) == "current"


async def test_a_document_is_not_withdrawn_without_a_reason(shelf: Shelf, owner: Colleague) -> None:
    document_id = await shelf.shop.fetchval("SELECT id FROM runtime.documents WHERE path = 'returns.md'")
    page = await owner.get(f"{DOCUMENTS}/{document_id}")
    refused = await owner.submit(page, "#withdraw form", reason="")
    assert "Say why it is withdrawn" in refused.flashes
    assert await shelf.shop.fetchval("SELECT state FROM runtime.documents WHERE id = $1", document_id) == "current"


async def test_one_fact_is_forgotten_and_then_all(shelf: Shelf, support: Colleague) -> None:
    customer_id = await remembered(shelf, "size.shoes", "size.jacket", "likes.colour")
    page = await support.get(f"{MEMORY}?customer={customer_id}")
    assert_whole(page)
    assert "<script>alert" not in page.response.text
    assert f"I said {HOSTILE}" in page.text
    assert page.count('form[action$="/memory/forgetting"]') == 4
    forgotten = await support.submit(page, 'tbody tr:first-child form[action$="/memory/forgetting"]')
    assert "Forgotten." in forgotten.flashes
    assert await facts_of(shelf, customer_id) == ["size.jacket", "size.shoes"]
    await support.submit(forgotten, '.work-pages form[action$="/memory/forgetting"]')
    assert await facts_of(shelf, customer_id) == []


async def test_a_fact_of_somebody_else_is_not_forgotten(shelf: Shelf, support: Colleague) -> None:
    customer_id = await remembered(shelf, "size.shoes")
    other = await remembered(shelf, "size.shoes")
    memory_id = await shelf.shop.fetchval("SELECT id FROM runtime.memories WHERE customer_id = $1", other)
    fields = {"key": new_id("frm"), "customer_id": customer_id, "memory_id": memory_id}
    refused = await support.post(f"{MEMORY}/forgetting", fields)
    assert "That is not remembered." in refused.flashes
    assert await facts_of(shelf, other) == ["size.shoes"]


async def test_a_person_is_forgotten_by_the_owner_who_is_sure(
    shelf: Shelf, owner: Colleague, support: Colleague
) -> None:
    customer_id = await remembered(shelf, "size.shoes")
    forgotten_at = "SELECT forgotten_at FROM shop.customers WHERE id = $1"
    page = await owner.get(f"{MEMORY}?customer={customer_id}")
    unsure = await owner.submit(page, "#forget form", sure="yes")
    assert "Nothing was deleted." in unsure.flashes
    assert (await support.get(f"{MEMORY}?customer={customer_id}")).count("#forget") == 0
    assert await shelf.shop.fetchval(forgotten_at, customer_id) is None
    done = await owner.submit(await owner.get(f"{MEMORY}?customer={customer_id}"), "#forget form", sure="forget")
    assert "Forgotten." in done.flashes
    assert await shelf.shop.fetchval(forgotten_at, customer_id) is not None
    assert await facts_of(shelf, customer_id) == []


async def test_a_customer_is_found_by_mail_address(shelf: Shelf, support: Colleague) -> None:
    email = f"{new_id('req')}@example.com"
    person = await register(shelf.shop, email)
    page = await support.get(f"{MEMORY}?customer={email}")
    assert page.count(f'a[href="{MEMORY}"]') >= 1
    assert "Nothing is remembered of them" in page.text
    assert (await support.get(f"{MEMORY}?customer={person.customer_id}")).text_of("h1") == "Ada Marchetti"
    assert "Nobody has this id or address" in (await support.get(f"{MEMORY}?customer=nobody@example.com")).text
