"""Identifiers: sorted by time, told apart by their prefix, recognised strictly."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bottega.kernel import identifiers
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import OrderId, check_id, made_at, new_id

TIMES = st.integers(0, 2**48 - 1)
NOISE = st.binary(min_size=10, max_size=10)


def as_uuid(identifier: str) -> int:
    """Crockford's base 32 read back, independently of the code that wrote it."""
    value = 0
    for digit in identifier.partition("_")[2]:
        value = value * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(digit)
    return value


@given(TIMES, NOISE)
def test_it_is_a_uuid_of_version_7(milliseconds: int, noise: bytes) -> None:
    value = as_uuid(new_id("ord", milliseconds=milliseconds, randomness=noise))
    assert value < 2**128
    assert value >> 80 == milliseconds
    assert (value >> 76) & 0xF == 7
    assert (value >> 62) & 0x3 == 0b10
    random_bits = int.from_bytes(noise, "big")
    assert value & (2**62 - 1) == random_bits & (2**62 - 1)


@given(TIMES, TIMES, NOISE, NOISE)
def test_text_order_is_time_order(one: int, other: int, noise: bytes, other_noise: bytes) -> None:
    first, second = (
        new_id("ord", milliseconds=one, randomness=noise),
        new_id("ord", milliseconds=other, randomness=other_noise),
    )
    if one != other:
        assert (first < second) == (one < other)


@given(st.integers(0, 4_000_000_000_000))
def test_it_tells_when_it_was_made(milliseconds: int) -> None:
    assert made_at(new_id("ord", milliseconds=milliseconds)) == datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_those_of_one_millisecond_are_in_the_order_in_which_they_are_made() -> None:
    made = [new_id("ord", milliseconds=1_700_000_000_000) for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {made_at(one).timestamp() for one in made} == {1_700_000_000.0}
    # Nobody can tell the next one.
    steps = {as_uuid(later) - as_uuid(one) for one, later in pairwise(made[:100])}
    assert len(steps) == 99
    assert min(steps) > 2**24


def test_those_of_several_threads_differ() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: new_id("ord", milliseconds=1_700_000_000_001), range(20_000)))
    assert len(set(made)) == 20_000


def test_many_made_at_once_differ() -> None:
    assert len({new_id("ord", milliseconds=1) for _ in range(10_000)}) == 10_000


def test_every_new_one_is_of_its_nouns_form() -> None:
    nouns = {name: kind for name, kind in vars(identifiers).items() if name.endswith("Id")}
    assert len(nouns) > 40
    prefixes: list[str] = []
    for kind in nouns.values():
        (constraint,) = get_args(kind)[1:]
        prefix = str(constraint.pattern)[1:4]
        prefixes.append(prefix)
        made = new_id(prefix)
        assert TypeAdapter(kind).validate_python(made) == made
        assert check_id(made, prefix) == made
    assert len(set(prefixes)) == len(prefixes), "two nouns with one prefix"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ord_",
        "ord_" + "0" * 25,
        "ord_" + "0" * 27,
        "ord_8" + "0" * 25,
        "ord_" + "0" * 25 + "i",
        "ord_" + "0" * 25 + "U",
        "cus_" + "0" * 26,
        "ORD_" + "0" * 26,
        "ord_" + "0" * 26 + "\n",
        "x" * 10_000,
    ],
)
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_id(text, "ord")
    assert len(str(refused.value)) < 200
    with pytest.raises(ValidationError):
        TypeAdapter(OrderId).validate_python(text)
