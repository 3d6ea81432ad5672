"""One request of a person: who it is, what they sent, what they changed, and the page they get."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bottega.actions.action import Action
from bottega.actions.actor import Actor, Cause
from bottega.actions.effects import Answer
from bottega.actions.outcome import Outcome
from bottega.entrance import sessions, tokens
from bottega.entrance.context import ServingContext
from bottega.platform.database.pool import Connection
from bottega.web import flashes
from bottega.web.faces import Face
from bottega.web.flashes import Flash, FlashKind
from bottega.web.forms import Form, read_form
from bottega.web.redirects import local_address
from bottega.web.templates import Templates


class SignInNeeded(Exception):
    """The page is for people who are signed in: they sign in and come back."""


@dataclass(slots=True)
class Visit:
    """What an endpoint of a page works with."""

    request: Request
    context: ServingContext
    face: Face
    templates: Templates
    actor: Actor | None
    token: str | None
    flashed: list[Flash] = field(default_factory=list[Flash])
    cookies: dict[str, tuple[str, int, str]] = field(default_factory=dict[str, tuple[str, int, str]])
    _form: Form | None = None

    @property
    def is_partial(self) -> bool:
        """Whether a script asks for a part of the page, to put it into the one that is open."""
        return (
            self.request.headers.get("hx-request") == "true"
            and "hx-history-restore-request" not in self.request.headers
        )

    @property
    def is_signed_in(self) -> bool:
        """Whether this is somebody with an account, not a guest or a stranger."""
        return self.actor is not None and self.actor.role == "customer"

    @property
    def cause(self) -> Cause:
        """What actions of this visit are because of."""
        return Cause("request", self.request.state.request_id)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """A read-only connection."""
        async with self.context.database.read() as connection:
            yield connection

    async def form(self) -> Form:
        """What was sent; read once."""
        if self._form is None:
            self._form = await read_form(self.request)
        return self._form

    def shopper(self) -> Actor:
        """The customer or guest who is here; a stranger becomes a guest, whose token the answer carries."""
        if self.actor is None or self.actor.kind != "customer":
            customer_id, token = tokens.guest_token(self.context.token_key)
            self.context.known_guests.add(customer_id)
            self.carry(token, int(tokens.GUEST_LIFETIME.total_seconds()))
            self.actor = Actor("customer", customer_id, "guest")
        return self.actor

    def carry(self, token: str, lifetime_seconds: int) -> None:
        """Has the answer give the browser another token, or take it away with an empty one."""
        self.token = token or None
        keep(self, self.face.cookie, token, lifetime_seconds, path=self.face.prefix or "/")

    async def perform(self, action: Action, key: str) -> Outcome:
        """Performs an action as who is here; the same action under the same form's key happens once.

        Calls to payment gateways that the action claimed are made before this returns.
        """
        return (await self.perform_driven(action, key))[0]

    async def perform_driven(
        self, action: Action, key: str, *, by: Actor | None = None
    ) -> tuple[Outcome, list[Answer]]:
        """The same, with what the gateways said to it; `by` somebody else when the page's address proves that."""
        here = by or (staff_of(self) if self.face.audience == "staff" else self.shopper())
        outcome = await self.context.performer.perform(
            action, by=here, key=self._action_key(action, key), because=self.cause
        )
        return outcome, await self.context.effects.drive_all_claimed(outcome)

    async def done(self, action: Action, key: str) -> dict[str, Any]:
        """The result of an action; refusals and held ones are raised."""
        return (await self.perform(action, key)).unwrap()

    def flash(self, kind: FlashKind, text: str, address: str = "") -> None:
        """A message for the page that is shown next, with where there is more to see."""
        self.flashed.append(Flash(kind, text, address))

    async def page(self, template: str, *, status: int = 200, private: bool = False, **values: Any) -> Response:
        """The template with what its layout needs; `private` pages are kept nowhere, not even for the way back."""
        waiting = flashes.unsealed(self.request.cookies.get(flashes.COOKIE), self.context.token_key)
        shown = [*waiting, *self.flashed]
        self.flashed.clear()
        frame = await self.face.frame(self)
        text = self.templates.render(template, {**frame, **values, "visit": self, "flashes": shown})
        response = HTMLResponse(text, status)
        response.headers["Cache-Control"] = "no-store" if private else "private, no-cache"
        if waiting:
            response.delete_cookie(flashes.COOKIE)
        return response

    async def part(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """A piece of a page, for the script that asked for it; messages go along with it."""
        shown = list(self.flashed)
        self.flashed.clear()
        text = self.templates.render(template, {**values, "visit": self})
        if shown:
            text += self.templates.render("design/flashes_oob.html", {"flashes": shown})
        response = HTMLResponse(text, status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def redirect(self, address: str) -> Response:
        """Sends the browser to a page of ours, which it gets with GET."""
        address = local_address(address)
        if self.is_partial:
            return Response(status_code=200, headers={"HX-Redirect": address, "Cache-Control": "no-store"})
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})

    def _action_key(self, action: Action, key: str) -> str:
        """One key per form and action: a page that is sent again after going back may carry other values under its
        old key. Keyed, because the values may be personal and the key is kept in the log."""
        values = action.model_dump_json().encode()
        digest = hashlib.blake2b(values, digest_size=12, key=self.context.token_key[:64]).hexdigest()
        return f"{key}:{action.action_name()}:{digest}"

    def finish(self, response: Response) -> Response:
        """Adds what the visit leaves in the browser: the token, and messages that were not shown yet."""
        for name, (value, lifetime_seconds, path) in self.cookies.items():
            sessions.set_cookie(response, self.context, value, lifetime_seconds, name=name, path=path)
        if self.flashed:
            sealed = flashes.sealed(self.flashed, self.context.token_key)
            sessions.set_cookie(response, self.context, sealed, flashes.LIFETIME_SECONDS, name=flashes.COOKIE)
        return response


def staff_of(visit: Visit) -> Actor:
    """The colleague who is here; a stranger signs in first."""
    if visit.actor is None or visit.actor.kind != "staff":
        raise SignInNeeded
    return visit.actor


def sign_in_address(face: Face, back: str) -> str:
    """Where one signs in to come back to a page."""
    return f"{face.prefix}/sign-in?next={quote(back, safe='')}"


def keep(visit: Visit, name: str, value: str, lifetime_seconds: int, *, path: str = "/") -> None:
    """Has the answer leave a cookie that no script reads; an empty value takes it away."""
    visit.cookies[name] = (value, lifetime_seconds if value else 0, path)


def address_of(request: Request) -> str:
    """The address of this page within the shop, with its query."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def came_from(visit: Visit, default: str = "") -> str:
    """The page of ours from which the form was sent; the face's first one when nobody says."""
    default = default or visit.face.prefix or "/"
    referer = urlsplit(visit.request.headers.get("referer", ""))
    if referer.netloc != visit.request.headers.get("host"):
        return default
    return local_address(f"{referer.path}?{referer.query}" if referer.query else referer.path, default)
