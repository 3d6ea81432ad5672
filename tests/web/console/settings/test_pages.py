"""Settings in the console: what differs is changed, what is wrong stands at its field."""

from bottega.shop.shop_settings import ChangeShopSettings, ShopSettings
from bottega.web.console.settings.fields import ELSEWHERE, groups_of
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE

SETTINGS = f"{CONSOLE}/settings"


def test_every_setting_is_on_the_page() -> None:
    shown = [setting.name for group in groups_of(ShopSettings()) for setting in group.settings]
    assert sorted(shown) == sorted(set(ShopSettings.model_fields) - ELSEWHERE)


async def test_what_differs_is_changed(owner: Colleague) -> None:
    page = await owner.get(SETTINGS)
    assert_whole(page)
    fields = {"tagline": HOSTILE[:80], "support_refund_limit_minor": "123.50", "return_reasons": "too small\nbroken"}
    saved = await owner.submit(page, "#settings", **fields)
    shop = owner.shelf.shop
    try:
        assert "Saved." in saved.flashes
        assert saved.count("main script") == 0
        rows = await shop.fetch("SELECT name, value FROM shop.shop_settings WHERE name = ANY($1::text[])", list(fields))
        assert {row["name"]: row["value"] for row in rows} == {
            "tagline": HOSTILE[:80],
            "support_refund_limit_minor": 12_350,
            "return_reasons": ["too small", "broken"],
        }
        entry = await shop.fetchval(
            "SELECT result FROM log.entries WHERE action = 'ChangeShopSettings' ORDER BY sequence DESC LIMIT 1"
        )
        assert entry == {"changed": sorted(fields)}
        assert "Nothing is different" in (await owner.submit(await owner.get(SETTINGS), "#settings")).flashes
    finally:
        standing = ShopSettings()
        values = {name: standing.model_dump(mode="json")[name] for name in fields}
        await shop.done(ChangeShopSettings(values={**values, "tagline": "For people who walk"}))


async def test_what_is_wrong_stands_at_its_field(owner: Colleague) -> None:
    page = await owner.get(SETTINGS)
    before = await owner.shelf.shop.fetch("SELECT * FROM shop.shop_settings ORDER BY name")
    for name, value in (("currency", "EURO"), ("reservation_minutes", "0"), ("shop_name", ""), ("return_reasons", "")):
        wrong = await owner.submit(page, "#settings", **{name: value})
        assert wrong.status == 422, name
        assert wrong.count(f"#set-{name}-note.problem") == 1, name
    assert await owner.shelf.shop.fetch("SELECT * FROM shop.shop_settings ORDER BY name") == before


async def test_locations_are_made_and_changed(owner: Colleague) -> None:
    fields = {"name": "Attic", "handle": "attic", "kind": "warehouse", "priority": "50"}
    page = await owner.submit(await owner.get(SETTINGS), "#new-location form", **fields)
    shop = owner.shelf.shop
    found = "SELECT id, name, priority, active FROM shop.locations WHERE handle = 'attic'"
    row = (await shop.fetch(found))[0]
    assert (row["name"], row["priority"], row["active"]) == ("Attic", 50, True)
    form = f"form[action='{SETTINGS}/locations/{row['id']}']"
    await owner.submit(page, form, name="Loft", priority="60", active="")
    row = (await shop.fetch(found))[0]
    assert (row["name"], row["priority"], row["active"]) == ("Loft", 60, False)


async def test_whoever_may_not_sees_values_and_no_form(colleagues: dict[str, Colleague]) -> None:
    page = await colleagues["support"].get(SETTINGS)
    assert (page.status, page.count("main form input[name='shop_name']")) == (200, 0)
    assert "Test & Trail" in page.text
