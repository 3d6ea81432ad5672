"""A page sends a browser to addresses of this shop and nowhere else."""

import pytest

from bottega.web.redirects import local_address
from tests.web.visitor import Visitor

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "http:evil.example",
    "",
    "/" + "x" * 3_000,
]
OURS = ["/", "/account", "/p/ridge-jacket?variant=var_1#reviews", "/search?q=a+b&sort=price"]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_other_hosts_are_not_gone_to(address: str) -> None:
    assert local_address(address, "/home") == "/home"


@pytest.mark.parametrize("address", OURS)
def test_addresses_of_ours_are(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize("address", ELSEWHERE[:6])
async def test_signing_in_goes_nowhere_else(visitor: Visitor, address: str) -> None:
    page = await visitor.get("/sign-in")
    form = page.form("main form")
    assert form.attributes["action"] == "/sign-in"
    registered = await visitor.post(
        "/register",
        {
            "key": "frm_12345678",
            "next": address,
            "name": "Ada",
            "email": f"a{abs(hash(address))}@example.com",
            "password": "a long sentence of mine",
        },
    )
    assert (registered.response.url.host, registered.path) == ("shop.test", "/account")


async def test_the_referer_of_another_site_is_not_gone_back_to(visitor: Visitor) -> None:
    page = await visitor.post("/appearance", {"theme": "dark"}, Referer="https://evil.example/page")
    assert (page.response.url.host, page.path) == ("shop.test", "/")
    assert page.tree.css_first("html[data-theme=dark]") is not None
