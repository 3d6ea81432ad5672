"""Messages across a redirect: shown once, and only those that we wrote."""

from bottega.web.flashes import MOST_FLASHES, Flash, sealed, unsealed
from tests.web.visitor import Visitor

KEY = b"k" * 32


def test_what_was_sealed_is_read_again() -> None:
    flashes = [Flash("done", "Saved."), Flash("error", "No “such” thing <b>")]
    assert unsealed(sealed(flashes, KEY), KEY) == flashes


def test_what_somebody_else_wrote_is_not_shown() -> None:
    value = sealed([Flash("done", "Saved.")], KEY)
    body, _, seal = value.partition(".")
    for forged in (f"{body}x.{seal}", f"{body}.{seal[:-1]}0", f"{body}.", body, "", None, sealed([], b"other")):
        assert unsealed(forged, KEY) == []


def test_only_the_newest_travel() -> None:
    many = [Flash("note", str(number)) for number in range(10)]
    assert unsealed(sealed(many, KEY), KEY) == many[-MOST_FLASHES:]


async def test_a_message_is_shown_once(visitor: Visitor) -> None:
    first = await visitor.put_into_cart("walking-map")
    assert "is in your cart" in first.flashes
    assert (await visitor.get("/cart")).flashes == ""
