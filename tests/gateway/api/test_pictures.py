"""Pictures by upload: kept once, served as what they are, and of refused requests nothing is kept."""

import hashlib

import httpx

from bottega.actions.replay import verify_replay
from bottega.bootstrap.addresses import whole_site
from bottega.platform.database.migrate import migrate
from bottega.platform.pictures.parts import LARGEST_BYTES
from bottega.platform.pictures.reading import picture_of
from tests.platform.pictures.test_reading import SECRET, drawn, exif
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop_fixtures import Shop

PHOTOGRAPH = drawn("JPEG", exif=exif(6)) + SECRET


async def product(shop: Shop) -> str:
    await stocked(shop, simple("stove"))
    return await shop.fetchval("SELECT id FROM shop.products WHERE handle = 'stove'")


async def upload(
    shop: Shop, product_id: str, data: bytes, role: str = "manager", media_type: str = "image/jpeg", **query: str
) -> httpx.Response:
    headers = {**await shop.staff_headers(role), "Content-Type": media_type}
    return await shop.client.post(f"/api/products/{product_id}/pictures", content=data, headers=headers, params=query)


async def counts(shop: Shop) -> tuple[int, int, int]:
    """Pictures kept, pictures of products, and entries of the log."""
    return (
        await shop.fetchval("SELECT count(*) FROM platform.pictures"),
        await shop.fetchval("SELECT count(*) FROM shop.media"),
        await shop.fetchval("SELECT count(*) FROM log.entries WHERE action = 'AddMedia'"),
    )


async def test_an_uploaded_picture_is_shown_and_served(shop: Shop) -> None:
    product_id = await product(shop)
    answered = await upload(shop, product_id, PHOTOGRAPH, alt="From the front")
    assert answered.status_code == 201, answered.text
    again = await upload(shop, product_id, PHOTOGRAPH, alt="Again")
    assert again.status_code == 201
    media = (await shop.client.get("/api/products/stove")).json()["media"]
    content = picture_of(PHOTOGRAPH).content
    url = f"/pictures/kept/{hashlib.sha256(content).hexdigest()}.jpg"
    assert [(one["id"], one["url"], one["alt"]) for one in media] == [
        (answered.json()["media_ids"][0], url, "From the front"),
        (again.json()["media_ids"][0], url, "Again"),
    ]
    assert await counts(shop) == (1, 2, 2)
    transport = httpx.ASGITransport(app=whole_site(shop.application))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as browser:
        served = await browser.get(url)
        assert (served.status_code, served.content, SECRET in served.content) == (200, content, False)
        headers = served.headers
        assert headers["content-type"] == "image/jpeg"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        for wrong in (url.replace(".jpg", ".png"), f"/pictures/kept/{'0' * 64}.jpg", "/pictures/kept/x"):
            assert (await browser.get(wrong)).status_code == 404, wrong


async def test_who_may_not_add_pictures_leaves_none_behind(shop: Shop) -> None:
    product_id = await product(shop)
    for role in ("support", "warehouse", "analyst"):
        assert (await upload(shop, product_id, PHOTOGRAPH, role)).status_code == 403, role
    guest = await shop.guest_headers()
    path = f"/api/products/{product_id}/pictures"
    headers = {**guest, "Content-Type": "image/png"}
    assert (await shop.client.post(path, content=PHOTOGRAPH, headers=headers)).status_code == 403
    headers = {"Content-Type": "image/png"}
    assert (await shop.client.post(path, content=PHOTOGRAPH, headers=headers)).status_code == 401
    assert (await upload(shop, "prd_01jd3gqz5t8m2n4p6r8s0v2x4z", PHOTOGRAPH)).status_code == 404
    assert await counts(shop) == (0, 0, 0)


async def test_what_is_no_picture_is_refused_with_the_reason(shop: Shop) -> None:
    product_id = await product(shop)
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    answered = await upload(shop, product_id, svg, media_type="image/png")
    assert (answered.status_code, answered.json()["code"]) == (422, "bad_picture")
    assert "neither PNG nor JPEG nor WebP" in answered.json()["detail"]
    assert (await upload(shop, product_id, b"", media_type="image/png")).json()["code"] == "bad_picture"
    assert (await upload(shop, product_id, PHOTOGRAPH, media_type="text/html")).status_code == 415
    assert (await upload(shop, product_id, PHOTOGRAPH, media_type="application/json")).status_code == 415
    large = await upload(shop, product_id, b"\xff\xd8\xff" + b"\0" * LARGEST_BYTES)
    assert (large.status_code, large.json()["code"]) == (413, "body_too_large")
    assert (await upload(shop, product_id, PHOTOGRAPH, alt="x" * 501)).status_code == 422
    assert await counts(shop) == (0, 0, 0)


async def test_the_log_replays_without_the_bytes(shop: Shop) -> None:
    await upload(shop, await product(shop), PHOTOGRAPH)
    report = await verify_replay(shop.application.database.dsn, prepare=migrate)
    assert report.difference is None
    written = await shop.fetchval("SELECT max(length(after::text)) FROM log.changes WHERE table_name = 'shop.media'")
    assert written < 500
