"""What the assistant says by itself claims nothing that only a tool's read-back could prove."""

import pytest

from bottega.agents.assistant.language.phrases import phrasings, say
from bottega.runtime.guard.claims import GENERAL_CLAIMS, claims_in

# Said of what a tool of this turn did, or of what a record shows.
SAID_OF_DEEDS = ("cart.", "buy.", "order.", "cancel.", "amend.", "address.", "send_back.", "hand_over.", "refund.")
FURTHER_CLAIMS = frozenset(
    {"taken", "set", "returned", "cancelled", "refunded", "paid", "placed", "exchanged", "noted"}
)
OTHERS = {
    key: texts for key, texts in phrasings().items() if not key.startswith(SAID_OF_DEEDS) and key != "account.ask_code"
}


@pytest.mark.parametrize("key", OTHERS)
def test_talk_claims_no_deed(key: str) -> None:
    for text in OTHERS[key]:
        assert list(claims_in(text, GENERAL_CLAIMS | FURTHER_CLAIMS)) == [], text


def test_a_phrase_is_chosen_by_its_seed_and_filled_in() -> None:
    said = {
        say("cart.comes_to_less", {"goods": "119.00 EUR", "discount": "5.00 EUR", "total": "114.00 EUR"}, str(n))
        for n in range(20)
    }
    assert said == {
        "That is 119.00 EUR, less 5.00 EUR discount: 114.00 EUR.",
        "The goods are 119.00 EUR; with 5.00 EUR off it comes to 114.00 EUR.",
    }
