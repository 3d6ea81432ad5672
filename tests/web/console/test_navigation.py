"""The navigation shows a role what its pages are and nothing else."""

from bottega.web import console
from bottega.web.console.navigation import SECTIONS, here, sections_for
from tests.web.console.colleagues import CONSOLE, ROLES, Colleague
from tests.web.console.page_audiences import PAGES


async def test_a_role_sees_its_places(colleagues: dict[str, Colleague]) -> None:
    for role in ROLES:
        page = await colleagues[role].get(CONSOLE)
        shown = {(node.attributes["href"] or "").removeprefix(CONSOLE) for node in page.tree.css(".side-list a")}
        places = {place.path for section in SECTIONS for place in section.places}
        expected = {path for (method, path), audience in PAGES.items() if method == "GET" and role in audience}
        assert shown == expected & places, role


def test_sections_without_places_are_left_out() -> None:
    assert sections_for("stranger", console.FACE.pages) == []


def test_an_address_belongs_to_one_place() -> None:
    assert here("/console/approvals/apr_1", "/console") == "/approvals"
    assert here("/console/orders", "/console") == "/orders"
    assert here("/console/ordersx", "/console") == ""
    assert here("/console", "/console") == ""
