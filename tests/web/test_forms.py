"""Forms as browsers send them, read within limits."""

import pytest
from starlette.requests import Request

from bottega.entrance.refusals import BadRequest, TooLarge, UnsupportedMediaType
from bottega.kernel.address import Address
from bottega.web.forms import LARGEST_FORM_BYTES, Form, new_key, read_form

FORM = b"application/x-www-form-urlencoded"


def request(*chunks: bytes, media_type: bytes = FORM) -> Request:
    waiting = list(chunks)

    async def receive() -> dict[str, object]:
        body = waiting.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", media_type)]}
    return Request(scope, receive)


async def test_fields_are_read_across_chunks() -> None:
    form = await read_form(request(b"name=Ada+&size=M&siz", b"e=L&note=%C3%A9"))
    assert (form.text("name"), form.exact("name"), form.texts("size"), form.text("note")) == (
        "Ada",
        "Ada ",
        ("M", "L"),
        "é",
    )
    assert (form.text("missing"), form.optional("missing"), form.number("size", 3)) == ("", None, 3)


@pytest.mark.parametrize(
    ("body", "media_type", "refusal"),
    [
        (b"a=" + b"x" * LARGEST_FORM_BYTES, FORM, TooLarge),
        (b"{}", b"application/json", UnsupportedMediaType),
        (b"a=%00", FORM, BadRequest),
        (b"a=%ff", FORM, BadRequest),
        (b"\xff=1", FORM, BadRequest),
        (b"&".join(b"f%d=1" % n for n in range(301)), FORM, BadRequest),
    ],
)
async def test_what_is_no_form_is_refused(body: bytes, media_type: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await read_form(request(body, media_type=media_type))


def test_a_key_is_needed_and_has_a_form() -> None:
    assert Form({"key": (new_key(),)}).key.startswith("frm_")
    for wrong in ("", "short", "x" * 80, "with blank"):
        with pytest.raises(BadRequest):
            assert Form({"key": (wrong,)}).key


def test_problems_are_told_by_field_and_in_words() -> None:
    form = Form({})
    assert (
        form.record(Address, {"name": "Ada", "line1": " ", "city": "x" * 300, "country": "Italy"}, prefix="b_") is None
    )
    assert dict(form.problems) == {
        "b_line1": "Please fill this in.",
        "b_city": "This is too long.",
        "b_country": "Please check this.",
    }
    assert form.problems["b_name"] == ""


def test_whole_numbers() -> None:
    assert [Form({"n": (text,)}).number("n", 7) for text in ("5", "-3", "", "x", "1e9", "٣", "9" * 20)] == [
        5,
        -3,
        7,
        7,
        7,
        7,
        7,
    ]
