"""Policies in the console: read by everybody, tried out by managers, changed by nobody."""

from bottega.shop.stock.actions import CreateLocation
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole

PLACE = f"{CONSOLE}/policies"
FILE = f"{PLACE}/default/staff.cedar"
NEVER = (
    '\n@id("staff.no_places")\n@describe("Nobody opens a place.")\n'
    'forbid (principal, action == Action::"CreateLocation", resource);\n'
)


async def test_every_rule_is_listed_with_its_words(owner: Colleague) -> None:
    page = await owner.get(PLACE)
    assert_whole(page)
    rules = [rule for pack in owner.shelf.shop.application.policy.packs for rule in pack.rules]
    assert page.count(".work-table td code") == len(rules)
    assert rules[0].description in page.text


async def test_an_edited_text_says_what_would_be_different_and_changes_nothing(owner: Colleague) -> None:
    page = await owner.get(FILE)
    assert_whole(page)
    text = dict(owner.shelf.shop.application.policy.packs[0].texts)["staff.cedar"]
    tried = await owner.submit(page, "#what-if", text=text + NEVER, number="1000")
    assert_whole(tried)
    assert "would be different" in tried.text_of("#found")
    assert "staff.no_places" in tried.text_of("#found")
    assert "Create location" in tried.text_of("#found")
    outcome = await owner.shelf.shop.done(CreateLocation(handle=f"tried-{owner.id[-6:]}", name="Tried"))
    assert outcome["location_id"]
    same = await owner.submit(page, "#what-if", text=text)
    assert "0 decisions of" in same.text_of("#found")
    assert "every case of the packs holds" in same.text_of("#found")


async def test_a_text_that_is_no_policy_is_told(owner: Colleague) -> None:
    page = await owner.get(FILE)
    refused = await owner.submit(page, "#what-if", text="permit <script>alert(1)</script>")
    assert refused.status == 422
    assert "Cedar" in refused.text_of(".flash-error")
    assert "<script>alert" not in refused.response.text
    assert (await owner.submit(page, "#what-if", number="7")).status in (200, 422)


async def test_analysts_read_and_try_nothing(colleagues: dict[str, Colleague]) -> None:
    analyst = colleagues["analyst"]
    page = await analyst.get(FILE)
    assert page.count("#what-if button") == 0
    assert (await analyst.post(f"{FILE}/what-if", {"text": "x"})).status == 403
    assert (await analyst.get(f"{PLACE}/default/nothing.cedar")).status == 404
