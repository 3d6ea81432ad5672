"""What is known beside the words: the product whose page is open, and the products that the message names."""

from collections.abc import Mapping

from bottega.agents.assistant.dialogue.json_values import record, records, values
from bottega.agents.assistant.dialogue.products import item
from bottega.agents.assistant.dialogue.state import SEEN_LIMIT, Item, Json, Mention, State
from bottega.agents.assistant.named_products import NAMED_PRODUCTS
from bottega.agents.chat.on_screen import ON_SCREEN


def looking_at(state: State, context: Mapping[str, Json]) -> State:
    """The state with the page's product shown, when it is another than when the customer last spoke: "this one" means
    it until others are shown."""
    product = record(record(context.get("slots")).get(ON_SCREEN))
    handles = record(context.get("handles"))
    handle = next((name for name, known in handles.items() if known == product.get("id")), None) if product else None
    if handle is None or handle == state.on_screen:
        return state
    shown = item({**product, "id": handle})
    return state.showing((shown,)).model_copy(update={"on_screen": handle})


def mentioning(state: State, context: Mapping[str, Json]) -> State:
    """The state with the products that the newest message names, which may be spoken about from now on."""
    found = record(record(context.get("slots")).get(NAMED_PRODUCTS))
    known_words = tuple(str(word) for word in values(found.get("known_words"))) if found else None
    handles = {str(known): name for name, known in record(context.get("handles")).items()}
    mentions: list[Mention] = []
    items: dict[str, Item] = {}
    for one in records(found.get("named")):
        fitting, others = (
            [
                item({**product, "id": handles[str(product.get("id"))]})
                for product in records(one.get(kind))
                if str(product.get("id")) in handles
            ]
            for kind in ("products", "also")
        )
        items |= {held.handle: held for held in (*others, *fitting)}
        if fitting:
            words = str(one.get("words"))
            best, also = tuple(held.handle for held in fitting), tuple(held.handle for held in others)
            spoken_of = [handle for handle in (*best, *also) if state.item(handle) is not None]
            if len(spoken_of) == 1 and spoken_of[0] in also:
                # Of several that the words could mean, the one that was shown before is meant.
                best, also = (spoken_of[0],), tuple(one for one in (*best, *also) if one != spoken_of[0])
            mentions.append(Mention(words=words, handles=best, also=also))
    known = {held.handle: held for held in state.seen} | items
    seen = tuple(known.values())[-SEEN_LIMIT:]
    return state.model_copy(update={"mentioned": tuple(mentions), "seen": seen, "known_words": known_words})
