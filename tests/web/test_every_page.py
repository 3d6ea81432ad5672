"""Every page of the storefront as somebody with an account sees it: whole, strict, and full of hostile words."""

import re
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from bottega.web.site import FACES
from tests.web.bought import register
from tests.web.resident import Resident, looked_at, settle
from tests.web.shelf import HOSTILE, Shelf
from tests.web.visitor import ORIGIN, SAME_ORIGIN, Page, Visitor

ELSEWHERE = "https://evil.example/page"
BACK_FIELDS = {"next": ELSEWHERE, "back": "//evil.example", "redirect": ELSEWHERE, "url": ELSEWHERE}


@pytest_asyncio.fixture(scope="module")
async def resident(shelf: Shelf) -> AsyncGenerator[Resident]:
    settled = await settle(shelf)
    yield settled
    await settled.visitor.client.aclose()


def whole(page: Page) -> bool:
    return "<html" in page.response.text


async def test_every_page_has_an_example(resident: Resident) -> None:
    """A new page with a parameter is added to tests/web/resident.py."""
    assert [address for address in resident.addresses.values() if "{" in address] == []


async def test_every_page_answers_its_owner_and_is_whole(resident: Resident) -> None:
    for path, address in resident.addresses.items():
        page = await resident.visitor.get(address)
        assert page.status == 200, address
        if not whole(page):
            continue
        assert page.count("h1") == 1, path
        assert page.count("main#main") == 1, path
        ids = [node.attributes["id"] for node in page.tree.css("[id]")]
        assert len(ids) == len(set(ids)), f"{path}: an id stands twice"


async def test_hostile_names_addresses_and_messages_stay_text(resident: Resident) -> None:
    shown: list[str] = []
    for path, address in resident.addresses.items():
        page = await resident.visitor.get(address)
        text = page.response.text
        assert "<script>alert" not in text, path
        assert page.count("img[src=x]") == 0, path
        scripts = [node.attributes.get("src") or "" for node in page.tree.css("script")]
        assert all(source.startswith("/static/") for source in scripts), path
        assert page.count("style, [style]") == 0, path
        handlers = [name for node in page.tree.css("*") for name in node.attributes if name.startswith("on")]
        assert handlers == [], path
        assert not re.search(r"(href|action|src)=\"\s*javascript:", text), path
        shown += [path] if "alert(&#39;x&#39;)" in text else []
    expected = {"/p/{handle}", "/account", "/account/addresses", "/account/details", "/checkout", "/chat", "/cart"}
    assert expected | {"/orders/{order_id}", "/chat/panel", "/chat/turns/{number}"} <= set(shown)


async def test_the_words_of_a_colleague_are_text_as_well(resident: Resident) -> None:
    page = await resident.visitor.get("/chat")
    assert [HOSTILE in " ".join(node.text().split()) for node in page.tree.css(".bubble-me")] == [True]
    assert any(HOSTILE in " ".join(node.text().split()) for node in page.tree.css(".bubble-shop"))


async def test_every_answer_forbids_frames_sniffing_and_foreign_scripts(resident: Resident) -> None:
    statics = re.findall(r'"(/static/[^"]+)"', (await resident.visitor.get("/")).response.text)
    assert len(statics) >= 4
    for address in [*resident.addresses.values(), *set(statics), "/nothing-here"]:
        headers = (await resident.visitor.get(address)).response.headers
        policy = headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy, address
        assert "script-src 'self';" in policy, address
        assert "form-action 'self'" in policy, address
        assert "base-uri 'none'" in policy, address
        assert "unsafe" not in policy, address
        strict = (headers["x-frame-options"], headers["x-content-type-options"], headers["referrer-policy"])
        assert strict == ("DENY", "nosniff", "same-origin"), address


async def test_no_page_sends_anybody_elsewhere(resident: Resident) -> None:
    """Whatever a link says about where to go next."""
    for address in resident.addresses.values():
        joined = "&" if "?" in address else "?"
        query = "&".join(f"{name}={value}" for name, value in BACK_FIELDS.items())
        answer = await resident.visitor.client.get(f"{address}{joined}{query}", follow_redirects=False)
        assert is_ours(answer.headers.get("location", "/")), address
        assert not re.search(r"(href|action|hx-\w+)=\"(https?:)?//evil", answer.text), address


@pytest.mark.parametrize("who", ["guest", "account"])
async def test_no_form_sends_anybody_elsewhere_or_breaks(shelf: Shelf, who: str) -> None:
    """Whatever the form says, and wherever it says it comes from."""
    sender = Visitor(shelf)
    await sender.put_into_cart("walking-map")
    if who == "account":
        await register(sender, "sends@example.com")
    paths = [page.path for face in FACES if face.name == "storefront" for page in face.pages if page.method == "POST"]
    assert len(paths) > 25
    fields = {"key": "frm-0123456789abcdef0123456789abcdef", "email": "nobody@example.com", **BACK_FIELDS}
    # Those that end the session come last.
    for path in sorted(paths, key=lambda path: "sign-out" in path):
        address = re.sub(r"\{[a-z_:]+\}", "x", path)
        for partial in ({}, {"HX-Request": "true"}):
            headers = {**SAME_ORIGIN, **partial, "Referer": ELSEWHERE}
            answer = await sender.client.post(address, data=fields, headers=headers, follow_redirects=False)
            assert answer.status_code < 500, address
            assert is_ours(answer.headers.get("location", "/")), address
            assert is_ours(answer.headers.get("hx-redirect", "/")), address
    await sender.client.aclose()


async def test_an_address_that_forms_are_sent_to_leads_to_a_page(resident: Resident) -> None:
    """Reloading what answered a form, or going back to it: the page above, and not a bare 405."""
    only_sent = [
        face.prefix + path
        for face in FACES
        for path in {page.path for page in face.pages} - {page.path for page in face.pages if page.method == "GET"}
    ]
    assert len(only_sent) > 80
    for path in only_sent:
        address = re.sub(r"\{[a-z_:]+\}", "x", path)
        page = await resident.visitor.get(address)
        assert page.status in (200, 404), f"{path}: {page.status}"
        assert page.count("h1") == 1, path
        assert page.path != address, path


async def test_a_refused_form_ends_on_a_page_that_says_why(visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    line = {"key": "frm-0123456789abcdef", "variant_id": "var_nobody", "quantity": "1"}
    page = await visitor.post("/cart/lines", line, Referer=f"{ORIGIN}/cart/lines")
    assert (page.path, page.status) == ("/cart", 200)
    assert page.count(".flash-error") == 1
    assert page.flashes != ""


async def test_a_stranger_gets_no_private_page(shelf: Shelf, resident: Resident) -> None:
    """Pages of an account ask to sign in, and records of others are not there; the link to pay is its holder's."""
    stranger = Visitor(shelf)
    await stranger.put_into_cart("walking-map")
    for path in looked_at():
        if not path.startswith(("/account", "/orders/", "/returns/")):
            continue
        page = await stranger.get(resident.addresses[path])
        assert (page.path == "/sign-in") if path.startswith("/account") else page.status == 404, path
        assert "alert(&#39;x&#39;)" not in page.response.text, path
    linked = await stranger.get(resident.addresses["/pay/{token}"])
    assert "alert(&#39;x&#39;)" not in linked.response.text
    await stranger.client.aclose()


def is_ours(address: str) -> bool:
    return address.startswith("/") and not address.startswith(("//", "/\\"))
