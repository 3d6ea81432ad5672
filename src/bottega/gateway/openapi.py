"""The OpenAPI document: what FastAPI derives from the routes, completed with what holds for all of them."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from bottega.entrance.tokens import COOKIE
from bottega.gateway.caller import HeldAnswer
from bottega.gateway.openapi_examples import example_of
from bottega.gateway.problems import MEDIA_TYPE, Problem
from bottega.gateway.routes import READING, Route, routes_of

KEY_PARAMETER = "Idempotency-Key"
ALWAYS: tuple[int, ...] = (400, 422, 429, 503)

REFUSALS: dict[int, tuple[str, str]] = {
    400: ("BadRequest", "The message itself cannot be read, or a needed key is missing."),
    401: ("Unauthenticated", "Nobody is signed in, or what was shown proves nothing."),
    403: ("Forbidden", "Somebody with more authority has to ask or approve."),
    404: ("NotFound", "The named thing does not exist, or not for this caller."),
    405: ("MethodNotAllowed", "This address does not know that method."),
    409: ("Conflict", "The request is sound, but the present state says no."),
    413: ("TooLarge", "The body is over the limit."),
    415: ("UnsupportedMediaType", "The body is not of the media type that this address reads."),
    422: ("Invalid", "The request is wrong; `details.fields` names what to correct."),
    429: ("TooManyRequests", "A rate limit; wait as long as Retry-After says."),
    503: ("Unavailable", "Something is not reachable just now; wait and try again."),
}

TAGS = {
    "account": "What belongs to the customer who is signed in.",
    "api-keys": "Keys of programs that work for the shop, narrowed by scopes.",
    "approvals": "Held actions that wait for a person: what they would change, and the decision.",
    "carts": "Gathering lines, contact, shipping and a coupon; ordering.",
    "chat": "Conversations with the assistant, as customers have them.",
    "catalogue": "Products, variants, categories and collections, for shoppers and staff.",
    "customers": "Accounts, address books and consent.",
    "gift cards": "Cards with money on them: issuing, balance, closing.",
    "documents": "What the shop says in writing: policies with their versions, and the passages that are cited.",
    "effects": "Calls to the outside world: what was intended, sent and answered.",
    "log": "The action log, and undoing an entry.",
    "orders": "Orders after they are placed.",
    "payments": "Paying orders, captures, refunds and the ledger.",
    "prices": "Prices and sale prices with their dates.",
    "promotions": "Coupons and automatic discounts.",
    "reports": "Sales, refunds, returns, stock, funnel and promotions as JSON or CSV.",
    "returns": "Returns and exchanges, from the request to the refund.",
    "reviews": "What customers say about products.",
    "sandbox": "Test payments: being the payer; absent in production.",
    "settings": "How the shop is set up.",
    "shipping": "Zones, methods, rates and shipments.",
    "sign-in": "Sessions, guests, passwords and one-time codes.",
    "staff": "The people who work in the shop, and their roles.",
    "stock": "Locations, levels, movements and corrections.",
    "support": "Tickets and their messages, and conversations as colleagues see them.",
    "taxes": "Rates by country, class and the day from which they hold.",
    "webhooks": "Calls to other systems whenever something happens in the shop, and calls from payment gateways.",
}


def complete_document(app: FastAPI) -> dict[str, Any]:
    """The document of an application with all its routes."""
    routes = routes_of(app)
    used = sorted({tag for route in routes for tag in route.tags})
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=[{"name": tag, "description": TAGS.get(tag, tag.capitalize() + ".")} for tag in used],
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (Problem, HeldAnswer):
        schemas[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["responses"] = {name: _refusal(status, text) for status, (name, text) in REFUSALS.items()}
    components["responses"]["Held"] = _held()
    components["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A guest token (`btg_…`), a session token (`bts_…`) or an API key (`btk_…`).",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "A session in the browser; writes by cookie must come from the shop's own pages.",
        },
    }
    for route in routes:
        _complete(document["paths"][route.path][route.method.lower()], route, schemas)
    return document


def _complete(operation: dict[str, Any], route: Route, schemas: dict[str, Any]) -> None:
    meaning = str(operation.pop("description", "")).strip()
    first, _, rest = meaning.partition("\n")
    operation["summary"] = first.rstrip(".")
    if rest.strip():
        operation["description"] = rest.strip()
    operation["security"] = [{"bearer": []}, {"cookie": []}] if route.has_caller else [{}]
    if route.actions:
        operation["x-actions"] = sorted(action.action_name() for action in route.actions)
    _complete_responses(operation["responses"], route)
    _complete_parameters(operation, route)
    body: dict[str, dict[str, dict[str, Any]]] = operation.get("requestBody", {"content": {}})
    for media in body["content"].values():
        media.setdefault("example", example_of(media["schema"], schemas))


def _complete_responses(responses: dict[str, Any], route: Route) -> None:
    stated = {int(status) for status in responses if int(status) >= 400}
    for status in stated | _refusals_of(route):
        responses[str(status)] = {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}
    if route.actions and route.has_caller:
        responses.setdefault("202", {"$ref": "#/components/responses/Held"})
    if route.has_etag:
        etag = {"ETag": {"schema": {"type": "string"}, "description": "Send it as If-None-Match next time."}}
        responses["304"] = {"description": "The caller has it already.", "headers": etag}
        responses["200"].setdefault("headers", {}).update(etag)
    if route.actions:
        for status, response in responses.items():
            if status.startswith("2") and "$ref" not in response:
                response.setdefault("headers", {})["Idempotency-Replayed"] = {
                    "schema": {"type": "string", "const": "true"},
                    "description": "Present when this key was used before and the recorded answer is repeated.",
                }


def _refusals_of(route: Route) -> set[int]:
    statuses = set(ALWAYS)
    if route.has_caller or route.method not in READING:
        statuses |= {401, 403}
    if route.method not in READING:
        statuses |= {409, 413}
    if route.actions:
        statuses.add(404)
    if route.has_body:
        statuses.add(415)
    if "{" in route.path:
        statuses.add(404)
    return statuses


def _complete_parameters(operation: dict[str, Any], route: Route) -> None:
    parameters = [found for found in operation.get("parameters", ()) if found["name"].lower() != KEY_PARAMETER.lower()]
    if route.actions and route.has_caller:
        parameters.append(
            {
                "name": KEY_PARAMETER,
                "in": "header",
                "required": route.key_required,
                "description": "Makes the request happen once: the same key and body get the same answer again, "
                "the same key with another body is a conflict.",
                "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": 200},
                "example": "8f14e45f-ceea-467f-9575-7ba3d4d9b1c2",
            }
        )
    if route.has_etag:
        parameters.append(
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The ETag of an earlier answer.",
                "schema": {"type": "string"},
            }
        )
    if parameters:
        operation["parameters"] = parameters
    else:
        operation.pop("parameters", None)


def _refusal(status: int, text: str) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": text,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in (429, 503):
        response["headers"] = {
            "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds to wait."}
        }
    if status == 401:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response


def _held() -> dict[str, Any]:
    return {
        "description": "Policy holds this until a person approves it; nothing has changed yet.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/HeldAnswer"}}},
    }
