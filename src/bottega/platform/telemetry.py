"""Structured logs, and spans that cost nothing until a collector is named."""

import logging
import sys
from typing import Any

import structlog
from opentelemetry import trace

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# A field whose name holds one of these never reaches a log line, whatever its value.
SECRET_NAMES = ("password", "secret", "token", "authorization", "cookie", "api_key", "card_number", "client_secret")
HIDDEN = "[hidden]"

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


def hide_secrets(_: Any, __: str, event: Any) -> Any:
    """Blanks fields that are named like secrets."""
    for name in event:
        if any(secret in name.lower() for secret in SECRET_NAMES):
            event[name] = HIDDEN
    return event


def _export_spans(endpoint: str) -> None:
    # Imported here: the exporter is large, and without a collector nobody needs it.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "bottega"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
