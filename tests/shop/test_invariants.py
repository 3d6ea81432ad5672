"""The invariants: silent over a shop in order, and each of their queries speaks when what it watches is broken."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from bottega.bootstrap.invariants import all_invariants, checked_on
from bottega.platform.database.pool import speak_json

NOW = "'2026-11-20T10:00:00Z'"

# One paid order of two units, of which one is shipped; refunded in part; and a gift card that was issued.
SHOP_IN_ORDER = f"""
SELECT set_config('bottega.entry', 'ent_base', true);
INSERT INTO shop.customers (id, kind, created_at) VALUES ('cus_1', 'account', {NOW}), ('cus_2', 'account', {NOW});
INSERT INTO shop.products (id, handle, title, created_at, updated_at)
VALUES ('prd_1', 'jacket', 'Jacket', {NOW}, {NOW});
INSERT INTO shop.variants (id, product_id, sku, created_at) VALUES ('var_1', 'prd_1', 'J-1', {NOW});
INSERT INTO shop.locations (id, handle, name) VALUES ('loc_1', 'main', 'Main');
INSERT INTO shop.stock_movements (id, variant_id, location_id, kind, quantity, moved_at)
VALUES ('mov_1', 'var_1', 'loc_1', 'receive', 10, {NOW}), ('mov_2', 'var_1', 'loc_1', 'ship', -1, {NOW});
INSERT INTO shop.stock_levels (variant_id, location_id, on_hand, reserved) VALUES ('var_1', 'loc_1', 9, 1);
INSERT INTO shop.orders (id, number, customer_id, channel, currency, status, payment_status, fulfilment_status, country,
    net_minor, discount_minor, shipping_minor, tax_minor, total_minor, payment_due_at, placed_at, updated_at)
VALUES ('ord_1', '10001', 'cus_1', 'api', 'EUR', 'open', 'awaiting', 'unfulfilled', 'DE', 2000, 100, 500, 456, 2856,
    now() + interval '1 day', {NOW}, {NOW});
INSERT INTO shop.order_lines (id, order_id, variant_id, product_id, sku, title, quantity, unit_price_minor, net_minor,
    discount_minor, tax_minor, shipped)
VALUES ('oln_1', 'ord_1', 'var_1', 'prd_1', 'J-1', 'Jacket', 2, 1190, 2000, 100, 361, 1);
UPDATE shop.orders SET payment_status = 'paid', fulfilment_status = 'partially_shipped' WHERE id = 'ord_1';
INSERT INTO shop.reservations (id, variant_id, location_id, order_id, line_id, quantity, shipped, created_at)
VALUES ('rsv_1', 'var_1', 'loc_1', 'ord_1', 'oln_1', 2, 1, {NOW});
INSERT INTO shop.payments (id, order_id, customer_id, gateway, kind, currency, amount_minor, authorised_minor,
    captured_minor, refunded_minor, status, capture_mode, created_at, updated_at)
VALUES ('pay_1', 'ord_1', 'cus_1', 'sandbox', 'card', 'EUR', 2856, 2856, 2856, 300, 'captured', 'automatic',
    {NOW}, {NOW});
INSERT INTO shop.refunds (id, payment_id, order_id, currency, amount_minor, reason, status, created_at)
VALUES ('rfd_1', 'pay_1', 'ord_1', 'EUR', 300, 'late', 'succeeded', {NOW});
INSERT INTO shop.gift_cards (id, currency, balance_minor, customer_id, created_at)
VALUES ('gft_1', 'EUR', 5000, 'cus_2', {NOW});
INSERT INTO shop.ledger_postings (transaction_id, line, account, currency, amount_minor, kind, payment_id, posted_at)
VALUES ('ltx_1', 1, 'gateway:sandbox', 'EUR', -2856, 'capture', 'pay_1', {NOW}),
    ('ltx_1', 2, 'order:ord_1', 'EUR', 2856, 'capture', 'pay_1', {NOW}),
    ('ltx_2', 1, 'order:ord_1', 'EUR', -300, 'refund', 'pay_1', {NOW}),
    ('ltx_2', 2, 'gateway:sandbox', 'EUR', 300, 'refund', 'pay_1', {NOW}),
    ('ltx_3', 1, 'gift_cards_issued', 'EUR', -5000, 'issue', NULL, {NOW}),
    ('ltx_3', 2, 'gift_card:gft_1', 'EUR', 5000, 'issue', NULL, {NOW});
INSERT INTO platform.sandbox_payments (reference, payment_id, version, document, created_at)
VALUES ('sbp_1', 'pay_1', 1, '{{"captured_minor": 2856, "updated_at": "2026-11-20T10:00:00Z"}}', {NOW});
INSERT INTO log.approvals (id, action, arguments, arguments_digest, request_digest, key_scope, idempotency_key,
    actor_kind, actor_id, actor_role, rule_ids, policy_version, facts, diff, state, requested_at,
    expires_at, decided_at, entry_id)
VALUES ('apr_1', 'Seed', '{{}}', 'd', 'r', 'system:s', 'k', 'system', 's', 's', '{{held}}', 'v', '{{}}', '[]',
    'granted', {NOW}, '2026-11-22T10:00:00Z', '2026-11-21T10:00:00Z', 'ent_base');
INSERT INTO log.effects (id, entry_id, kind, key, payload, state, next_attempt_at, created_at)
VALUES ('eff_1', 'ent_base', 'payment.authorise', 'pay_1', '{{"payment_id": "pay_1"}}', 'confirmed', {NOW}, {NOW});
INSERT INTO log.entries VALUES ('ent_base', log.next_sequence(), 'Seed', '{{}}', 'd', 'r', 'system', 's', 's', NULL,
    NULL, 'system:s', 'k', '{{rule}}', 'v', 'apr_1', '{{}}', '{{}}', '{{}}', {NOW});
INSERT INTO log.positions VALUES (1, 'ent_base', 1, '');
"""

# For each query: the invariant, what it says, and statements that break it. I14 notices any such meddling besides.
BREAKING = r"""
I1: the ledger of this currency is not zero
    UPDATE shop.ledger_postings SET currency = 'USD' WHERE transaction_id = 'ltx_1' AND line = 1;
I1: this transaction is not zero
    UPDATE shop.ledger_postings SET transaction_id = 'ltx_9' WHERE transaction_id = 'ltx_3' AND line = 1;
I2: more was captured than authorised
    ALTER TABLE shop.payments DROP CONSTRAINT captured_within_authorised;
    UPDATE shop.payments SET authorised_minor = 1;
I3: more was refunded than captured
    ALTER TABLE shop.payments DROP CONSTRAINT refunded_within_captured;
    UPDATE shop.payments SET refunded_minor = 3000;
    UPDATE shop.refunds SET amount_minor = 3000;
I3: the order was refunded more than it paid
    UPDATE shop.refunds SET amount_minor = 3000;
I3: the payment says another sum than its refunds
    UPDATE shop.refunds SET status = 'failed';
I4: our books hold several captures
    INSERT INTO shop.ledger_postings SELECT 'ltx_8', line, account, currency, amount_minor, kind, order_id,
        payment_id, refund_id, posted_at FROM shop.ledger_postings WHERE transaction_id = 'ltx_1';
I4: our books hold another sum than was captured
    DELETE FROM shop.ledger_postings WHERE transaction_id = 'ltx_1';
I4: the provider captured several times
    INSERT INTO platform.sandbox_payments SELECT 'sbp_2', payment_id, version, document, created_at FROM
        platform.sandbox_payments;
I4: we and the provider disagree on what was captured
    UPDATE platform.sandbox_payments SET document = document || '{"captured_minor": 2000}';
I4: we and the provider disagree on what was captured
    UPDATE platform.sandbox_payments SET document = document || '{"captured_minor": 3000, "updated_at":
        "2020-01-01T00:00:00Z"}';
I5: order, payment and instrument are not of one customer
    UPDATE shop.payments SET customer_id = 'cus_2';
I5: order, payment and instrument are not of one customer
    INSERT INTO shop.instruments (id, customer_id, kind, gateway, token, created_at) VALUES ('ins_1', 'cus_2',
        'card', 'sandbox', 't', now());
    UPDATE shop.payments SET instrument_id = 'ins_1';
I5: the refund went to a gift card that is not the payer's
    UPDATE shop.refunds SET gift_card_id = 'gft_1';
I5: the refund is paid out onto an instrument that is not the payer's
    INSERT INTO shop.instruments (id, customer_id, kind, gateway, token, created_at) VALUES ('ins_1', 'cus_2',
        'card', 'sandbox', 't', now());
    UPDATE shop.refunds SET instrument_id = 'ins_1';
I5: refund and payment are of different orders or currencies
    UPDATE shop.refunds SET currency = 'USD';
I6: the balance is negative
    ALTER TABLE shop.gift_cards DROP CONSTRAINT gift_cards_balance_minor_check;
    UPDATE shop.gift_cards SET balance_minor = -1;
I6: its account in the ledger holds another sum
    UPDATE shop.gift_cards SET balance_minor = 4999;
I7: on hand is not the sum of the movements
    UPDATE shop.stock_levels SET on_hand = 8;
I7: on hand is not the sum of the movements
    DELETE FROM shop.stock_movements WHERE id = 'mov_2';
I7: the sign does not fit the kind
    UPDATE shop.stock_movements SET kind = CASE id WHEN 'mov_1' THEN 'ship' ELSE 'receive' END;
I8: more is promised than there may be
    ALTER TABLE shop.stock_levels DROP CONSTRAINT reserved_within_stock;
    UPDATE shop.stock_levels SET reserved = 10;
    UPDATE shop.reservations SET quantity = 11;
I8: reserved is not the sum of the open reservations
    UPDATE shop.stock_levels SET reserved = 2;
I9: more units ended than were reserved
    ALTER TABLE shop.reservations DROP CONSTRAINT reservations_check;
    UPDATE shop.reservations SET released = 2;
    UPDATE shop.stock_levels SET reserved = 0;
I9: the order has ended and the reservation has not
    UPDATE shop.orders SET status = 'completed';
I9: the line and its reservations disagree on what was shipped
    UPDATE shop.order_lines SET shipped = 0;
I10: this transition is not legal
    INSERT INTO log.changes (entry_id, table_name, row_key, operation, before, after) VALUES ('ent_base',
        'shop.orders', 'ord_1', 'update', '{"status": "cancelled"}', '{"status": "open"}');
I10: this transition is not legal
    INSERT INTO log.changes (entry_id, table_name, row_key, operation, before, after) VALUES ('ent_base',
        'shop.orders', 'ord_1', 'update', '{"payment_status": "voided"}', '{"payment_status": "paid"}');
I10: this transition is not legal
    INSERT INTO log.changes (entry_id, table_name, row_key, operation, before, after) VALUES ('ent_base',
        'shop.orders', 'ord_1', 'update', '{"fulfilment_status": "delivered"}', '{"fulfilment_status":
        "unfulfilled"}');
I11: it was not paid in time and is still open
    UPDATE shop.orders SET payment_status = 'awaiting', payment_due_at = now() - interval '2 hours';
I11: it has expired and was not released
    UPDATE shop.reservations SET expires_at = now() - interval '2 hours';
I11: the order was cancelled and its money was not given back
    UPDATE shop.orders SET status = 'cancelled', updated_at = now() - interval '2 hours';
    UPDATE shop.payments SET updated_at = now() - interval '2 hours';
    UPDATE shop.reservations SET released = 1;
    UPDATE shop.stock_levels SET reserved = 0;
I11: the refund is pending and nothing moves it
    UPDATE shop.refunds SET status = 'pending', created_at = now() - interval '15 days';
I11: it is due and nobody sends it
    UPDATE log.effects SET state = 'unknown', next_attempt_at = now() - interval '2 hours';
I12: net + tax + shipping − discount is not the total
    ALTER TABLE shop.orders DROP CONSTRAINT adds_up;
    UPDATE shop.orders SET total_minor = 2857;
I12: the lines do not add up to the order
    UPDATE shop.order_lines SET net_minor = 1999;
I12: the lines do not add up to the order
    UPDATE shop.order_lines SET discount_minor = 0;
I12: the lines do not add up to the order
    UPDATE shop.order_lines SET tax_minor = 457;
I13: its action did not happen
    UPDATE log.effects SET entry_id = 'ent_none';
I13: no rule permitted it
    UPDATE log.entries SET rule_ids = '{}';
I13: the approval does not exist
    DELETE FROM log.approvals;
I13: the approval is denied
    UPDATE log.approvals SET state = 'denied';
I13: it has an entry though it was not granted
    UPDATE log.approvals SET state = 'expired';
I13: the approval was for another entry
    UPDATE log.approvals SET entry_id = 'ent_other';
I13: granted without the entry it was for
    UPDATE log.entries SET approval_id = NULL;
I13: the approval had expired
    UPDATE log.approvals SET decided_at = '2026-11-23T10:00:00Z';
I13: the approval shows other arguments
    UPDATE log.approvals SET arguments_digest = 'x';
I13: the approval shows other arguments
    UPDATE log.approvals SET request_digest = 'x', held_ref = 'per_1.x';
I14: positions are missing before it
    UPDATE log.positions SET position = 2;
I14: its sequence is below that of the position before
    INSERT INTO log.positions VALUES (2, 'ent_other', 0, '');
I14: later entries were sealed without it
    UPDATE log.positions SET entry_id = 'ent_other', sequence = 2;
I14: its entry does not exist
    UPDATE log.changes SET entry_id = 'ent_none' WHERE row_key = 'cus_2';
I14: the table differs from the log
    UPDATE shop.customers SET language = 'de' WHERE id = 'cus_2';
I14: the log has a row that the table has not
    DELETE FROM shop.customers WHERE id = 'cus_2';
I14: the table has a row that the log has not
    INSERT INTO shop.customers (id, kind, created_at) VALUES ('cus_3', 'guest', now());
I15: the key has several entries
    DROP INDEX log.entries_idempotency_key;
    INSERT INTO log.entries SELECT 'ent_twice', 2, action, arguments, arguments_digest, request_digest,
        actor_kind, actor_id, actor_role, on_behalf_of, because, key_scope, idempotency_key, rule_ids,
        policy_version, NULL, facts, resolved, result, recorded_at FROM log.entries;
I16: its limit was checked against a stale total
    UPDATE log.entries SET actor_kind = 'staff', facts = '{"refunded_today_minor": 5, "amount_minor": 10}';
I16: the day's limit was passed without approval
    UPDATE log.entries SET actor_kind = 'staff', actor_role = 'support', approval_id = NULL,
        facts = '{"refunded_today_minor": 0, "amount_minor": 10, "day_limit_minor": 9}';
I16: it was used more often than it says or may
    INSERT INTO shop.promotions (id, name, kind, amount_minor, limit_total, used_total, created_at) VALUES ('prm_1',
        'Ten', 'amount', 10, 1, 1, now());
I16: what is reserved is not the sum of the open reservations
    INSERT INTO runtime.model_budgets (account, kind, reserved_micros, changed_at) VALUES ('shop/day/x', 'shop', 5,
        now());
I17: it ended without a grant and ran
    UPDATE log.approvals SET state = 'denied';
I17: it ran after its approval expired
    UPDATE log.approvals SET expires_at = '2026-11-19T10:00:00Z';
I17: a yes that was declined, replaced or late was used
    INSERT INTO runtime.sessions (id, role, principal_kind, principal_id, created_at, last_at) VALUES ('ses_1', 'r',
        'customer', 'cus_1', now(), now());
    INSERT INTO runtime.confirmations (id, session_id, run_id, turn, tool, action, arguments, digest, token_digest,
        summary, state, created_at, expires_at, used_by) VALUES ('cfm_1', 'ses_1', 'run_1', 1, 't', 'Seed', '{}', 'd',
        '', 's', 'declined', now(), now(), 'run_1');
I13: the yes was used and nothing was done
    INSERT INTO runtime.sessions (id, role, principal_kind, principal_id, created_at, last_at) VALUES ('ses_1', 'r',
        'customer', 'cus_1', now(), now());
    INSERT INTO runtime.confirmations (id, session_id, run_id, turn, tool, action, arguments, digest, token_digest,
        summary, state, created_at, expires_at, decided_at, used_by) VALUES ('cfm_1', 'ses_1', 'run_1', 1, 't', 'Seed',
        '{}', 'd', '', 's', 'used', now(), now() + interval '1 day', now(), 'run_1');
I13: it was done without a valid yes to it
    UPDATE log.entries SET idempotency_key = 'confirmation:cfm_1', actor_kind = 'agent', approval_id = NULL;
    INSERT INTO runtime.sessions (id, role, principal_kind, principal_id, created_at, last_at) VALUES ('ses_1', 'r',
        'customer', 'cus_1', now(), now());
    INSERT INTO runtime.confirmations (id, session_id, run_id, turn, tool, action, arguments, digest, token_digest,
        summary, state, created_at, expires_at) VALUES ('cfm_1', 'ses_1', 'run_1', 1, 't', 'Seed', '{}', 'd', '', 's',
        'expired', now(), now());
I18: an agent changed something while stopped
    INSERT INTO log.entries SELECT 'ent_stop', 0, 'StopAgents', '{"role": "*"}', arguments_digest, request_digest,
        actor_kind, actor_id, actor_role, on_behalf_of, because, key_scope, NULL, rule_ids, policy_version, NULL,
        facts, resolved, result, recorded_at FROM log.entries;
    UPDATE log.entries SET actor_kind = 'agent', approval_id = NULL WHERE id = 'ent_base';
I19: the journal says done, the log does not
    INSERT INTO runtime.runs (id, role, state, principal_kind, principal_id, task, created_at) VALUES ('run_1', 'r',
        'queued', 'customer', 'cus_1', '{}', now());
    INSERT INTO runtime.steps (run_id, number, phase, state, detail, began_at) VALUES ('run_1', 1, 'act', 'done',
        '{"outcome": {"entry_id": "ent_none"}}', now());
I19: its action was rolled back
    UPDATE log.effects SET entry_id = 'ent_none';
I15: the key was granted for another entry as well
    UPDATE log.approvals SET entry_id = 'ent_other';
I15: several effects have this key
    ALTER TABLE log.effects DROP CONSTRAINT effects_key_key;
    INSERT INTO log.effects (id, entry_id, kind, key, payload, state, next_attempt_at, created_at) SELECT
        'eff_2', entry_id, kind, key, payload, state, next_attempt_at, created_at FROM log.effects;
"""


def broken_cases() -> list[tuple[str, str, str]]:
    """(invariant, what is said, statements) of each case."""
    cases: list[tuple[str, str, str]] = []
    for line in BREAKING.strip().splitlines():
        if line.startswith(" "):
            name, why, statements = cases.pop()
            cases.append((name, why, f"{statements} {line.strip()}"))
        else:
            name, _, why = line.partition(": ")
            cases.append((name, why, ""))
    return cases


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    connection: Any = await asyncpg.connect(database_url, server_settings={"timezone": "UTC"})
    await speak_json(connection)
    async with connection.transaction():
        await connection.execute(SHOP_IN_ORDER)
    yield connection
    await connection.close()


async def violations(connection: Any) -> set[tuple[str, str]]:
    return {(found.name, row["why"]) for found in await checked_on(connection) for row in found.violations}


async def test_a_shop_in_order_violates_nothing(connection: Any) -> None:
    results = await checked_on(connection)
    assert [found.name for found in results] == [f"I{number}" for number in range(1, 20)]
    assert [found.violations for found in results] == [()] * 19


async def test_whatever_is_broken_is_named(connection: Any) -> None:
    unnoticed: list[tuple[str, str, set[tuple[str, str]]]] = []
    for name, why, statements in broken_cases():
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(f"SET LOCAL session_replication_role = replica; {statements}")
        found = await violations(connection)
        await transaction.rollback()
        if (name, why) not in found:
            unnoticed.append((name, why, found))
    assert unnoticed == []
    assert await violations(connection) == set(), "a case was not rolled back"


async def test_every_query_is_broken_by_some_case(connection: Any) -> None:
    said = {why for _, why, _ in broken_cases()}
    for invariant in await all_invariants(connection):
        for query in invariant.queries:
            assert any(why.replace("'", "''") in query for why in said) or "'the approval is ' ||" in query, query


async def test_money_that_waits_for_a_person_is_no_violation(connection: Any) -> None:
    async with connection.transaction():
        await connection.execute(
            "SET LOCAL session_replication_role = replica;"
            "UPDATE shop.orders SET status = 'cancelled', updated_at = now() - interval '2 hours';"
            "UPDATE shop.payments SET updated_at = now() - interval '2 hours';"
            "UPDATE log.effects SET state = 'dead'"
        )
        assert "I11" not in {name for name, _ in await violations(connection)}
