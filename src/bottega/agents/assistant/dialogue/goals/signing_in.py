"""Signing in by a code that is sent to the customer's address; nothing of an account is read before that."""

from bottega.agents.assistant.dialogue.here import Here, refused
from bottega.agents.assistant.dialogue.move import Call, Step, ask, finish, need, phrase, verbatim
from bottega.agents.assistant.dialogue.state import Asked, Goal, State

# The way out of the question for an account.
NO_ACCOUNT = ("I have no account",)


def advance(state: State, goal: Goal, here: Here) -> Step:
    """Asks for the address, has a code sent, asks for the code; without these tools asks to sign in on the page."""
    known = here.identity(state)
    if isinstance(known, Step):
        return known
    if known and here.results.done("enter_sign_in_code") is None:
        return Step(state.without(goal.id), done=True)
    if not (here.results.offers("request_sign_in_code") and here.results.offers("enter_sign_in_code")):
        return ask(state, goal, Asked(what="sign_in"), phrase("account.sign_in_on_page"))
    email = goal.slot("email") or state.email
    if not email:
        return ask(state, goal, Asked(what="email"), phrase("account.ask_email"), choices=NO_ACCOUNT)
    code = goal.slot("code")
    if code is not None:
        return _entered(state, goal, here, str(email), str(code))
    if not goal.slot("sent"):
        sending = here.results.fitting(Call("request_sign_in_code", {"email": email}))
        result = here.changed(sending)
        if result is None:
            return need(state, sending)
        if result.failed:
            goal = goal.having(email=None)
            return ask(
                state.with_changed(goal).model_copy(update={"email": ""}),
                goal,
                Asked(what="email"),
                verbatim(result.refusal),
            )
        goal = goal.having(sent=True, email=email)
        return ask(
            state.with_changed(goal),
            goal,
            Asked(what="code"),
            phrase("account.ask_code", email=str(email)),
            choices=NO_ACCOUNT,
        )
    # That it was sent is said once, when it was.
    return ask(state, goal, Asked(what="code"), phrase("account.ask_code_again", email=str(email)), choices=NO_ACCOUNT)


def _entered(state: State, goal: Goal, here: Here, email: str, code: str) -> Step:
    entering = here.results.fitting(Call("enter_sign_in_code", {"email": email, "code": code}))
    result = here.changed(entering)
    if result is None:
        return need(state, entering)
    if result.failed:
        goal = goal.having(code=None)
        return ask(state.with_changed(goal), goal, Asked(what="code"), *refused(result))
    return finish(state, goal, phrase("account.signed_in"))
