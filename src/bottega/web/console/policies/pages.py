"""The policy as it stands, rule by rule and file by file, and the what-if over an edited file."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from bottega.actions.policy.pack import PolicyPack
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.actions.policy.what_if import edited_book, past_decisions, what_if
from bottega.actions.registry import registered_handlers
from bottega.kernel.errors import Invalid, NotFound
from bottega.web.console.registry import EVERYBODY, MANAGERS, deed, page
from bottega.web.console.who import names_of
from bottega.web.visit import Visit

PLACE = "/console/policies"
CHOICES = (100, 200, 500, 1000)
SHOWN_CHANGES = 200
SHOWN_CASES = 30


async def show(visit: Visit) -> Response:
    """Packs with their rules, and how many actions each rule can apply to."""
    book = visit.context.policy
    handlers = registered_handlers()
    reach = {
        rule.rule_id: sum(rule.can_apply(name, handler.action.groups) for name, handler in handlers.items())
        for pack in book.packs
        for rule in pack.rules
    }
    return await visit.page(
        "console/policies/policies.html",
        private=True,
        book=book,
        families=[(pack, _families(pack)) for pack in book.packs],
        reach=reach,
        groups=book.groups(),
    )


async def show_file(visit: Visit) -> Response:
    """One file as it stands, to be edited for a what-if."""
    pack, text = _file(visit)
    return await _file_page(visit, pack, text.replace("\n@id", "\n\n@id"), {})


async def try_out(visit: Visit) -> Response:
    """What the last decisions would be under the edited text; the policy stays as it is."""
    form = await visit.form()
    pack, _ = _file(visit)
    text = form.exact("text").replace("\r\n", "\n")
    number = form.number("number", CHOICES[1])
    if number not in CHOICES:
        raise Invalid("bad_number", f"Choose one of {', '.join(map(str, CHOICES))} decisions.")
    actions = {name: handler.action.groups for name, handler in registered_handlers().items()}
    try:
        edited = edited_book(visit.context.policy, pack.name, visit.request.path_params["file"], text, actions)
    except PolicyPackRejected as rejected:
        return await _file_page(visit, pack, text, {"rejected": str(rejected), "number": number}, status=422)
    async with visit.read() as connection:
        past = await past_decisions(connection, limit=number)
        # A book of its own: what is kept of its answers is not shared with the thread.
        now = visit.context.policy.knowing(actions)
        found = await asyncio.to_thread(what_if, now, past, edited)
        names = await names_of(connection, [one.past.actor.id for one in found.changed[:SHOWN_CHANGES]])
    return await _file_page(visit, pack, text, {"found": found, "names": names, "number": number})


def _file(visit: Visit) -> tuple[PolicyPack, str]:
    parameters = visit.request.path_params
    for pack in visit.context.policy.packs:
        texts = dict(pack.texts)
        if pack.name == parameters["pack"] and parameters["file"] in texts:
            return pack, texts[parameters["file"]]
    raise NotFound("no_such_policy_file", "There is no such file in the policy.")


def _families(pack: PolicyPack) -> list[tuple[str, list[Any]]]:
    """The pack's rules by the first part of their id, which is their family."""
    found: dict[str, list[Any]] = {}
    for rule in pack.rules:
        found.setdefault(rule.rule_id.partition(".")[0], []).append(rule)
    return list(found.items())


async def _file_page(
    visit: Visit, pack: PolicyPack, text: str, tried: Mapping[str, Any], *, status: int = 200
) -> Response:
    return await visit.page(
        "console/policies/file.html",
        status=status,
        private=True,
        pack=pack,
        file=visit.request.path_params["file"],
        text=text,
        choices=CHOICES,
        number=tried.get("number", CHOICES[1]),
        rejected=tried.get("rejected", ""),
        found=tried.get("found"),
        names=tried.get("names", {}),
        shown_changes=SHOWN_CHANGES,
        shown_cases=SHOWN_CASES,
    )


PAGES = (
    page("/policies", show, EVERYBODY),
    page("/policies/{pack}/{file}", show_file, EVERYBODY),
    deed("/policies/{pack}/{file}/what-if", try_out, MANAGERS),
)
