"""What is refused by its name makes room for what is meant."""

from bottega.agents.assistant.dialogue.refusing import other_than_refused
from bottega.agents.assistant.dialogue.state import Item, State
from bottega.agents.assistant.language.slots.corrections import correction

FOOTPRINT = Item(handle="product_1", title="Alder Nine Footprint")
TENT = Item(handle="product_2", title="Alder Nine Ultralight Tent")
TUNNEL = Item(handle="product_3", title="Storm Petrel Tunnel Tent")
COMPARED = State(
    shown=(FOOTPRINT, TUNNEL), focus=("product_1", "product_3"), seen=(TENT,), asked_of="which is heavier?"
)


def test_the_comparison_is_made_anew_with_the_other_of_its_line() -> None:
    state = other_than_refused(COMPARED, correction("not the footprint, the tent!"))
    assert state is not None
    (goal,) = state.goals
    assert (goal.kind, goal.slot("products"), goal.words) == (
        "compare",
        ["product_2", "product_3"],
        "which is heavier?",
    )


def test_a_question_about_one_is_asked_of_the_other() -> None:
    asked = State(shown=(FOOTPRINT,), focus=("product_1",), seen=(TENT,), asked_of="how heavy is it?")
    state = other_than_refused(asked, correction("not the footprint, the tent"))
    assert state is not None
    assert (state.goals[0].kind, state.goals[0].slot("product")) == ("advise", "product_2")


def test_what_was_never_shown_cannot_be_refused() -> None:
    assert other_than_refused(COMPARED, correction("not the kettle, the tent")) is None
    assert other_than_refused(COMPARED, correction("not in blue, in red")) is None
    assert other_than_refused(COMPARED, None) is None
