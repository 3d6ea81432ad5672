"""API keys in the console: made and shown once, narrowed, revoked."""

from bottega.kernel.identifiers import new_id
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send, submit_chosen
from tests.web.visitor import Page

KEYS = f"{CONSOLE}/api-keys"


async def make(owner: Colleague, name: str, **fields: str) -> Page:
    page = await owner.get(KEYS)
    return await owner.submit(page, "#new-key form", **{"name": name, "role": "analyst", "days": "30", **fields})


async def test_a_key_is_shown_once_and_opens_what_it_may(owner: Colleague) -> None:
    name = f"scanner {new_id('key')[-6:]}"
    page = await make(owner, name, scope="read")
    assert_whole(page)
    token = page.text_of("#token code")
    shop = owner.shelf.shop
    row = (
        await shop.fetch(
            "SELECT role, scopes, expires_at IS NOT NULL AS ends FROM platform.api_keys WHERE name = $1", name
        )
    )[0]
    assert (row["role"], row["scopes"], row["ends"]) == ("analyst", ["read"], True)
    answer = await shop.client.get("/api/product-records", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert token not in (await owner.get(KEYS)).response.text
    key = page.form("#new-key form").css_first("[name='key']")
    assert key is not None


async def test_the_same_form_makes_one_key(owner: Colleague) -> None:
    name = f"twice {new_id('key')[-6:]}"
    page = await owner.get(KEYS)
    fields = {"name": name, "role": "analyst", "days": ""}
    first = await owner.submit(page, "#new-key form", **fields)
    again = await owner.submit(page, "#new-key form", **fields)
    assert (first.count("#token"), again.count("#token")) == (1, 0)
    assert await owner.shelf.shop.fetchval("SELECT count(*) FROM platform.api_keys WHERE name = $1", name) == 1


async def test_keys_are_revoked(owner: Colleague) -> None:
    names = [f"old {new_id('key')[-6:]}" for _ in range(3)]
    tokens = [(await make(owner, name)).text_of("#token code") for name in names]
    shop = owner.shelf.shop
    ids = [await shop.fetchval("SELECT id FROM platform.api_keys WHERE name = $1", name) for name in names]
    await owner.submit(await owner.get(KEYS), f"#revoke-{ids[0]} form")
    await submit_chosen(owner, KEYS, f"{KEYS}/revocations", ids[1:])
    for token in tokens:
        answer = await shop.client.get("/api/product-records", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    in_force, every = await owner.get(KEYS), await owner.get(f"{KEYS}?state=all")
    assert [name in in_force.text for name in names] == [False] * 3
    assert [name in every.text for name in names] == [True] * 3


async def test_a_key_needs_something_that_it_may(owner: Colleague) -> None:
    refused = await send(owner, KEYS, KEYS, name="nothing", role="analyst", days="")
    assert refused.count("#flashes .flash-error") == 1
    assert await owner.shelf.shop.fetchval("SELECT count(*) FROM platform.api_keys WHERE name = 'nothing'") == 0
