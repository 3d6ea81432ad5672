"""Logs and spans: structured, and silent about secrets and about people."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bottega.kernel.errors import Conflict
from bottega.platform import telemetry
from bottega.platform.telemetry import HIDDEN, SECRET_NAMES, configure, hide_secrets, span_of


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Spans that end, without a collector."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", provider.get_tracer("test"))
    return exporter


@pytest.fixture
def plain_logging() -> Iterator[None]:
    """What a test configures does not outlive it."""
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("name", [*SECRET_NAMES, "Stripe-API_KEY", "set_cookie", "new_password_again"])
def test_a_field_named_like_a_secret_is_blanked(name: str) -> None:
    assert hide_secrets(None, "info", {"event": "x", name: "s3cret"}) == {"event": "x", name: HIDDEN}


def test_a_secret_is_blanked_however_deep_it_stands() -> None:
    event = {
        "event": "called",
        "request": {"headers": [{"Authorization": "Bearer x", "accept": "json"}], "body": ({"password": "x"},)},
        "input_tokens": 12,
        "status": 200,
    }
    assert hide_secrets(None, "info", event) == {
        "event": "called",
        "request": {"headers": [{"Authorization": HIDDEN, "accept": "json"}], "body": [{"password": HIDDEN}]},
        "input_tokens": 12,
        "status": 200,
    }
    deep: Any = "bottom"
    for _ in range(50):
        deep = {"inner": deep}
    assert "bottom" not in str(hide_secrets(None, "info", {"event": "x", "deep": deep}))


def test_log_lines_are_json_with_time_and_level(capsys: pytest.CaptureFixture[str], plain_logging: None) -> None:
    configure("info", "json", None)
    log = structlog.get_logger("test")
    log.info("paid", order_id="ord_7", client_secret="pi_secret")
    log.debug("not shown")
    try:
        raise ValueError("wrong")
    except ValueError:
        log.exception("failed")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["order_id"]) == ("paid", "info", "ord_7")
    assert first["client_secret"] == HIDDEN
    assert first["timestamp"].endswith("Z")
    assert "ValueError: wrong" in second["exception"]


def test_a_span_has_its_attributes(spans: InMemorySpanExporter) -> None:
    with span_of("perform", {"bottega.action": "ChangePrice"}) as span:
        span.set_attribute("bottega.outcome", "Done")
    (ended,) = spans.get_finished_spans()
    assert ended.name == "perform"
    assert dict(ended.attributes or {}) == {"bottega.action": "ChangePrice", "bottega.outcome": "Done"}
    assert ended.status.status_code is StatusCode.UNSET


def failing_with(error: Exception) -> None:
    with span_of("perform", {}):
        raise error


def test_an_error_is_noted_by_its_kind_and_never_by_its_words(spans: InMemorySpanExporter) -> None:
    for error in (Conflict("out_of_stock", "alice@example.org"), ValueError("alice@example.org")):
        with pytest.raises(type(error)):
            failing_with(error)
    refused, broken = spans.get_finished_spans()
    assert dict(refused.attributes or {}) == {"error.type": "Conflict", "bottega.error.code": "out_of_stock"}
    assert dict(broken.attributes or {}) == {"error.type": "ValueError"}
    for span in (refused, broken):
        assert span.status.status_code is StatusCode.ERROR
        assert "alice" not in span.to_json()
        assert span.events == ()
