"""Refusals as `application/problem+json` (RFC 9457): the five categories, each with a stable code and the next step."""

from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bottega.actions.refusals import refusal_of_database
from bottega.entrance.refusals import BadRequest, status_of
from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable
from bottega.platform.database.connection_loss import is_connection_loss

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """The body of every refusal."""

    type: str = Field(examples=["https://bottega.dev/problems/out_of_stock"])
    title: str = Field(description="The category: invalid, not_found, conflict, forbidden or unavailable.")
    status: int
    code: str = Field(description="Stable, for programs.", examples=["out_of_stock"])
    detail: str = Field(description="What is wrong, for people.")
    next_step: str = Field(description="What to do about it.")
    details: dict[str, Any] = Field(default_factory=dict, description="Figures and names that belong to the code.")


# For refusals that name no next step of their own.
_NEXT_STEPS = {
    Invalid.category: "Correct the request and send it again.",
    NotFound.category: "Check the identifier and who you are signed in as.",
    Conflict.category: "Read it again, then decide.",
    Forbidden.category: "Ask somebody with more authority.",
    Unavailable.category: "Wait a moment and send it again.",
}


def problem_response(refusal: Refusal, status: int | None = None) -> Response:
    """The refusal as a response, with Retry-After where it says when to come back."""
    status = status or status_of(refusal)
    body = {
        "type": f"https://bottega.dev/problems/{refusal.code}",
        "title": refusal.category,
        "status": status,
        "code": refusal.code,
        "detail": refusal.message,
        "next_step": refusal.next_step or _NEXT_STEPS[refusal.category],
        "details": refusal.details,
    }
    headers: dict[str, str] = {}
    if isinstance(refusal, Unavailable) and refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(max(1, round(refusal.retry_after_seconds)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="bottega"'
    return Response(orjson.dumps(body, default=str), status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route's own, for its `responses=` argument; those of every route are added by `openapi`."""
    return {status: {"description": "Refused"} for status in statuses}


def install(app: FastAPI) -> None:
    """Maps everything that may be raised to a problem; anything unforeseen is logged and answered with 500."""

    async def on_refusal(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return problem_response(error)

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError | ValidationError)
        return problem_response(from_validation(error))

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = problem_response(_from_http(error), error.status_code)
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    async def on_database(request: Request, error: Exception) -> Response:
        if isinstance(error, asyncpg.DataError):
            return problem_response(refusal_of_database(error))
        if is_connection_loss(error):
            log.warning("database_away", error=type(error).__name__)
            return problem_response(Unavailable("database_away", "The shop cannot be read now.", retry_after_seconds=2))
        return await on_bug(request, error)

    async def on_bug(request: Request, error: Exception) -> Response:
        request_id = getattr(request.state, "request_id", "")
        log.error("request_failed", request_id=request_id, path=request.url.path, exc_info=error)
        bug = Unavailable(
            "internal_error",
            "Something is wrong in the shop itself.",
            next_step="Tell the shop's operator the request id.",
            request_id=request_id,
        )
        return problem_response(bug, 500)

    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(ValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        app.add_exception_handler(kind, on_database)
    app.add_exception_handler(Exception, on_bug)


def from_validation(error: RequestValidationError | ValidationError) -> Invalid:
    """Names each field that is wrong and why, without repeating what was sent."""
    fields = [
        {"field": ".".join(str(part) for part in item["loc"]), "reason": str(item["msg"])[:300]}
        for item in list(error.errors())[:20]
    ]
    first = fields[0] if fields else {"field": "request", "reason": "malformed"}
    return Invalid(
        "invalid_request",
        f"{first['field']}: {first['reason']}.",
        next_step="Correct the named fields and send again.",
        fields=fields,
    )


def _from_http(error: HTTPException) -> Refusal:
    if error.status_code == 404:
        return NotFound("no_such_route", "There is nothing at this address.", next_step="See /api/openapi.json.")
    if error.status_code == 405:
        return Invalid("method_not_allowed", "This address does not know that method.", next_step="See Allow.")
    return BadRequest("bad_request", str(error.detail)[:300])
