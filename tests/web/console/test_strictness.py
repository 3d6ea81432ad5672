"""What every page of the console has in common, as a colleague sees it."""

import re

from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.visitor import Page


def assert_whole(page: Page) -> None:
    """One main part, one heading, no id twice, nothing inline that a strict browser would refuse."""
    assert page.status == 200, f"{page.path}: {page.status} {page.text[:200]}"
    assert page.count("h1") == 1, page.path
    assert page.count("main#main") == 1, page.path
    ids = [node.attributes["id"] or "" for node in page.tree.css("[id]")]
    assert len(ids) == len(set(ids)), f"{page.path}: an id stands twice: {sorted(ids)}"
    assert page.count("style, [style]") == 0, page.path
    for script in page.tree.css("script"):
        assert (script.attributes.get("src") or "").startswith("/static/"), page.path
    handlers = [name for node in page.tree.css("*") for name in node.attributes if name.startswith("on")]
    assert handlers == [], page.path
    assert not re.search(r"(href|action|src)=\"\s*javascript:", page.response.text), page.path
    unnamed = [
        node.attributes
        for node in page.tree.css("input:not([type=hidden]), select, textarea")
        if not named(page, node.attributes.get("id"), node)
    ]
    assert unnamed == [], f"{page.path}: fields without a label: {unnamed}"


def named(page: Page, field_id: str | None, node: object) -> bool:
    """Whether a field has a label of its own, stands in one, or says its name."""
    parent = getattr(node, "parent", None)
    while parent is not None:
        if parent.tag == "label":
            return True
        parent = parent.parent
    attributes = getattr(node, "attributes", {})
    return bool(attributes.get("aria-label")) or bool(field_id and page.count(f'label[for="{field_id}"]'))


async def test_every_page_is_whole(owner: Colleague, addresses: dict[str, str]) -> None:
    for address in addresses.values():
        assert_whole(await owner.get(address))


async def test_every_page_is_private_and_strict(owner: Colleague, addresses: dict[str, str]) -> None:
    for path in addresses.values():
        headers = (await owner.get(path)).response.headers
        assert headers["cache-control"] == "no-store", path
        assert "script-src 'self';" in headers["content-security-policy"], path
        assert headers["x-frame-options"] == "DENY", path


async def test_what_links_lead_to_is_there(owner: Colleague) -> None:
    """Every link of the navigation and of the first page."""
    page = await owner.get(CONSOLE)
    targets = {node.attributes.get("href") or "" for node in page.tree.css("a[href^='/console']")}
    for target in sorted(targets):
        assert (await owner.get(target)).status == 200, target


async def test_an_unknown_address_is_a_page_of_the_console(owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/nothing-here")
    assert (page.status, page.text_of("h1")) == (404, "There is no such page")
    assert page.count(".side") == 1
