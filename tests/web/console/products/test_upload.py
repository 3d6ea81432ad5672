"""Pictures out of files in the console: added, shown, refused with a reason, by whom it may be."""

import httpx

from bottega.kernel.identifiers import new_id
from bottega.platform.pictures.parts import LARGEST_BYTES
from bottega.platform.pictures.reading import picture_of
from bottega.platform.pictures.store import address_of
from tests.platform.pictures.test_reading import drawn
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.shelf import HOSTILE
from tests.web.visitor import ORIGIN, SAME_ORIGIN, Page


async def product_of(colleague: Colleague) -> str:
    return await colleague.shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = 'walking-map'")


async def upload(colleague: Colleague, data: bytes, headers: dict[str, str] | None = None, **fields: str) -> Page:
    """The form of the product's page with a file."""
    product_id = await product_of(colleague)
    page = f"{CONSOLE}/products/{product_id}"
    given = {**SAME_ORIGIN, "Referer": f"{ORIGIN}{page}", **(headers or {})}
    files = {"picture": ("photo.html", data, "text/html")}
    sent = {"key": new_id("frm"), **fields}
    return Page(await colleague.client.post(f"{page}/pictures/upload", data=sent, files=files, headers=given))


async def pictures_of(colleague: Colleague) -> list[tuple[str, str]]:
    rows = await colleague.shelf.shop.fetch(
        "SELECT url, alt FROM shop.media WHERE product_id = $1 ORDER BY position, id", await product_of(colleague)
    )
    return [(row["url"], row["alt"]) for row in rows]


async def test_a_picture_is_added_once_by_its_form_and_taken_away(colleagues: dict[str, Colleague]) -> None:
    manager = colleagues["manager"]
    data, key = drawn("PNG", (9, 7)), new_id("frm")
    page = await upload(manager, data, key=key, alt=HOSTILE[:60])
    assert (page.path, "The picture is added." in page.flashes) == (
        f"{CONSOLE}/products/{await product_of(manager)}",
        True,
    )
    address = address_of(picture_of(data))
    await upload(manager, data, key=key, alt=HOSTILE[:60])
    assert await pictures_of(manager) == [(address, HOSTILE[:60])]
    assert page.count(f".picture-kept img[src='{address}']") == 1
    served: httpx.Response = await manager.client.get(address)
    assert (served.headers["content-type"], served.content) == ("image/png", picture_of(data).content)
    await manager.submit(page, "#picture-1 form")
    assert await pictures_of(manager) == []


async def test_what_is_no_picture_is_refused_and_nothing_kept(owner: Colleague) -> None:
    kept = await owner.shelf.shop.fetchval("SELECT count(*) FROM platform.pictures")
    page = await upload(owner, b"<script>alert(1)</script>")
    assert "neither PNG nor JPEG nor WebP" in page.flashes
    assert "there is none" in (await upload(owner, b"")).flashes
    large = await upload(owner, drawn("PNG") + b"\0" * LARGEST_BYTES)
    assert "at most 5 MB" in large.flashes
    assert "at most 500 characters" in (await upload(owner, drawn("PNG"), alt="x" * 501)).flashes
    assert "without its key" in (await upload(owner, drawn("PNG"), key="")).text
    assert await pictures_of(owner) == []
    assert await owner.shelf.shop.fetchval("SELECT count(*) FROM platform.pictures") == kept


async def test_others_may_not(colleagues: dict[str, Colleague]) -> None:
    for role in ("support", "warehouse", "analyst"):
        page = await upload(colleagues[role], drawn("WEBP"))
        assert page.status == 403, role
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert (await upload(colleagues["owner"], drawn("WEBP"), foreign)).status == 403
    assert await pictures_of(colleagues["owner"]) == []
