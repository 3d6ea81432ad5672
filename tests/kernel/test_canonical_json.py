"""Canonical JSON: equal values have equal bytes, and what has no one form is refused."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottega.kernel import canonical_json
from bottega.kernel.address import Address

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def shuffled(value: Any) -> Any:
    """The same value with every record's members the other way round."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(VALUES)
def test_it_reads_back_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical_json.dumps(value)) == value


@given(VALUES)
def test_the_order_of_members_does_not_matter(value: Any) -> None:
    assert canonical_json.dumps(shuffled(value)) == canonical_json.dumps(value)


@given(VALUES)
def test_writing_it_twice_changes_nothing(value: Any) -> None:
    once = canonical_json.dumps(value)
    assert canonical_json.dumps(json.loads(once)) == once


def test_exact_bytes() -> None:
    value = {"b": [1, True, None, 2.0, 2.5, -0.0], "a": {"ж": '€"\\\n\x01'}, "Z": Decimal("1.10"), "s": {3, 1, 2}}
    assert canonical_json.dumps(value) == (
        '{"Z":"1.10","a":{"ж":"€\\"\\\\\\n\\u0001"},"b":[1,true,null,2,2.5,0],"s":[1,2,3]}'.encode()
    )
    assert canonical_json.digest({"a": 1}) == hashlib.sha256(b'{"a":1}').hexdigest()
    assert canonical_json.digest_of_bytes(b"{}") == hashlib.sha256(b"{}").hexdigest()


def test_times_and_records() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert canonical_json.dumps(moment) == b'"2026-01-02T03:04:05.000006+00:00"'
    assert canonical_json.dumps(moment.astimezone(timezone(timedelta(hours=1)))) != canonical_json.dumps(moment)
    address = Address(name="Ada", line1="Via Roma 1", city="Trento", country="IT")
    assert json.loads(canonical_json.dumps(address))["country"] == "IT"


@pytest.mark.parametrize("value", [object(), b"bytes", 1j, {"a": [object()]}])
def test_what_has_no_form_is_a_bug(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json.dumps(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\ud800": 1}])
def test_what_no_json_text_holds_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"JSON|surrogates"):
        canonical_json.dumps(value)
