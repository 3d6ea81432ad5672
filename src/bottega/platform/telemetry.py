"""Structured logs, and spans that cost nothing until a collector is named."""

import logging
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.trace import Span, Status, StatusCode

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# A field whose name holds one of these never reaches a log line, whatever its value and however deep it stands.
SECRET_NAMES = (
    "password",
    "passwd",
    "secret",
    "token",
    "authorization",
    "cookie",
    "api_key",
    "private_key",
    "card_number",
    "credential",
    "dsn",
    "database_url",
)
HIDDEN = "[hidden]"
DEEPEST_FIELD = 8

tracer = trace.get_tracer("bottega")


def configure(level: str, form: str, otlp_endpoint: str | None) -> None:
    """Sets up logging of this process, and tracing when an OTLP/HTTP endpoint is given."""
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            hide_secrets,
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), stream=sys.stderr)
    if otlp_endpoint is not None:
        _export_spans(otlp_endpoint)


@contextmanager
def span_of(name: str, attributes: Mapping[str, str]) -> Generator[Span]:
    """A span around some work; an error is noted by its kind alone, because messages quote personal values."""
    with tracer.start_as_current_span(
        name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            code = getattr(error, "code", None) or getattr(error, "sqlstate", None)
            if isinstance(code, str):
                span.set_attribute("bottega.error.code", code)
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


def hide_secrets(_: Any, __: str, event: Any) -> Any:
    """Blanks fields that are named like secrets, within records and lists too."""
    for name in event:
        if name != "exc_info":
            event[name] = _hidden(name, event[name], DEEPEST_FIELD)
    return event


def _hidden(name: Any, value: Any, depth: int) -> Any:
    lowered = str(name).lower()
    # How many tokens a model read and wrote is a figure, not a secret.
    counted = lowered.endswith("tokens") and isinstance(value, int | float)
    if not counted and any(secret in lowered for secret in SECRET_NAMES):
        return HIDDEN
    inner: Any = value
    match value:
        case Mapping() | list() | tuple() if depth == 0:
            return HIDDEN
        case Mapping():
            return {key: _hidden(key, member, depth - 1) for key, member in inner.items()}
        case list() | tuple():
            return [_hidden("", member, depth - 1) for member in inner]
        case _:
            return inner


def _export_spans(endpoint: str) -> None:
    # Imported here: the exporter is large, and without a collector nobody needs it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "bottega"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
