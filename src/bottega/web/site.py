"""The application of the pages: every face's routes, who is visiting, and what a visitor sees when something fails."""

from pathlib import Path

import asyncpg
import structlog
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from bottega.actions.actor import Actor
from bottega.actions.refusals import refusal_of_database
from bottega.entrance import tokens
from bottega.entrance.client_address import client_address
from bottega.entrance.context import ServingContext
from bottega.entrance.identity import actor_of_token
from bottega.entrance.refusals import status_of
from bottega.kernel.errors import NotFound, Refusal, Unavailable
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.web import console, storefront
from bottega.web.assets import PREFIX, Assets
from bottega.web.envelope import PageEnvelope
from bottega.web.faces import Face, Page
from bottega.web.redirects import local_address
from bottega.web.templates import Templates
from bottega.web.visit import SignInNeeded, Visit, address_of, came_from, sign_in_address

log = structlog.get_logger(__name__)

LONGEST_TOKEN_CHARACTERS = 200
# The longest prefix first: the storefront's is empty.
FACES: tuple[Face, ...] = (console.FACE, storefront.FACE)
SMALLEST_COMPRESSED_BYTES = 800


class Pages:
    """What pages need beside a shop: made once, before there are processes, and shared by them."""

    def __init__(self, compiled_folder: Path | None = None) -> None:
        self.assets = Assets({face.name: face.asset_folders for face in FACES})
        self.templates = Templates(self.assets, {**storefront.WORDS, **console.WORDS}, compiled_folder)
        self.templates.compile_all()


class Site:
    """The ASGI application of every address that is not the API's."""

    def __init__(self, context: ServingContext, pages: Pages) -> None:
        self._context = context
        self._pages = pages
        # One for each face, so that no shopper waits while the addresses of the console are tried.
        self._routers = [(face, self._router_of(face)) for face in FACES]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            found = self._pages.assets.answer(Request(scope))
            if found is not None:
                await found(scope, receive, send)
                return
        path = scope.get("path", "/")
        router = next((router for face, router in self._routers if face.holds(path)), self._routers[-1][1])
        await router(scope, receive, send)

    def _router_of(self, face: Face) -> Router:
        routes = [
            Route(f"{face.prefix}{page.path}", self._answering(face, page), methods=[page.method])
            for page in face.pages
        ]
        looked_at = {page.path for page in face.pages if page.method == "GET"}
        only_sent = {page.path for page in face.pages} - looked_at
        above = _to_the_page_above(face)
        routes += [Route(face.prefix + path, above, methods=["GET"]) for path in sorted(only_sent)]
        return Router(routes, redirect_slashes=False, default=self._otherwise)

    def _answering(self, face: Face, page: Page) -> ASGIApp:
        async def answer(request: Request) -> Response:
            visit = await self._visit(request, face, is_public=page.is_public)
            try:
                response = await page.endpoint(visit)
            except SignInNeeded:
                is_whole = request.method == "GET" and not visit.is_partial
                back = address_of(request) if is_whole else came_from(visit)
                response = visit.redirect(sign_in_address(face, back))
            except Exception as error:  # noqa: BLE001 - shown as a page; what is no refusal is logged there
                response = await _failed(visit, error)
            return visit.finish(response)

        return answer  # pyright: ignore[reportReturnType] - Route wraps functions of a request itself

    async def _visit(self, request: Request, face: Face, *, is_public: bool = False) -> Visit:
        """Who comes: a token that stands for nobody is taken away, and counted like a wrong password."""
        token = request.cookies.get(face.cookie)
        visit = Visit(request, self._context, face, self._pages.templates, None, token)
        if not token or is_public:
            return visit
        if len(token) <= LONGEST_TOKEN_CHARACTERS:
            visit.actor = _belonging(face, token, await actor_of_token(self._context, token))
        if visit.actor is None:
            self._context.rate_limits.count_refused_token(client_address(request.scope, self._context.trusted_proxies))
            visit.carry("", 0)
        return visit

    async def _otherwise(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        request = Request(scope, receive)
        face = next((face for face in FACES if face.holds(request.url.path)), FACES[-1])
        visit = await self._visit(request, face)
        missing = NotFound("no_such_page", "There is no page at this address.")
        await visit.finish(await _failed(visit, missing))(scope, receive, send)


def create_site(context: ServingContext, pages: Pages | None = None) -> ASGIApp:
    """The pages of one web process, with everything around them."""
    site = Site(context, pages or Pages())
    return PageEnvelope(GZipMiddleware(site, minimum_size=SMALLEST_COMPRESSED_BYTES, compresslevel=5), context, FACES)


def _to_the_page_above(face: Face) -> ASGIApp:
    """Where an address leads that forms are sent to and nobody looks at: a reload, or the way back after a refusal."""
    shown = [compile_path(face.prefix + page.path)[0] for page in face.pages if page.method == "GET"]

    async def answer(request: Request) -> Response:
        address = request.url.path.rpartition("/")[0]
        while len(address) > len(face.prefix) and not any(pattern.match(address) for pattern in shown):
            address = address.rpartition("/")[0]
        return RedirectResponse(local_address(address or "/"), 303, {"Cache-Control": "no-store"})

    return answer  # pyright: ignore[reportReturnType] - Route wraps functions of a request itself


def _belonging(face: Face, token: str, actor: Actor | None) -> Actor | None:
    """Who the token stands for here: pages for staff know people with a session, and neither customers nor keys."""
    if face.audience != "staff":
        return actor
    is_person = actor is not None and actor.kind == "staff" and token.startswith(tokens.SESSION)
    return actor if is_person else None


async def _failed(visit: Visit, error: Exception) -> Response:
    """What did not work, said where the visitor is: on the page the form came from, or on a page of its own."""
    refusal = _refusal_of(visit, error)
    status = 500 if isinstance(refusal, _Bug) else status_of(refusal)
    words = visit.face.words(refusal)
    visit.flashed.clear()
    if visit.is_partial:
        visit.flash("error", words)
        response = await visit.part("design/nothing.html", status=status)
        response.headers["HX-Reswap"] = "none"
        return response
    if visit.request.method == "POST" and refusal.category in ("invalid", "conflict", "not_found"):
        visit.flash("error", words)
        return visit.redirect(came_from(visit))
    try:
        return await visit.page(
            visit.face.failure_template, status=status, private=True, refusal=refusal, words=words, failed_status=status
        )
    except Exception as second:  # noqa: BLE001 - the layout's own reads fail with the database
        log.warning("failure_page_failed", error=type(second).__name__)
        text = visit.templates.render("design/bare_failure.html", {"words": words})
        return Response(text, status, {"Cache-Control": "no-store"}, "text/html; charset=utf-8")


class _Bug(Unavailable):
    """Something is wrong in the shop itself; shown as 500."""


def _refusal_of(visit: Visit, error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, asyncpg.DataError):
        return refusal_of_database(error)
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | OSError | TimeoutError) and (
        is_connection_loss(error)
    ):
        log.warning("database_away", error=type(error).__name__)
        return Unavailable("database_away", "The shop cannot be read now.", retry_after_seconds=2)
    request_id = visit.request.state.request_id
    log.error("page_failed", request_id=request_id, path=visit.request.url.path, exc_info=error)
    return _Bug("internal_error", "Something is wrong in the shop itself.", request_id=request_id)
