"""Doing something from a page of the console: one action, or one action for each chosen row, and what is said of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from bottega.kernel.errors import Invalid
from bottega.web.flashes import LONGEST_TEXT
from bottega.web.forms import Form
from bottega.web.visit import Visit, came_from
from bottega.web.wording import count

MOST_AT_ONCE = 100
NAMES_SHOWN = 5
CHOSEN_FIELD = "chosen"

Wanted = TypeVar("Wanted", bound=Action)


async def do(visit: Visit, action: Action, said: str, *, then: str = "") -> Response:
    """Performs the action under the form's key, says what became of it, and shows `then` or the page it came from."""
    form = await visit.form()
    tell(visit, await visit.perform(action, form.key), said)
    return visit.redirect(then or came_from(visit))


def made(kind: type[Wanted], **values: Any) -> Wanted:
    """The action of these values; `Invalid` for values that no page of ours would send, such as a cut-off id."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(item["loc"][0]) for item in error.errors() if item["loc"]}))
        raise Invalid("form_unclear", f"This form cannot be read: {wrong}.", next_step="Load the page again.") from None


async def do_each(
    visit: Visit,
    action_of: Callable[[str], Action],
    said: str,
    *,
    then: str = "",
    names: Mapping[str, str] | None = None,
    rows: Sequence[str] | None = None,
) -> Response:
    """The same for every chosen row of a list; each is an action of its own, and one refusal stops no other.

    `names` say what people call the rows; without one a refusal speaks for itself. `rows` stand in for the chosen
    ones where an action is about what belongs to them.
    """
    form = await visit.form()
    chosen = chosen_of(form) if rows is None else rows
    try:
        actions = [action_of(row) for row in chosen]
    except ValidationError:
        raise Invalid("form_unclear", "A chosen row has no id.", next_step="Load the page again.") from None
    outcomes = [await visit.perform(action, form.key) for action in actions]
    tell_all(visit, outcomes, said, [(names or {}).get(row, "") for row in chosen])
    return visit.redirect(then or came_from(visit))


def chosen_of(form: Form) -> list[str]:
    """The rows that were ticked, each once; raises `Invalid` for none and for too many."""
    chosen = list(dict.fromkeys(form.texts(CHOSEN_FIELD)))
    if not chosen:
        raise Invalid("nothing_chosen", "No row is chosen.", next_step="Tick the rows that you mean first.")
    if len(chosen) > MOST_AT_ONCE:
        raise Invalid("too_many_chosen", f"At most {MOST_AT_ONCE} rows can be changed at once.")
    return chosen


def tell(visit: Visit, outcome: Outcome, said: str) -> None:
    """A message about one outcome."""
    match outcome:
        case Done():
            visit.flash("done", said)
        case Held():
            why = " ".join(outcome.reasons)
            visit.flash(
                "note", f"Nothing has changed yet: this waits for approval. {why}".strip(), approval_of(outcome)
            )
        case Denied():
            visit.flash("error", visit.face.words(outcome.as_refusal()))
        case Failed():
            visit.flash("error", visit.face.words(outcome.refusal))


def tell_all(visit: Visit, outcomes: Sequence[Outcome], said: str, names: Sequence[str] = ()) -> None:
    """Messages about several outcomes: how many were done, how many wait, and which were not and why."""
    done = sum(isinstance(outcome, Done) for outcome in outcomes)
    held = [outcome for outcome in outcomes if isinstance(outcome, Held)]
    if done:
        visit.flash("done", f"{said} ({done} of {len(outcomes)})" if len(outcomes) > 1 else said)
    if len(held) == 1:
        visit.flash("note", "Nothing has changed there yet: 1 row waits for approval.", approval_of(held[0]))
    elif held:
        visit.flash("note", f"{len(held)} rows wait for approval.", "/console/approvals")
    why = _refused(visit, outcomes, names)
    if why:
        number = sum(len(rows) for rows in why.values())
        visit.flash("error", f"{count(number, 'row')} not changed: {_reasons(why)}")


def _refused(visit: Visit, outcomes: Sequence[Outcome], names: Sequence[str]) -> dict[str, list[str]]:
    """The names of the rows that were refused, by what was said of them."""
    why: dict[str, list[str]] = {}
    for number, outcome in enumerate(outcomes):
        if isinstance(outcome, Denied | Failed):
            refusal = outcome.as_refusal() if isinstance(outcome, Denied) else outcome.refusal
            why.setdefault(visit.face.words(refusal), []).append(names[number] if number < len(names) else "")
    return why


def _reasons(why: Mapping[str, Sequence[str]]) -> str:
    """Every reason once, behind the rows that it holds for; as many as a message has room for."""
    told: list[str] = []
    left = LONGEST_TEXT - 60
    for number, (words, rows) in enumerate(why.items()):
        named = [row for row in rows if row]
        shown = ", ".join(named[:NAMES_SHOWN]) + (f" and {len(named) - NAMES_SHOWN} more" * (len(named) > NAMES_SHOWN))
        text = f"{shown}: {words}" if shown else words
        if told and left < len(text):
            return f"{' '.join(told)} And {count(len(why) - number, 'other reason')}."
        told.append(text)
        left -= len(text)
    return " ".join(told)


def approval_of(held: Held) -> str:
    """Where the held action is decided."""
    return f"/console/approvals/{held.approval_id}"
