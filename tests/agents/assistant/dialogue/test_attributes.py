"""What a description says is passed on only as far as the product's own record vouches for its figures."""

from bottega.agents.assistant.dialogue.attributes import in_words, vouched

LAMP = {"description": "Ninety hours.", "attributes": {"run_time_hours": 90}, "variants": [{"weight_grams": 84}]}


def test_figures_of_a_supplier_need_the_record() -> None:
    sentences = ["It shines for ninety hours.", "The blade has eight centimetres.", "Nice in the hand."]
    assert vouched(sentences, LAMP) == ["It shines for ninety hours.", "Nice in the hand."]


def test_amounts_in_a_description_are_never_passed_on() -> None:
    assert vouched(["Worth 90 euro.", "Was 90 % recycled."], LAMP) == []


def test_units_of_names_stand_behind_their_values() -> None:
    assert in_words("run_time_hours", 90) == "run time: 90 hours"
    assert in_words("fabric_weight_g_m2", 90) == "fabric weight: 90 g/m²"
