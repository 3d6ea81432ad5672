"""Attributes as a table shows them."""

from bottega.web.storefront.goods.facts import facts_of


def test_names_become_words_and_figures_get_their_unit() -> None:
    assert facts_of(
        {
            "fill_weight_grams": 145,
            "fabric_weight_g_m2": 130,
            "temperature_comfort_celsius": -8,
            "flow_litres_per_minute": 1.5,
            "waterproof_mm": 20000,
            "rope_diameter_mm": "8.5 to 11",
            "hood": True,
            "vegan": False,
            "activity": ["hiking", "camping"],
            "r_value": 4.2,
            "GPS type": "none",
            "made_in": 2025,
        }
    ) == [
        ("Fill weight", "145 g"),
        ("Fabric weight", "130 g/m²"),
        ("Temperature comfort", "−8 °C"),
        ("Flow", "1.5 l/min"),
        ("Waterproof", "20,000 mm"),
        ("Rope diameter", "8.5 to 11 mm"),
        ("Hood", "Yes"),
        ("Vegan", "No"),
        ("Activity", "hiking, camping"),
        ("R value", "4.2"),
        ("GPS type", "none"),
        ("Made in", "2025"),
    ]
