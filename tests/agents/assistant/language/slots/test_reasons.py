"""Reasons in a shopper's words, as the shop's own."""

import pytest

from bottega.agents.assistant.language.slots.reasons import reason
from bottega.shop.shop_settings import ShopSettings

RETURNS = (
    "changed my mind",
    "wrong size",
    "too small",
    "too large",
    "not as described",
    "damaged",
    "faulty",
    "wrong item",
    "arrived late",
    "other",
)
SHORT = ("changed_mind", "wrong_size", "damaged", "other")


@pytest.mark.parametrize(
    ("text", "meant", "in_a_short_list"),
    [
        ("it's too small", "too small", "wrong_size"),
        ("they pinch", "too small", "wrong_size"),
        ("the boots are too big", "too large", "wrong_size"),
        ("it does not fit", "wrong size", "wrong_size"),
        ("I don't like it", "changed my mind", "changed_mind"),
        ("the zip broke after one day", "faulty", "damaged"),
        ("arrived broken", "damaged", "damaged"),
        ("you sent me the wrong colour", "wrong item", None),
        ("it came too late", "arrived late", None),
        ("just because", "other", "other"),
        ("wrong_size", "wrong size", "wrong_size"),
        ("hello", None, None),
    ],
)
def test_reasons(text: str, meant: str | None, in_a_short_list: str | None) -> None:
    assert reason(text, RETURNS) == meant
    assert reason(text, SHORT) == in_a_short_list


def test_every_reason_of_the_shop_is_understood_in_its_own_words() -> None:
    settings = ShopSettings.model_fields
    for known in (settings["return_reasons"].default, settings["cancellation_reasons"].default):
        assert [reason(one, known) for one in known] == list(known)
