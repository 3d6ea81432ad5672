"""Attributes of a product as lines of a field."""

from bottega.web.console.products.text_fields import attributes_of, attributes_text
from bottega.web.forms import Form


def form_of(text: str) -> Form:
    return Form({"attributes": (text,)})


def test_attributes_come_back_as_they_were() -> None:
    attributes = {"fill": 700, "hood": True, "uses": ["a", "b, c"], "model": "12", "note": "a: b", "quoted": '"x"'}
    assert attributes_of(form_of(attributes_text(attributes)), "attributes") == attributes


def test_a_line_without_a_name_is_a_problem() -> None:
    form = form_of("warm")
    assert attributes_of(form, "attributes") is None
    assert "name: value" in form.problems["attributes"]


def test_a_name_that_stands_twice_is_a_problem() -> None:
    form = form_of("a: 1\na: 2")
    assert attributes_of(form, "attributes") is None
    assert "stands twice" in form.problems["attributes"]
