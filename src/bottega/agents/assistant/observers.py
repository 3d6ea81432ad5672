"""What the assistant knows before it decides: who it talks with, and whether something lies in the cart."""

from collections.abc import Sequence

from bottega.agents.chat.handover import open_handover
from bottega.agents.chat.identification import is_account
from bottega.agents.tools.account import SIGNED_IN_SLOT
from bottega.agents.tools.cart_records import open_cart_id
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence
from bottega.shop import shop_settings


class Standing:
    """Whether the customer is signed in, whether there is a cart, whether a colleague is on the way."""

    name = "standing"

    async def observe(self, context: RunContext) -> Sequence[Evidence]:
        session_id = context.run.session_id
        async with context.read() as connection:
            signed_in = await is_account(connection, context.customer_id)
            cart_id = await open_cart_id(connection, context.customer_id, context.now)
            wanted = None if session_id is None else await open_handover(connection, session_id)
            settings = await shop_settings.current(connection)
        context.slots[SIGNED_IN_SLOT] = signed_in
        value = {
            "shop": settings.shop_name,
            "currency": settings.currency,
            "signed_in": signed_in,
            "has_cart": cart_id is not None,
            "colleague_called": wanted is not None,
        }
        return [Evidence(f"{context.run.id}.standing", self.name, value, observed_at=context.now)]
