"""What every page has in common: who may send it something, what it lets a browser do, and whose words it shows how."""

import re

import httpx

from bottega.kernel.identifiers import new_id
from bottega.web.site import FACES
from tests.web.shelf import HOSTILE, Shelf
from tests.web.visitor import ORIGIN, Page, Visitor

# Pages with parameters, by the path that FACES gives them.
PARAMETERS = {
    "/c/{path:path}": "/c/clothing",
    "/collections/{handle}": "/collections/staff-picks",
    "/p/{handle}": "/p/hostile",
    "/p/{handle}/choice": "/p/ridge-jacket/choice",
    "/p/{handle}/reviews": "/p/ridge-jacket/reviews",
    "/policies/{name}": "/policies/returns",
    "/search": "/search?q=ridge+jacket",
}


def looked_at() -> list[str]:
    """Every address that can be looked at without having bought something."""
    paths = [f"{face.prefix}{page.path}" for face in FACES for page in face.pages if page.method == "GET"]
    return [PARAMETERS.get(path, path) for path in paths if "{" not in path or path in PARAMETERS]


def sent() -> list[str]:
    """Every address that takes a form, with identifiers that nobody has."""
    paths = [f"{face.prefix}{page.path}" for face in FACES for page in face.pages if page.method == "POST"]
    return [re.sub(r"\{[a-z_:]+\}", "x", path) for path in paths]


async def test_every_page_answers_and_is_whole(visitor: Visitor) -> None:
    for path in looked_at():
        page = await visitor.get(path)
        assert page.status == 200, path
        if "<html" not in page.response.text:
            continue
        assert page.count("h1") == 1, path
        assert page.count("main#main") == 1, path
        assert page.text_of("title") not in ("", "·"), path
        ids = [node.attributes["id"] for node in page.tree.css("[id]")]
        assert len(ids) == len(set(ids)), f"{path}: an id stands twice"


async def test_no_page_has_script_or_style_or_handlers_inside(visitor: Visitor) -> None:
    await visitor.put_into_cart("ridge-jacket", size="M", colour="blue")
    for path in [*looked_at(), "/checkout", "/nothing-here"]:
        page = await visitor.get(path)
        for script in page.tree.css("script"):
            assert (script.attributes.get("src") or "").startswith("/static/"), path
        assert page.count("style, [style]") == 0, path
        handlers = [name for node in page.tree.css("*") for name in node.attributes if name.startswith("on")]
        assert handlers == [], path
        assert not re.search(r"(href|action|src)=\"\s*javascript:", page.response.text), path


async def test_browsers_are_told_to_be_strict(visitor: Visitor) -> None:
    for path in [*looked_at(), "/nothing-here"]:
        headers = (await visitor.get(path)).response.headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff"), path


async def test_texts_of_strangers_are_shown_as_text(visitor: Visitor) -> None:
    for path in ("/p/hostile", "/p/ridge-jacket", "/p/ridge-jacket/reviews", "/c/camping", "/", "/search?q=tent"):
        page = await visitor.get(path)
        assert "<script>alert" not in page.response.text, path
        assert page.count("img[src=x]") == 0, path
        assert "49" not in page.text_of("h1"), path
    product = await visitor.get("/p/hostile")
    assert HOSTILE in product.text
    assert HOSTILE in (await visitor.get("/p/ridge-jacket")).text_of(".review-words")
    searched = await visitor.get(f"/search?q={httpx.QueryParams({'q': HOSTILE})['q']}")
    assert "<script>alert" not in searched.response.text


async def test_a_form_from_another_site_reaches_no_page(shelf: Shelf, visitor: Visitor) -> None:
    """Enumerated, so that a new form is held to it as well."""
    await visitor.put_into_cart("walking-map")
    entries = await shelf.shop.fetchval("SELECT count(*) FROM log.entries")
    foreign: list[dict[str, str]] = [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.shop.test"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ]
    for path in sent():
        for headers in foreign:
            answer = await visitor.client.post(path, data={"key": new_id("frm")}, headers=headers)
            assert (answer.status_code, answer.text) == (403, "Please send the form again from this page."), path
    assert await shelf.shop.fetchval("SELECT count(*) FROM log.entries") == entries


async def test_a_form_may_come_from_our_own_origin_by_name(visitor: Visitor) -> None:
    """Browsers that send no Sec-Fetch-Site, which they do on plain http, say their origin."""
    fields = {"product": "walking-map", "key": new_id("frm")}
    page = Page(await visitor.client.post("/cart/lines", data=fields, headers={"Origin": ORIGIN}))
    assert page.path == "/cart"


async def test_what_is_no_form_or_too_large_is_refused(visitor: Visitor) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
    json = await visitor.client.post("/cart/lines", json={"product": "walking-map"}, headers=headers)
    assert json.status_code == 415
    large = await visitor.client.post("/cart/lines", data={"product": "x" * 70_000}, headers=headers)
    assert large.status_code == 413
    many = await visitor.client.post(
        "/cart/lines",
        content="&".join(f"f{n}=1" for n in range(400)),
        headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert many.status_code == 400
    long = await visitor.client.get("/search?q=" + "x" * 9_000)
    assert long.status_code == 400


async def test_an_unknown_address_is_a_page_of_ours(visitor: Visitor) -> None:
    page = await visitor.get("/nothing-here")
    assert (page.status, page.text_of("h1")) == (404, "We cannot find this page")
    assert (await visitor.get("/p/nothing-here")).status == 404
    assert (await visitor.get("/c/nothing/here")).status == 404


async def test_a_broken_page_says_so_and_names_its_request(shelf: Shelf, visitor: Visitor) -> None:
    await shelf.shop.execute("ALTER TABLE runtime.documents RENAME TO documents_away")
    try:
        page = await visitor.get("/policies")
    finally:
        await shelf.shop.execute("ALTER TABLE runtime.documents_away RENAME TO documents")
    assert page.status == 500
    assert page.response.headers["x-request-id"] in page.text


async def test_private_pages_are_kept_nowhere(visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    for path in ("/cart", "/checkout", "/sign-in", "/order-status"):
        assert (await visitor.get(path)).response.headers["cache-control"] == "no-store", path
    assert (await visitor.get("/")).response.headers["cache-control"] == "private, no-cache"
