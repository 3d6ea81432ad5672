"""The invariants of commerce, I1 to I12 and I16, as queries that return what violates them."""

from collections.abc import Collection, Mapping

from bottega.actions.invariants import Invariant

# "In bounded time": what is due is done within an hour, or it waits in a person's queue (a hold, a dead letter).
BOUND = "interval '1 hour'"

LegalTransitions = Mapping[str, Collection[tuple[str, str]]]


def commerce_invariants(legal_transitions: LegalTransitions) -> list[Invariant]:
    """I1 to I12 and I16; `legal_transitions` are the pairs (before, after) of each status column of shop.orders."""
    return [
        BALANCED_LEDGER,
        CAPTURED_WITHIN_AUTHORISED,
        REFUNDED_WITHIN_CAPTURED,
        CAPTURED_ONCE,
        REFUNDED_TO_PAYER,
        GIFT_CARDS_COVERED,
        STOCK_ADDS_UP,
        RESERVED_WITHIN_STOCK,
        RESERVATIONS_END_ONCE,
        _legal_transitions(legal_transitions),
        CHECKOUTS_END,
        ORDERS_ADD_UP,
        LIMITS_HOLD,
    ]


UNBALANCED_CURRENCY = """
SELECT currency, sum(amount_minor) AS sum_minor, 'the ledger of this currency is not zero' AS why
FROM shop.ledger_postings GROUP BY currency HAVING sum(amount_minor) <> 0"""

UNBALANCED_TRANSACTION = """
SELECT transaction_id, currency, sum(amount_minor) AS sum_minor, 'this transaction is not zero' AS why
FROM shop.ledger_postings GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0"""

BALANCED_LEDGER = Invariant("I1", "the ledger sums to zero per currency", (UNBALANCED_CURRENCY, UNBALANCED_TRANSACTION))

CAPTURED_WITHIN_AUTHORISED = Invariant(
    "I2",
    "captured ≤ authorised",
    (
        """
SELECT id AS payment_id, captured_minor, authorised_minor, 'more was captured than authorised' AS why
FROM shop.payments WHERE captured_minor > authorised_minor""",
    ),
)

OVER_REFUNDED_PAYMENT = """
SELECT id AS payment_id, refunded_minor, captured_minor, 'more was refunded than captured' AS why
FROM shop.payments WHERE refunded_minor > captured_minor OR refunded_minor < 0"""

OVER_REFUNDED_ORDER = """
SELECT p.order_id, r.refunded_minor, p.captured_minor, 'the order was refunded more than it paid' AS why
FROM (SELECT order_id, sum(captured_minor) AS captured_minor FROM shop.payments GROUP BY order_id) AS p
JOIN (SELECT order_id, sum(amount_minor) AS refunded_minor FROM shop.refunds
      WHERE status <> 'failed' GROUP BY order_id) AS r USING (order_id)
WHERE r.refunded_minor > p.captured_minor"""

REFUNDS_DO_NOT_ADD_UP = """
SELECT p.id AS payment_id, p.refunded_minor, coalesce(sum(r.amount_minor), 0) AS refunds_minor,
       'the payment says another sum than its refunds' AS why
FROM shop.payments p LEFT JOIN shop.refunds r ON r.payment_id = p.id AND r.status <> 'failed'
GROUP BY p.id HAVING p.refunded_minor <> coalesce(sum(r.amount_minor), 0)"""

REFUNDED_WITHIN_CAPTURED = Invariant(
    "I3",
    "refunded ≤ captured, per payment and per order",
    (OVER_REFUNDED_PAYMENT, OVER_REFUNDED_ORDER, REFUNDS_DO_NOT_ADD_UP),
)

BOOKED_TWICE = """
SELECT payment_id, count(DISTINCT transaction_id) AS captures, 'our books hold several captures' AS why
FROM shop.ledger_postings WHERE kind IN ('capture', 'redeem', 'bank_transfer') AND payment_id IS NOT NULL
GROUP BY payment_id HAVING count(DISTINCT transaction_id) > 1"""

BOOKED_OTHERWISE = """
SELECT p.id AS payment_id, p.captured_minor, coalesce(sum(l.amount_minor), 0) AS booked_minor,
       'our books hold another sum than was captured' AS why
FROM shop.payments p
LEFT JOIN shop.ledger_postings l ON l.payment_id = p.id AND l.account = 'order:' || p.order_id
    AND l.kind IN ('capture', 'redeem', 'bank_transfer')
WHERE p.gateway <> 'imported'
GROUP BY p.id HAVING p.captured_minor <> coalesce(sum(l.amount_minor), 0)"""

CAPTURED_TWICE_AT_PROVIDER = """
SELECT payment_id, count(*) AS captures, 'the provider captured several times' AS why
FROM platform.sandbox_payments WHERE (document ->> 'captured_minor')::bigint > 0
GROUP BY payment_id HAVING count(*) > 1"""

# What the provider has and we have not heard of may still be on its way to us, for a while; the opposite may never be.
CAPTURED_OTHERWISE_AT_PROVIDER = f"""
SELECT p.id AS payment_id, p.captured_minor, s.captured_minor AS provider_minor,
       'we and the provider disagree on what was captured' AS why
FROM shop.payments p
LEFT JOIN (
    SELECT payment_id, sum((document ->> 'captured_minor')::bigint) AS captured_minor,
           max((document ->> 'updated_at')::timestamptz) AS updated_at
    FROM platform.sandbox_payments GROUP BY payment_id) AS s ON s.payment_id = p.id
WHERE p.gateway = 'sandbox' AND (
    p.captured_minor > coalesce(s.captured_minor, 0)
    OR (p.captured_minor < s.captured_minor AND s.updated_at < now() - {BOUND}
        AND NOT EXISTS (SELECT FROM log.effects f WHERE f.state = 'dead' AND f.payload ->> 'payment_id' = p.id)))"""

CAPTURED_ONCE = Invariant(
    "I4",
    "one capture per payment intent, at the provider and in our books",
    (BOOKED_TWICE, BOOKED_OTHERWISE, CAPTURED_TWICE_AT_PROVIDER, CAPTURED_OTHERWISE_AT_PROVIDER),
)

PAID_BY_SOMEBODY_ELSE = """
SELECT p.id AS payment_id, p.customer_id, o.customer_id AS order_customer_id, i.customer_id AS instrument_customer_id,
       'order, payment and instrument are not of one customer' AS why
FROM shop.payments p JOIN shop.orders o ON o.id = p.order_id LEFT JOIN shop.instruments i ON i.id = p.instrument_id
WHERE p.customer_id <> o.customer_id OR i.customer_id <> p.customer_id"""

REFUNDED_TO_SOMEBODY_ELSE = """
SELECT r.id AS refund_id, r.gift_card_id, p.customer_id, g.customer_id AS card_customer_id,
       'the refund went to a gift card that is not the payer''s' AS why
FROM shop.refunds r JOIN shop.payments p ON p.id = r.payment_id JOIN shop.gift_cards g ON g.id = r.gift_card_id
WHERE r.gift_card_id IS DISTINCT FROM p.gift_card_id AND g.customer_id IS DISTINCT FROM p.customer_id"""

PAID_OUT_TO_SOMEBODY_ELSE = """
SELECT r.id AS refund_id, r.instrument_id, p.customer_id, i.customer_id AS instrument_customer_id,
       'the refund is paid out onto an instrument that is not the payer''s' AS why
FROM shop.refunds r JOIN shop.payments p ON p.id = r.payment_id JOIN shop.instruments i ON i.id = r.instrument_id
WHERE i.customer_id <> p.customer_id"""

REFUND_OF_ANOTHER_ORDER = """
SELECT r.id AS refund_id, r.order_id, p.order_id AS payment_order_id,
       'refund and payment are of different orders or currencies' AS why
FROM shop.refunds r JOIN shop.payments p ON p.id = r.payment_id
WHERE r.order_id <> p.order_id OR r.currency <> p.currency"""

REFUNDED_TO_PAYER = Invariant(
    "I5",
    "refunds go to an instrument of the payer",
    (PAID_BY_SOMEBODY_ELSE, REFUNDED_TO_SOMEBODY_ELSE, PAID_OUT_TO_SOMEBODY_ELSE, REFUND_OF_ANOTHER_ORDER),
)

GIFT_CARDS_COVERED = Invariant(
    "I6",
    "gift card ≥ 0, and equal to its account",
    (
        """
SELECT id AS gift_card_id, balance_minor, 'the balance is negative' AS why
FROM shop.gift_cards WHERE balance_minor < 0""",
        """
SELECT g.id AS gift_card_id, g.balance_minor, coalesce(sum(l.amount_minor), 0) AS account_minor,
       'its account in the ledger holds another sum' AS why
FROM shop.gift_cards g LEFT JOIN shop.ledger_postings l ON l.account = 'gift_card:' || g.id
GROUP BY g.id HAVING g.balance_minor <> coalesce(sum(l.amount_minor), 0)""",
    ),
)

STOCK_ADDS_UP = Invariant(
    "I7",
    "on hand = receipts − shipped + restocked + adjustments",
    (
        """
SELECT variant_id, location_id, coalesce(s.on_hand, 0) AS on_hand, coalesce(m.moved, 0) AS moved,
       'on hand is not the sum of the movements' AS why
FROM shop.stock_levels s
FULL JOIN (SELECT variant_id, location_id, sum(quantity) AS moved FROM shop.stock_movements GROUP BY 1, 2) AS m
    USING (variant_id, location_id)
WHERE coalesce(s.on_hand, 0) <> coalesce(m.moved, 0)""",
        """
SELECT id AS movement_id, kind, quantity, 'the sign does not fit the kind' AS why
FROM shop.stock_movements
WHERE (kind IN ('receive', 'restock') AND quantity < 0) OR (kind = 'ship' AND quantity > 0)""",
    ),
)

OVERPROMISED = """
SELECT variant_id, location_id, on_hand, reserved, backorder_limit, 'more is promised than there may be' AS why
FROM shop.stock_levels WHERE reserved > greatest(on_hand, 0) + backorder_limit"""

PROMISES_DO_NOT_ADD_UP = """
SELECT variant_id, location_id, coalesce(s.reserved, 0) AS reserved, coalesce(r.promised, 0) AS promised,
       'reserved is not the sum of the open reservations' AS why
FROM shop.stock_levels s
FULL JOIN (SELECT variant_id, location_id, sum(quantity - shipped - released) AS promised
           FROM shop.reservations GROUP BY 1, 2) AS r USING (variant_id, location_id)
WHERE coalesce(s.reserved, 0) <> coalesce(r.promised, 0)"""

RESERVED_WITHIN_STOCK = Invariant(
    "I8", "reserved ≤ on hand + allowed backorder", (OVERPROMISED, PROMISES_DO_NOT_ADD_UP)
)

ENDED_TWICE = """
SELECT id AS reservation_id, quantity, shipped, released, 'more units ended than were reserved' AS why
FROM shop.reservations WHERE shipped + released > quantity OR shipped < 0 OR released < 0"""

OPEN_AFTER_THE_END = """
SELECT r.id AS reservation_id, r.order_id, o.status, 'the order has ended and the reservation has not' AS why
FROM shop.reservations r JOIN shop.orders o ON o.id = r.order_id
WHERE o.status IN ('completed', 'cancelled') AND r.shipped + r.released < r.quantity"""

SHIPPED_OTHERWISE = """
SELECT l.id AS line_id, l.order_id, l.shipped, r.shipped AS from_reservations,
       'the line and its reservations disagree on what was shipped' AS why
FROM shop.order_lines l
JOIN (SELECT line_id, sum(shipped) AS shipped FROM shop.reservations GROUP BY line_id) AS r ON r.line_id = l.id
WHERE l.shipped <> r.shipped"""

RESERVATIONS_END_ONCE = Invariant(
    "I9",
    "a reservation ends in exactly one of shipped, released",
    (ENDED_TWICE, OPEN_AFTER_THE_END, SHIPPED_OTHERWISE),
)


def _legal_transitions(legal: LegalTransitions) -> Invariant:
    return Invariant("I10", "legal transitions only", tuple(_illegal(column, pairs) for column, pairs in legal.items()))


def _illegal(column: str, pairs: Collection[tuple[str, str]]) -> str:
    listed = ", ".join(f"('{before}', '{after}')" for before, after in sorted(pairs))
    return f"""
SELECT c.row_key AS order_id, '{column}' AS column_name, c.before ->> '{column}' AS status_before,
       c.after ->> '{column}' AS status_after, c.entry_id, 'this transition is not legal' AS why
FROM log.changes c
WHERE c.table_name = 'shop.orders' AND c.operation = 'update'
  AND c.before ->> '{column}' <> c.after ->> '{column}'
  AND (c.before ->> '{column}', c.after ->> '{column}') NOT IN ({listed})"""


UNPAID_FOR_TOO_LONG = f"""
SELECT id AS order_id, payment_due_at, 'it was not paid in time and is still open' AS why
FROM shop.orders
WHERE status = 'open' AND payment_status = 'awaiting' AND payment_due_at < now() - {BOUND}"""

PROMISED_FOR_TOO_LONG = f"""
SELECT id AS reservation_id, order_id, expires_at, 'it has expired and was not released' AS why
FROM shop.reservations WHERE expires_at < now() - {BOUND} AND shipped + released < quantity"""

# A payment with a dead letter, and a refund by bank transfer, wait for a person.
CANCELLED_AND_NOT_REFUNDED = f"""
SELECT o.id AS order_id, p.id AS payment_id, p.captured_minor - p.refunded_minor AS kept_minor,
       'the order was cancelled and its money was not given back' AS why
FROM shop.orders o JOIN shop.payments p ON p.order_id = o.id
WHERE o.status = 'cancelled' AND o.updated_at < now() - {BOUND} AND p.updated_at < now() - {BOUND}
  AND (p.captured_minor > p.refunded_minor OR p.status = 'authorised')
  AND NOT EXISTS (
    SELECT FROM log.effects f
    WHERE f.state IN ('dead', 'intended', 'sent', 'unknown') AND f.payload ->> 'payment_id' = p.id)"""

REFUND_STUCK = """
SELECT r.id AS refund_id, r.order_id, r.created_at, 'the refund is pending and nothing moves it' AS why
FROM shop.refunds r JOIN shop.payments p ON p.id = r.payment_id
WHERE r.status = 'pending' AND r.created_at < now() - interval '14 days' AND p.gateway <> 'bank_transfer'
  AND NOT EXISTS (SELECT FROM log.effects f WHERE f.state = 'dead' AND f.key = r.id)"""

EFFECT_STUCK = f"""
SELECT id AS effect_id, kind, state, next_attempt_at, 'it is due and nobody sends it' AS why
FROM log.effects WHERE state IN ('intended', 'sent', 'unknown') AND next_attempt_at < now() - {BOUND}"""

CHECKOUTS_END = Invariant(
    "I11",
    "every accepted checkout ends fulfilled, cancelled and refunded, or in a person's queue, in bounded time",
    (UNPAID_FOR_TOO_LONG, PROMISED_FOR_TOO_LONG, CANCELLED_AND_NOT_REFUNDED, REFUND_STUCK, EFFECT_STUCK),
)

ORDER_DOES_NOT_ADD_UP = """
SELECT id AS order_id, net_minor, tax_minor, shipping_minor, discount_minor, total_minor,
       'net + tax + shipping − discount is not the total' AS why
FROM shop.orders WHERE net_minor + tax_minor + shipping_minor - discount_minor <> total_minor"""

# The tax of the shipping has no column of its own: it is what the order's tax exceeds that of its lines by.
LINES_DO_NOT_ADD_UP = """
SELECT o.id AS order_id, o.net_minor, sum(l.net_minor) AS lines_net_minor, o.discount_minor,
       sum(l.discount_minor) AS lines_discount_minor, o.tax_minor, sum(l.tax_minor) AS lines_tax_minor,
       'the lines do not add up to the order' AS why
FROM shop.orders o JOIN shop.order_lines l ON l.order_id = o.id
GROUP BY o.id
HAVING o.net_minor <> sum(l.net_minor) OR o.discount_minor <> sum(l.discount_minor)
    OR o.tax_minor < sum(l.tax_minor) OR (o.shipping_minor = 0 AND o.tax_minor <> sum(l.tax_minor))"""

ORDERS_ADD_UP = Invariant(
    "I12", "net lines + tax + shipping − discount = total", (ORDER_DOES_NOT_ADD_UP, LINES_DO_NOT_ADD_UP)
)

# What somebody had given back before, as each entry was told under the lock of its running total: one that was told a
# stale total passed the limit beside another.
GIVEN_OTHERWISE = """
SELECT entry_id, actor, counted_minor, before_minor, 'its limit was checked against a stale total' AS why
FROM (
    SELECT e.id AS entry_id, e.actor_kind || ':' || e.actor_id AS actor,
           (e.facts ->> 'refunded_today_minor')::bigint AS counted_minor,
           coalesce(sum((e.facts ->> 'amount_minor')::bigint) OVER (
               PARTITION BY e.actor_kind, e.actor_id, (e.recorded_at AT TIME ZONE 'UTC')::date
               ORDER BY e.sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before_minor
    FROM log.entries e WHERE e.facts ? 'refunded_today_minor' AND e.actor_kind <> 'system') AS given
WHERE counted_minor <> before_minor"""

LIMIT_PASSED_ALONE = """
SELECT e.id AS entry_id, e.actor_kind || ':' || e.actor_id AS actor,
       'the day''s limit was passed without approval' AS why
FROM log.entries e
WHERE e.actor_kind = 'staff' AND e.actor_role <> 'owner' AND e.approval_id IS NULL
  AND e.facts ? 'refunded_today_minor' AND (e.facts ->> 'day_limit_minor') IS NOT NULL
  AND (e.facts ->> 'refunded_today_minor')::bigint + (e.facts ->> 'amount_minor')::bigint
      > (e.facts ->> 'day_limit_minor')::bigint"""

PROMOTION_USED_OTHERWISE = """
SELECT p.id AS promotion_id, p.used_total, count(u.order_id) AS uses, p.limit_total,
       'it was used more often than it says or may' AS why
FROM shop.promotions p LEFT JOIN shop.promotion_uses u ON u.promotion_id = p.id
GROUP BY p.id HAVING p.used_total <> count(u.order_id) OR count(u.order_id) > p.limit_total"""

LIMITS_HOLD = Invariant(
    "I16", "limits hold under concurrency", (GIVEN_OTHERWISE, LIMIT_PASSED_ALONE, PROMOTION_USED_OTHERWISE)
)
