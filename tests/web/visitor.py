"""A browser without scripts, over the application itself: pages, forms as they stand on them, cookies, redirects."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.web.shelf import Shelf

ORIGIN = "http://shop.test"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}
ADDRESS = {
    "email": "ada@example.com",
    "name": "Ada Prova",
    "line1": "Via Roma 1",
    "city": "Trento",
    "postal_code": "38122",
    "country": "IT",
}


@dataclass(frozen=True)
class Page:
    """What came back, and how it reads."""

    response: httpx.Response

    @property
    def path(self) -> str:
        """Where the browser ended."""
        return self.response.url.path

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def tree(self) -> LexborHTMLParser:
        return LexborHTMLParser(self.response.text)

    @property
    def text(self) -> str:
        """The words of the page, blanks folded."""
        body = self.tree.body
        return " ".join(body.text(separator=" ").split()) if body is not None else ""

    def text_of(self, selector: str) -> str:
        """The words of the first element that fits."""
        found = self.tree.css_first(selector)
        assert found is not None, f"{selector} is not on {self.path}: {self.text[:300]}"
        return " ".join(found.text(separator=" ").split())

    def count(self, selector: str) -> int:
        return len(self.tree.css(selector))

    @property
    def flashes(self) -> str:
        """The messages at the top."""
        return self.text_of("#flashes")

    def form(self, selector: str) -> LexborNode:
        found = self.tree.css_first(selector)
        assert found is not None, f"there is no form {selector} on {self.path}: {self.text[:300]}"
        return found


class Visitor:
    """Somebody with a browser; forms are sent as the page gives them, with some fields filled in."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        transport = httpx.ASGITransport(app=shelf.site, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, follow_redirects=True)

    async def get(self, path: str, **headers: str) -> Page:
        return Page(await self.client.get(path, headers=headers))

    async def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Page:
        """A form sent from the shop's own pages, whatever page it would stand on."""
        given = {**SAME_ORIGIN, "Referer": f"{ORIGIN}/", **headers}
        return Page(await self.client.post(path, data=dict(fields), headers=given))

    async def submit(self, page: Page, selector: str, /, *, button: str = "", **fields: str) -> Page:
        """The form on the page, with its hidden and chosen fields; `button` is `name=value` of the one pressed."""
        form = page.form(selector)
        sent = fields_of(form) | fields
        if button:
            name, _, value = button.partition("=")
            sent[name] = value
        address = form.attributes.get("action") or str(page.response.url)
        return await self.post(address, sent, Referer=str(page.response.url))

    async def put_into_cart(self, handle: str, quantity: int = 1, **options: str) -> Page:
        """The product's form, sent with these options."""
        page = await self.get(f"/p/{handle}")
        chosen = {f"option.{name}": value for name, value in options.items()}
        return await self.submit(page, "#buy", quantity=str(quantity), **chosen)

    async def order(self, **fields: str) -> Page:
        """From a filled cart to the page after paying; everything is filled in unless changed.

        Whoever chooses a method looks at its sum first, as the page would show it.
        """
        page = await self.get("/checkout")
        if "shipping_method_id" in fields:
            page = await self.submit(page, "#checkout", button="step=reckon", **{**ADDRESS, **fields})
        return await self.submit(page, "#checkout", button="step=order", **{**ADDRESS, **fields})

    def cookie(self, name: str) -> str | None:
        return self.client.cookies.get(name)


def fields_of(form: LexborNode) -> dict[str, str]:
    """What a browser would send of it without anybody touching it."""
    found: dict[str, str] = {}
    for field in form.css("input, select, textarea"):
        attributes = field.attributes
        name, kind = attributes.get("name"), attributes.get("type") or "text"
        if not name or kind == "submit" or (kind in ("radio", "checkbox") and "checked" not in attributes):
            continue
        match field.tag:
            case "select":
                options = field.css("option")
                chosen = next((one for one in options if "selected" in one.attributes), next(iter(options), None))
                found[name] = "" if chosen is None else chosen.attributes.get("value") or ""
            case "textarea":
                found[name] = field.text()
            case _:
                found[name] = attributes.get("value") or ""
    return found
