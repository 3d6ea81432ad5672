"""The page that is open while somebody talks: its product is what "this one" means, until others are shown."""

from collections.abc import Mapping

from bottega.agents.assistant.dialogue.json_values import record
from bottega.agents.assistant.dialogue.products import item
from bottega.agents.assistant.dialogue.state import Json, State
from bottega.agents.chat.on_screen import ON_SCREEN


def looking_at(state: State, context: Mapping[str, Json]) -> State:
    """The state with the page's product shown, when it is another than when the customer last spoke."""
    product = record(record(context.get("slots")).get(ON_SCREEN))
    handles = record(context.get("handles"))
    handle = next((name for name, known in handles.items() if known == product.get("id")), None) if product else None
    if handle is None or handle == state.on_screen:
        return state
    shown = item({**product, "id": handle})
    return state.showing((shown,)).model_copy(update={"on_screen": handle})
