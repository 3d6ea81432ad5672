"""What is said to messages that want nothing of the shop: greetings, thanks, questions about the assistant, insults."""

from bottega.agents.assistant.dialogue.move import phrase
from bottega.agents.assistant.dialogue.state import Asked, Reply, State
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.greetings import greeted_in

INSULTS_BEFORE_OFFER = 2
NOT_UNDERSTOOD_BEFORE_OFFER = 2
HELP_CHOICES = ("Find something", "Track an order", "Return something", "Ask a colleague")

_PLAIN = {
    "thanks": "talk.welcome",
    "goodbye": "talk.goodbye",
    "help": "talk.help",
    "out_of_scope": "talk.out_of_scope",
    "system_prompt_probe": "talk.probe",
    "other_person_data": "talk.other_person",
    "preference": "talk.noted",
    "confirm_yes": "talk.yes_to_what",
    "confirm_no": "talk.all_right",
    "drop": "talk.dropped",
    "no_account": "account.none_needed",
    "asked_how_long": "hand_over.when",
    "noted_for_colleague": "hand_over.noted",
    "order_place": "talk.what_to_buy",
    "more_results": "talk.what_to_buy",
    "give_details": "talk.details_for_what",
}


def answer_in_talk(intent: str, text: str, state: State) -> tuple[State, Reply] | None:
    """The reply to an intent of talk, or None when the intent is none."""
    match intent:
        case "greeting":
            language = greeted_in(text)
            key = (
                "talk.hello_again" if state.greeted else "talk.hello" if language == "en" else f"talk.hello_{language}"
            )
            return state.model_copy(update={"greeted": True}), Reply(
                parts=(phrase(key),), choices=() if state.greeted else HELP_CHOICES
            )
        case "small_talk":
            return state, Reply(parts=(phrase(_small_talk(text)),))
        case "abuse":
            return _insulted(state)
        case "complaint" | "payment_problem":
            offer = Asked(what="offer", option="handover", about=intent)
            return state, Reply(parts=(phrase(f"talk.{intent}"),), choices=("Yes, please", "No"), asked=offer)
        case "review":
            return state, Reply(parts=(phrase("talk.review"),))
        case "repeat":
            return state, Reply(parts=(phrase("talk.again"),))
        case "help":
            return state, Reply(parts=(phrase("talk.help"),), choices=HELP_CHOICES)
        case "order_place" | "more_results":
            return state, Reply(parts=(phrase(_PLAIN[intent]),), asked=Asked(what="product"))
        case _:
            key = _PLAIN.get(intent)
            return None if key is None else (state, Reply(parts=(phrase(key),)))


def _small_talk(text: str) -> str:
    return "talk.what_i_am" if says(text, "people.about_assistant") else "talk.small"


def _insulted(state: State) -> tuple[State, Reply]:
    state = state.model_copy(update={"insulted": state.insulted + 1})
    if state.insulted < INSULTS_BEFORE_OFFER:
        return state, Reply(parts=(phrase("talk.abuse"),))
    offer = Asked(what="offer", option="handover")
    return state, Reply(parts=(phrase("talk.abuse_again"),), choices=("Yes, a colleague", "No"), asked=offer)


# How intents are named when the customer is asked which one is meant.
MEANT = {
    "product_search": "Find something",
    "product_question": "A question about a product",
    "cart_add": "Put something into the cart",
    "cart_change": "Change the cart",
    "cart_show": "Show my cart",
    "checkout": "Check out",
    "order_status": "Track an order",
    "order_cancel": "Cancel an order",
    "order_amend": "Change an order",
    "address_change": "Change a delivery address",
    "return_request": "Return something",
    "exchange": "Exchange something",
    "refund": "Where my refund is",
    "policy_shipping": "Delivery times and costs",
    "policy_returns": "How returns work",
    "policy_refund": "How refunds work",
    "policy_payment": "Ways to pay",
    "policy_warranty": "Warranty and repairs",
    "handover": "Ask a colleague",
    "stock_question": "Whether something is in stock",
    "invoice": "An invoice",
    "compare": "Compare products",
    "coupon": "Use a discount code",
}


def not_understood(state: State, guesses: tuple[str, ...]) -> tuple[State, Reply]:
    """Asks what was meant, with the likeliest as buttons; the second time in a row a colleague is offered."""
    state = state.model_copy(update={"not_understood": state.not_understood + 1})
    named = tuple(MEANT[intent] for intent in guesses if intent in MEANT)[:2]
    if state.not_understood >= NOT_UNDERSTOOD_BEFORE_OFFER:
        offer = Asked(what="offer", option="handover")
        return state, Reply(
            parts=(phrase("talk.not_understood_again"),), choices=(*named, "Ask a colleague"), asked=offer
        )
    key = "talk.which_of_these" if named else "talk.not_understood"
    return state, Reply(parts=(phrase(key),), choices=(*named, "Ask a colleague") if named else HELP_CHOICES)
