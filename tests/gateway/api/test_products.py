"""Products, categories, collections and search over HTTP, for shoppers and staff."""

from typing import Any

import httpx

from bottega.kernel.identifiers import new_id
from tests.shop.catalogue.products_fixture import index, jacket, last_change, simple, stocked
from tests.shop_fixtures import Shop


async def post(shop: Shop, path: str, body: Any, role: str = "manager", status: int = 201) -> Any:
    answered = await shop.client.post(f"/api{path}", json=body, headers=await shop.staff_headers(role))
    assert answered.status_code == status, answered.text
    return answered.json()


async def get(shop: Shop, path: str, **parameters: Any) -> Any:
    answered = await shop.client.get(f"/api{path}", params=parameters)
    assert answered.status_code == 200, answered.text
    return answered.json()


async def test_a_newcomer_lists_prices_stocks_and_publishes_a_product(shop: Shop) -> None:
    headers = await shop.staff_headers("manager")
    category = await post(shop, "/categories", {"path": "clothing", "title": "Clothing"})
    made = await post(
        shop,
        "/products",
        {
            "title": "Wool hat",
            "category": "clothing",
            "option_names": ["size"],
            "variants": [
                {"sku": "WH-S", "option_values": {"size": "S"}},
                {"sku": "WH-M", "option_values": {"size": "M"}},
            ],
        },
    )
    product, variant = f"/api/products/{made['product_id']}", made["variant_ids"][0]
    priced = await shop.client.put(
        f"/api/variants/{variant}/prices/EUR", json={"amount_minor": 2500, "cost_minor": 1000}, headers=headers
    )
    assert priced.status_code == 200, priced.text
    assert (await shop.client.get(product)).status_code == 404
    assert (await shop.client.get(product, headers=headers)).json()["status"] == "draft"
    published = await shop.client.put(f"{product}/publication", headers=headers)
    assert published.json() == {"product_id": made["product_id"], "status": "published"}
    await index(shop)
    shown = (await shop.client.get("/api/products/wool-hat")).json()
    assert [(v["sku"], v["price_minor"], v["available"]) for v in shown["variants"]] == [
        ("WH-S", 2500, 0),
        ("WH-M", None, 0),
    ]
    assert "cost_minor" not in shown["variants"][0]
    listed = await get(shop, "/products", category="clothing")
    assert [card["handle"] for card in listed["items"]] == ["wool-hat"]
    assert (await get(shop, "/categories"))[0] == {
        "id": category["category_id"],
        "path": "clothing",
        "title": "Clothing",
        "parent_id": None,
        "products": 1,
    }


async def test_staff_change_every_part_of_a_product(shop: Shop) -> None:
    headers = await shop.staff_headers("manager")

    async def send(method: str, path: str, body: Any = None) -> Any:
        answered = await shop.client.request(method, f"/api{path}", json=body, headers=headers)
        assert answered.status_code in (200, 201), (path, answered.text)
        return answered.json()

    made = await post(shop, "/products", {"title": "Boot", "media": [{"url": "https://example.com/1.jpg"}]})
    path = f"/products/{made['product_id']}"
    assert (await send("PATCH", path, {"title": "Snow boot", "tags": ["snow"]}))["changed"] == ["tags", "title"]
    variant = made["variant_ids"][0]
    options = {"option_names": ["size"], "values": {variant: {"size": "38"}}}
    await send("PUT", f"{path}/options", options)
    added = await send("POST", f"{path}/variants", {"variants": [{"sku": "B-39", "option_values": {"size": "39"}}]})
    await send("PATCH", f"/variants/{added['variant_ids'][0]}", {"weight_grams": 900})
    pictures = await send("POST", f"{path}/media", {"media": [{"url": "https://example.com/2.jpg"}]})
    shown = (await shop.client.get(f"/api{path}", headers=headers)).json()
    ids = [picture["id"] for picture in shown["media"]]
    assert ids[1] == pictures["media_ids"][0]
    await send("PUT", f"{path}/media-order", {"media_ids": ids[::-1]})
    await send("DELETE", f"/media/{ids[0]}")
    await send("PUT", f"{path}/publication")
    await send("DELETE", f"{path}/publication")
    await send("PUT", f"{path}/archival")
    shown = (await shop.client.get(f"/api{path}", headers=headers)).json()
    assert (shown["title"], shown["status"], shown["tags"]) == ("Snow boot", "archived", ["snow"])
    assert [picture["url"] for picture in shown["media"]] == ["https://example.com/2.jpg"]
    assert [(v["option_values"], v["weight_grams"]) for v in shown["variants"]] == [
        ({"size": "38"}, 0),
        ({"size": "39"}, 900),
    ]
    records = (await shop.client.get("/api/product-records?status=archived", headers=headers)).json()
    assert [(record["title"], record["variants"]) for record in records["items"]] == [("Snow boot", 2)]


async def test_a_collection_is_kept_and_listed(shop: Shop) -> None:
    product_ids = await stocked(shop, simple("hat"), simple("scarf"))
    headers = await shop.staff_headers("manager")
    made = await post(shop, "/collections", {"title": "Gifts", "published": False})
    path = f"/api/collections/{made['collection_id']}"
    added = await shop.client.post(f"{path}/products", json={"product_ids": product_ids}, headers=headers)
    assert added.json()["added"] == 2
    assert (await shop.client.get("/api/collections/gifts")).status_code == 404
    assert (await shop.client.get("/api/collections/gifts", headers=headers)).json()["products"] == 2
    changed = await shop.client.patch(path, json={"published": True}, headers=headers)
    assert changed.json()["changed"] == ["published"]
    removed = await shop.client.delete(f"{path}/products/{product_ids[0]}", headers=headers)
    assert removed.json()["removed"] == 1
    assert [found["handle"] for found in (await get(shop, "/collections"))["items"]] == ["gifts"]
    await index(shop)
    assert [card["handle"] for card in (await get(shop, "/products", collection="gifts"))["items"]] == ["scarf"]
    assert (await shop.client.delete(path, headers=headers)).status_code == 200
    assert (await get(shop, "/collections"))["items"] == []


async def test_pages_carry_cursors_and_etags(shop: Shop) -> None:
    await stocked(shop, *(simple(f"hat-{number}", 100 + number) for number in range(5)))
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = await get(shop, "/products", sort="price", limit=2, cursor=cursor)
        seen += [card["handle"] for card in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"hat-{number}" for number in range(5)]
    for path in ("/api/products?limit=1", "/api/products/hat-1", "/api/search?q=hat", "/api/categories"):
        first = await shop.client.get(path)
        again = await shop.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    found = await get(shop, "/search", q="hat", limit=2, maximum_minor=103)
    rest = await get(shop, "/search", q="hat", limit=2, maximum_minor=103, cursor=found["next_cursor"])
    assert {card["handle"] for card in found["items"] + rest["items"]} == {f"hat-{number}" for number in range(4)}
    assert rest["next_cursor"] is None


async def test_whole_products_come_in_one_call(shop: Shop) -> None:
    body = {"products": [jacket(), simple("hat") | {"variants": [{"sku": "DJT-S"}]}]}
    result = await post(shop, "/product-imports", body)
    assert (result["created"], result["rejections"][0]["field"]) == (1, "sku")
    again = await post(shop, "/product-imports", {"products": [jacket()]})
    assert (again["created"], again["unchanged"]) == (0, 1)


async def test_bad_input_is_refused_and_changes_nothing(shop: Shop) -> None:
    headers = await shop.staff_headers("manager")
    before = await last_change(shop)
    bad_bodies: list[Any] = [
        {},
        {"title": ""},
        {"title": "x" * 501},
        {"title": "X", "handle": "Has Space"},
        {"title": "X", "variants": [{"sku": "A", "weight_grams": -1}]},
        {"title": "X", "variants": [{"sku": "A", "weight_grams": 2**40}]},
        {"title": "X", "attributes": {"a": {"b": 1}}},
        {"title": "X", "media": [{"url": "javascript:alert(1)"}]},
        {"title": "X", "unknown": 1},
        {"title": ["X"]},
    ]
    for body in bad_bodies:
        refused = await shop.client.post("/api/products", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request"), body
    bad_reads = [
        "/api/products?limit=0",
        "/api/products?limit=101",
        "/api/products?sort=random",
        "/api/products?currency=euro",
        "/api/products?minimum_minor=-1",
        "/api/products?cursor=%21%21",
        "/api/products/..%2Fetc",
        "/api/search",
        "/api/search?q=" + "x" * 301,
        "/api/search?q=boot&cursor=LTE",
    ]
    for path in bad_reads:
        assert (await shop.client.get(path)).status_code in (404, 422), path
    unknown = [
        ("GET", f"/api/products/{new_id('prd')}"),
        ("PUT", f"/api/products/{new_id('prd')}/publication"),
        ("DELETE", f"/api/media/{new_id('med')}"),
        ("DELETE", f"/api/categories/{new_id('cat')}"),
        ("DELETE", f"/api/collections/{new_id('col')}"),
    ]
    for method, path in unknown:
        answered = await shop.client.request(method, path, headers=headers)
        assert answered.status_code == 404, path
        assert answered.json()["next_step"]
    assert await last_change(shop) == before


async def test_sql_and_template_text_are_only_text(shop: Shop) -> None:
    text = "'; DROP TABLE shop.products; -- {{7*7}} ${x} <script>"
    made = await post(shop, "/products", {"title": text, "handle": "odd", "published": True})
    shown = (await shop.client.get(f"/api/products/{made['product_id']}")).json()
    assert shown["title"] == text
    assert (await shop.client.get("/api/search", params={"q": text})).status_code == 200
    for name in ("category", "brand", "tag", "collection"):
        assert (await get(shop, "/products", **{name: text}))["items"] == []


async def test_shoppers_and_others_of_the_staff_change_no_catalogue(shop: Shop) -> None:
    (product_id,) = await stocked(shop, simple("hat"))
    guest = await shop.guest_headers()
    support = await shop.staff_headers("support")
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/api/products", {"title": "X"}),
        ("PATCH", f"/api/products/{product_id}", {"title": "X"}),
        ("DELETE", f"/api/products/{product_id}/publication", None),
        ("POST", "/api/product-imports", {"products": [simple("x")]}),
        ("POST", "/api/categories", {"path": "a", "title": "A"}),
        ("POST", "/api/collections", {"title": "A"}),
    ]
    before = await last_change(shop)
    for method, path, body in calls:
        answers: list[httpx.Response] = [
            await shop.client.request(method, path, json=body, headers=headers) for headers in ({}, guest, support)
        ]
        assert [answered.status_code for answered in answers] == [401, 403, 403], path
        assert answers[2].json()["code"] == "denied_by_policy"
    assert (await shop.client.get("/api/product-records", headers=guest)).status_code == 403
    assert await last_change(shop) == before
