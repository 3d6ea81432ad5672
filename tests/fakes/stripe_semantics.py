"""What Stripe does and localstripe 1.15.10 does not, added between the two.

* Idempotency keys (https://docs.stripe.com/api/idempotent_requests): the first answer under a key is stored and given
  again; other parameters under the same key are an `idempotency_error`; while the first is running, 409.
* Lists of payment intents and events are newest first and can be filtered by `created` and `types`.
* A payment intent says what was received and what can be captured; an amount released by a partial capture is not
  a refund.
* More than what is left cannot be refunded, and only what is authorised can be captured.
* A decline names its payment intent.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import aiohttp

# More than any test makes; localstripe lists in the order of creation, so everything is needed to turn it round.
EVERYTHING = 10_000


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to Stripe."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode() if self.method == "POST" else self.query))


@dataclass(frozen=True, slots=True)
class Reply:
    """Stripe's answer; `replayed` when it was stored under an idempotency key."""

    status: int
    body: Any
    replayed: bool = False


class StripeSemantics:
    """Answers calls with localstripe's help."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        self._session = session
        self._upstream = upstream
        self._answers: dict[str, tuple[str, Reply]] = {}
        self._running: set[str] = set()

    async def answer(self, call: Call) -> Reply:
        key = call.headers.get("Idempotency-Key", "")
        if call.method != "POST" or not key:
            return await self._execute(call)
        fingerprint = f"{call.path} {sorted(call.params.items())}"
        if key in self._answers:
            first, reply = self._answers[key]
            if first != fingerprint:
                return _error(400, "idempotency_error", None)
            return Reply(reply.status, reply.body, replayed=True)
        if key in self._running:
            return _error(409, "idempotency_error", "idempotency_key_in_use")
        self._running.add(key)
        try:
            reply = await self._execute(call)
        finally:
            self._running.discard(key)
        if reply.status not in (401, 404):
            self._answers[key] = (fingerprint, reply)
        return reply

    async def _execute(self, call: Call) -> Reply:
        await asyncio.sleep(0)  # a real server gives others a turn, so that equal keys can race
        if call.method == "GET" and call.path in ("/v1/payment_intents", "/v1/events"):
            return await self._list(call)
        refusal = await self._refusal(call)
        if refusal is not None:
            return refusal
        reply = await self._forward(call)
        if reply.status == 402:
            return await self._explain_decline(call, reply)
        return Reply(reply.status, _completed(reply.body))

    async def _list(self, call: Call) -> Reply:
        params = call.params
        everything = await self._forward(_get(call, call.path, {"limit": str(EVERYTHING)}))
        oldest = int(params.get("created[gte]", "0"))
        types = {value for name, value in params.items() if name.startswith("types[")}
        wanted = [
            _completed(item)
            for item in reversed(everything.body["data"])
            if item["created"] >= oldest and (not types or item["type"] in types)
        ]
        after = params.get("starting_after")
        start = 0 if after is None else [item["id"] for item in wanted].index(after) + 1
        end = start + int(params.get("limit", "10"))
        body = {**everything.body, "data": wanted[start:end], "has_more": end < len(wanted)}
        return Reply(200, body)

    async def _refusal(self, call: Call) -> Reply | None:
        parts = call.path.strip("/").split("/")
        if call.method != "POST":
            return None
        if parts[1:2] == ["payment_intents"] and parts[3:] == ["capture"]:
            intent = await self._intent(call, parts[2])
            if intent is not None and intent["status"] != "requires_capture":
                return _error(400, "invalid_request_error", "payment_intent_unexpected_state")
        if parts[1:] == ["refunds"]:
            intent = await self._intent(call, call.params["payment_intent"])
            if intent is None:
                return None
            charge = intent["latest_charge"] or {"amount_refunded": 0}
            left = intent["amount_received"] - charge["amount_refunded"]
            if intent["status"] != "succeeded" or int(call.params["amount"]) > left:
                code = None if left else "charge_already_refunded"
                return _error(400, "invalid_request_error", code)
        return None

    async def _explain_decline(self, call: Call, reply: Reply) -> Reply:
        error = reply.body["error"]
        charge = await self._forward(_get(call, f"/v1/charges/{error['charge']}", {}))
        intent = await self._intent(call, charge.body["payment_intent"])
        explained = {"type": "card_error", "decline_code": "generic_decline", "payment_intent": intent}
        return Reply(402, {"error": {**error, **explained}})

    async def _intent(self, call: Call, reference: str) -> Any:
        reply = await self._forward(_get(call, f"/v1/payment_intents/{reference}", {}))
        return _completed(reply.body) if reply.status == 200 else None

    async def _forward(self, call: Call) -> Reply:
        headers = {"Authorization": call.headers.get("Authorization", "")}
        if call.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{self._upstream}{call.path}" + (f"?{call.query}" if call.query else "")
        async with self._session.request(call.method, url, data=call.body or None, headers=headers) as response:
            text = await response.text()
        try:
            return Reply(response.status, json.loads(text))
        except json.JSONDecodeError:
            return Reply(response.status, {"error": {"type": "api_error", "message": text[:200]}})


def _get(call: Call, path: str, params: dict[str, str]) -> Call:
    return Call("GET", path, urlencode(params), call.headers, b"")


def _error(status: int, kind: str, code: str | None) -> Reply:
    error = {"type": kind, "message": f"refused in the manner of Stripe: {kind} {code or ''}"}
    return Reply(status, {"error": {**error, "code": code} if code else error})


def _completed(body: Any) -> Any:
    if not isinstance(body, dict) or body.get("object") != "payment_intent":
        return body
    charge = body.get("latest_charge")
    released = refunded = 0
    if charge:
        made = charge["refunds"]["data"]
        released = sum(refund["amount"] for refund in made if refund["payment_intent"] is None)
        refunded = sum(refund["amount"] for refund in made if refund["payment_intent"] is not None)
        charge = {**charge, "amount_refunded": refunded}
    captured = body["status"] == "succeeded"
    return {
        **body,
        "latest_charge": charge,
        "amount_received": body["amount"] - released if captured else 0,
        "amount_capturable": body["amount"] if body["status"] == "requires_capture" else 0,
    }
