"""Doing something from a page of the console: one action, or one action for each chosen row, and what is said of it."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from bottega.kernel.errors import Invalid
from bottega.web.visit import Visit, came_from
from bottega.web.wording import count

MOST_AT_ONCE = 100
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


async def do_each(visit: Visit, action_of: Callable[[str], Action], said: str, *, then: str = "") -> Response:
    """The same for every chosen row of a list; each is an action of its own, and one refusal stops no other."""
    form = await visit.form()
    chosen = list(dict.fromkeys(form.texts(CHOSEN_FIELD)))
    if not chosen:
        raise Invalid("nothing_chosen", "No row is chosen.", next_step="Tick the rows that you mean first.")
    if len(chosen) > MOST_AT_ONCE:
        raise Invalid("too_many_chosen", f"At most {MOST_AT_ONCE} rows can be changed at once.")
    try:
        actions = [action_of(row) for row in chosen]
    except ValidationError:
        raise Invalid("form_unclear", "A chosen row has no id.", next_step="Load the page again.") from None
    outcomes = [await visit.perform(action, form.key) for action in actions]
    tell_all(visit, outcomes, said)
    return visit.redirect(then or came_from(visit))


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


def tell_all(visit: Visit, outcomes: Sequence[Outcome], said: str) -> None:
    """Messages about several outcomes: how many were done, how many wait, and why the first of the others was not."""
    done = sum(isinstance(outcome, Done) for outcome in outcomes)
    held = [outcome for outcome in outcomes if isinstance(outcome, Held)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Denied | Failed)]
    if done:
        visit.flash("done", f"{said} ({done} of {len(outcomes)})" if len(outcomes) > 1 else said)
    if held:
        visit.flash("note", f"{count(len(held), 'row')} wait for approval.", "/console/approvals")
    if refused:
        first = refused[0]
        refusal = first.as_refusal() if isinstance(first, Denied) else first.refusal
        visit.flash("error", f"{count(len(refused), 'row')} not changed: {visit.face.words(refusal)}")


def approval_of(held: Held) -> str:
    """Where the held action is decided."""
    return f"/console/approvals/{held.approval_id}"
