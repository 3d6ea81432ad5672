"""The five refusals: what each carries, and that a record of one is as good as the thing itself."""

from typing import Any

import orjson
import pytest

from bottega.kernel.errors import (
    CATEGORIES,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OutcomeUnknown,
    Refusal,
    Unavailable,
    from_record,
)


def test_there_are_five_categories() -> None:
    categories = [Invalid, NotFound, Conflict, Forbidden, Unavailable]
    assert list(CATEGORIES.values()) == categories
    assert list(CATEGORIES) == ["invalid", "not_found", "conflict", "forbidden", "unavailable"]


@pytest.mark.parametrize("kind", list(CATEGORIES.values()))
def test_a_refusal_goes_into_a_record_and_back(kind: type[Refusal]) -> None:
    refusal = kind("out_of_stock", "Only 2 left.", next_step="Take fewer.", sku="JACKET-M", available=2)
    record: dict[str, Any] = refusal.as_record()
    assert record == {
        "category": kind.category,
        "code": "out_of_stock",
        "message": "Only 2 left.",
        "next_step": "Take fewer.",
        "details": {"sku": "JACKET-M", "available": 2},
    }
    again = from_record(orjson.loads(orjson.dumps(record)))
    assert type(again) is kind
    assert again.as_record() == record


def test_its_text_names_the_thing_and_the_next_step() -> None:
    assert str(Conflict("shipped", "Order ord_7 is shipped.", next_step="Start a return.")) == (
        "Order ord_7 is shipped. Start a return."
    )
    assert str(NotFound("no_such_order", "There is no order ord_7.")) == "There is no order ord_7."


def test_what_may_have_happened_is_not_merely_unavailable() -> None:
    unknown = OutcomeUnknown("outcome_unknown", "No answer.", retry_after_seconds=2)
    assert isinstance(unknown, Unavailable)
    assert (unknown.category, unknown.retry_after_seconds) == ("unavailable", 2)
    assert Unavailable("away", "Away.").retry_after_seconds is None
