"""Money that an order is not owed goes back: an old attempt completed after another had paid."""

from typing import Any

from bottega.actions.outcome import Failed
from bottega.bootstrap.invariants import check_invariants
from bottega.shop.flows.give_back import give_back_job
from bottega.shop.flows.payment_progress import RecordPaymentState
from tests.gateway.checkout import TOTAL_MINOR, Buyer, open_counter
from tests.shop_fixtures import SYSTEM, Shop


async def violated(shop: Shop) -> dict[str, Any]:
    checked = await check_invariants(shop.application.database)
    return {found.name: found.violations for found in checked if found.violations}


async def test_a_second_capture_is_given_back(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    declined = await buyer.pay(order_id, "insufficient_funds")
    await buyer.pay(order_id)
    revived = RecordPaymentState(
        payment_id=declined["id"],
        reference=await shop.fetchval("SELECT gateway_reference FROM shop.payments WHERE id = $1", declined["id"]),
        status="captured",
        authorised_minor=TOTAL_MINOR,
        captured_minor=TOTAL_MINOR,
        currency="EUR",
    )
    await shop.done(revived, by=SYSTEM)
    (job,) = await shop.fetch("SELECT payload FROM platform.jobs WHERE name = 'payments.give_back'")
    await give_back_job(shop.application, job["payload"])
    await give_back_job(shop.application, job["payload"])
    refunds = await shop.fetch("SELECT payment_id, amount_minor, reason, status FROM shop.refunds")
    assert refunds == [
        {
            "payment_id": declined["id"],
            "amount_minor": TOTAL_MINOR,
            "reason": "the order was paid already",
            "status": "pending",
        }
    ]
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    # The report was made up, so the provider knows nothing of it (I4); everything else holds.
    assert set(await violated(shop)) == {"I4"}


async def test_a_report_of_more_than_was_asked_for_changes_nothing(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    payment = await buyer.pay(order_id, "3d_secure")
    before = await shop.fetch("SELECT * FROM shop.payments")
    for authorised_minor, currency, code in (
        (TOTAL_MINOR + 1, "EUR", "more_than_asked"),
        (TOTAL_MINOR, "USD", "currency_mismatch"),
    ):
        report = RecordPaymentState(
            payment_id=payment["id"],
            reference="sbp_1",
            status="authorised",
            authorised_minor=authorised_minor,
            captured_minor=0,
            currency=currency,
        )
        outcome = await shop.perform(report, by=SYSTEM)
        assert isinstance(outcome, Failed)
        assert outcome.refusal.code == code
    assert await shop.fetch("SELECT * FROM shop.payments") == before
