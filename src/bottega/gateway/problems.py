"""Refusals as `application/problem+json` (RFC 9457): the five categories, each with a stable code and the next step."""

from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS_BY_CATEGORY = {
    Invalid.category: 422,
    NotFound.category: 404,
    Conflict.category: 409,
    Forbidden.category: 403,
    Unavailable.category: 503,
}


class Problem(BaseModel):
    """The body of every refusal."""

    type: str = Field(examples=["https://bottega.dev/problems/out_of_stock"])
    title: str = Field(description="The category: invalid, not_found, conflict, forbidden or unavailable.")
    status: int
    code: str = Field(description="Stable, for programs.", examples=["out_of_stock"])
    detail: str = Field(description="What is wrong, for people.")
    next_step: str = Field(description="What to do about it.")
    details: dict[str, Any] = Field(default_factory=dict, description="Figures and names that belong to the code.")


class Unauthenticated(Forbidden):
    """Nobody said who they are; shown as 401."""


class TooManyRequests(Unavailable):
    """A rate limit; shown as 429."""


class TooLarge(Invalid):
    """The body is over the limit; shown as 413."""


class BadRequest(Invalid):
    """The message itself cannot be read; shown as 400."""


_STATUS_BY_KIND: dict[type[Refusal], int] = {Unauthenticated: 401, TooManyRequests: 429, TooLarge: 413, BadRequest: 400}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return _STATUS_BY_KIND.get(type(refusal)) or STATUS_BY_CATEGORY[refusal.category]


def problem_response(refusal: Refusal) -> Response:
    """The refusal as a response, with Retry-After where it says when to come back."""
    status = status_of(refusal)
    body = {
        "type": f"https://bottega.dev/problems/{refusal.code}",
        "title": refusal.category,
        "status": status,
        "code": refusal.code,
        "detail": refusal.message,
        "next_step": refusal.next_step,
        "details": refusal.details,
    }
    headers: dict[str, str] = {}
    if isinstance(refusal, Unavailable) and refusal.retry_after_seconds is not None:
        headers["Retry-After"] = str(max(1, round(refusal.retry_after_seconds)))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="bottega"'
    return Response(orjson.dumps(body, default=str), status, headers, MEDIA_TYPE)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of the refusals a route may answer with, for its `responses=` argument."""
    described = {"description": "Refused", "content": {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}}
    return dict.fromkeys((400, 401, 403, 413, 422, 429, 503, *statuses), described)


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
        response = problem_response(_from_http(error))
        response.status_code = error.status_code
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(ValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)


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
    return Invalid("bad_request", str(error.detail)[:300])
