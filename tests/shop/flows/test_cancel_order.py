"""What an order gives back when it is cancelled: units, the use of a coupon, and its money."""

from bottega.proof.contention import Crowd
from bottega.proof.stand import COUPON, set_up
from tests.shop_fixtures import Shop


async def test_a_cancelled_order_gives_back_units_and_coupon(shop: Shop) -> None:
    stand = await set_up(shop.application, units=1, coupon_uses=1)
    crowd = Crowd(shop.application, stand, shop.client, 1)
    for _ in range(2):
        # The one unit and the coupon's one use: the second round needs what the first gave back.
        token = crowd.guest()
        cart = await crowd.filled_cart(token, 0, COUPON)
        placed = await crowd.ask("POST", f"{cart}/order", {}, token)
        assert placed.status_code == 201, placed.text
        used = await shop.fetch("SELECT used_total FROM shop.promotions")
        assert used == [{"used_total": 1}]
        order = f"/api/orders/{placed.json()['order_id']}"
        cancelled = await crowd.ask("POST", f"{order}/cancellation", {"reason": "no longer needed"}, token)
        assert cancelled.status_code == 200, cancelled.text
        assert cancelled.json()["released_units"] == 1
        assert await shop.fetch("SELECT used_total FROM shop.promotions") == [{"used_total": 0}]
        assert await shop.fetch("SELECT count(*) AS uses FROM shop.promotion_uses") == [{"uses": 0}]
