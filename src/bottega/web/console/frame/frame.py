"""What stands around every page of the console: where one can go, what waits, and who is signed in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bottega.shop import shop_settings
from bottega.web.appearance import chosen_theme
from bottega.web.console.frame.queries import waiting_for_people
from bottega.web.console.navigation import deeds_for, here, paths_for, sections_for
from bottega.web.console.registry import EVERYBODY, PEOPLE
from bottega.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Colleague:
    """Who is signed in."""

    id: str
    name: str | None
    role: str


async def frame(visit: Visit) -> Mapping[str, Any]:
    """Names that every template of the console may use; without a colleague only the shop's."""
    now = visit.context.clock.now()
    actor = visit.actor
    waiting: dict[str, int] = defaultdict(int)
    colleague: Colleague | None = None
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        if actor is not None and actor.role in EVERYBODY:
            found = await waiting_for_people(connection, actor.id, now)
            colleague = Colleague(actor.id, found.name, actor.role)
            if actor.role in PEOPLE:
                waiting |= {"approvals": found.approvals, "conversations": found.conversations, "dead": found.dead}
    return {
        "shop": settings,
        "theme": chosen_theme(visit),
        "now": now,
        "colleague": colleague,
        "role": "" if colleague is None else colleague.role,
        "sections": [] if colleague is None else sections_for(colleague.role, visit.face.pages),
        # What links may lead to: pages that are there for this role.
        "places": paths_for("" if colleague is None else colleague.role, visit.face.pages),
        # Which buttons are worth showing: forms that this role may send.
        "deeds": deeds_for("" if colleague is None else colleague.role, visit.face.pages),
        "here": here(visit.request.url.path, visit.face.prefix),
        "waiting": waiting,
        "waiting_total": sum(waiting.values()),
    }
