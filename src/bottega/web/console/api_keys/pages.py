"""The list of API keys, and what the owner does about it."""

from datetime import timedelta
from typing import get_args

from starlette.responses import Response

from bottega.actions.outcome import Done
from bottega.actions.registry import registered_handlers
from bottega.entrance import tokens
from bottega.platform.database.pool import Connection
from bottega.shop.staff.actions import CreateApiKey, RevokeApiKey, bind_token
from bottega.shop.staff.actions.api_keys import READ_SCOPE
from bottega.shop.staff.model import StaffRole
from bottega.shop.staff.queries import list_api_keys
from bottega.web.console.asking import asked
from bottega.web.console.doing import chosen_of, do, do_each, tell
from bottega.web.console.registry import OWNERS, PEOPLE, deed, offered, page
from bottega.web.console.shown import words
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Key"),
    Column("Acts as"),
    Column("May"),
    Column("Made"),
    Column("Last used"),
    Column("Ends"),
    Column("State"),
)
FILTERS = (Filter("state", "Show", (("", "In force"), ("all", "All keys"))),)
BULK = (BulkDeed("Revoke", "/console/api-keys/revocations", asks="End the chosen keys at once?", tone="danger"),)
MOST_KEYS = 500
LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Until it is revoked")]


async def show_all(visit: Visit) -> Response:
    """The keys; tokens are shown once, when they are made."""
    return await _page(visit, token="", name="")


async def _page(visit: Visit, *, token: str, name: str) -> Response:
    now = visit.context.clock.now()
    asked_for = asked_of(visit, sorts=("made",), default="-made", filters=FILTERS)
    async with visit.read() as connection:
        keys = list(reversed(await list_api_keys(connection, limit=MOST_KEYS)))
    if not asked_for.chosen["state"]:
        keys = [key for key in keys if key.revoked_at is None and (key.expires_at is None or key.expires_at > now)]
    shown = keys[asked_for.offset : asked_for.offset + asked_for.limit]
    return await visit.page(
        "console/api_keys/list.html",
        private=True,
        keys=WorkList(
            "API keys",
            asked_for,
            COLUMNS,
            shown,
            filters=FILTERS,
            deeds=offered(visit, OWNERS, BULK),
            nothing="No key is in force.",
        ),
        token=token,
        token_name=name,
        roles=[(role, words(role)) for role in get_args(StaffRole)],
        scopes=scopes(),
        lifetimes=LIFETIMES,
    )


def scopes() -> list[str]:
    """What a key may be narrowed to: reading, and every group of actions."""
    return [
        READ_SCOPE,
        *sorted({group for handler in registered_handlers().values() for group in handler.action.groups}),
    ]


async def create(visit: Visit) -> Response:
    """Makes a key and shows its token on the page that answers, this once."""
    form = await visit.form()
    days = form.number("days")
    action = asked(
        CreateApiKey,
        name=form.text("name"),
        role=form.text("role"),
        scopes=["*"] if form.is_ticked("everything") else list(form.texts("scope")),
        expires_at=visit.context.clock.now() + timedelta(days=days) if days > 0 else None,
    )
    token, digest = tokens.random_token(tokens.API_KEY)

    async def bind(connection: Connection) -> None:
        await bind_token(connection, digest)

    outcome = await visit.context.performer.perform(
        action, by=staff_of(visit), key=form.key, because=visit.cause, alongside=bind
    )
    if isinstance(outcome, Done) and not outcome.repeated:
        return await _page(visit, token=token, name=action.name)
    tell(visit, outcome, "This form was sent already: the key is there, and its token was shown then.")
    return visit.redirect("/console/api-keys")


async def revoke(visit: Visit) -> Response:
    action = asked(RevokeApiKey, key_id=visit.request.path_params["key_id"])
    return await do(visit, action, "The key opens nothing any more.")


async def revoke_each(visit: Visit) -> Response:
    chosen = chosen_of(await visit.form())
    async with visit.read() as connection:
        names = {key.id: key.name for key in await list_api_keys(connection, limit=MOST_KEYS) if key.id in chosen}
    return await do_each(visit, lambda row: asked(RevokeApiKey, key_id=row), "Revoked.", names=names)


PAGES = (
    page("/api-keys", show_all, PEOPLE),
    deed("/api-keys", create, OWNERS),
    deed("/api-keys/revocations", revoke_each, OWNERS),
    deed("/api-keys/{key_id}/revocation", revoke, OWNERS),
)
