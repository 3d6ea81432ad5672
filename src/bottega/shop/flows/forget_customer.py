"""Forgetting a customer: everything personal is deleted, and what the books need stays without it."""

from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.forgetting import forget_everywhere
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import CustomerId
from bottega.shop.catalogue.viewed import forget_viewed
from bottega.shop.customers.actions.accounts import ACCOUNT_EMAIL
from bottega.shop.customers.errors import customer_forgotten, no_such_customer


class ForgetCustomer(Action):
    """Deletes all personal values of a customer for good; orders stay as figures, and the log stays valid.

    Orders that are paid and not yet shipped are held, because their address is gone.
    """

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "forgetting")
    customer_id: CustomerId


async def forgetting_facts(action: ForgetCustomer, work: Work) -> Facts:
    """Locks the customer; a guest who never ordered has no row and may still be forgotten by themself."""
    row = await work.connection.fetchrow(
        "SELECT kind, forgotten_at FROM shop.customers WHERE id = $1 FOR UPDATE", action.customer_id
    )
    own = action.customer_id == work.actor.customer_id
    if (row is None or work.actor.kind == "customer") and not own:
        raise no_such_customer(action.customer_id)
    if row is not None and row["forgotten_at"] is not None:
        raise customer_forgotten(action.customer_id)
    return {"own": own, "customer_is_guest": row is None or row["kind"] == "guest"}


@handles(ForgetCustomer, facts=forgetting_facts)
async def forget_customer(action: ForgetCustomer, work: Work) -> dict[str, Any]:
    customer_id = action.customer_id
    await _end_access(work, customer_id)
    cancelled = await _cancel_mail(work, customer_id)
    approvals = await _clear_approvals(work, customer_id)
    values = await _empty_vault(work, customer_id)
    await work.connection.execute("DELETE FROM runtime.memories WHERE customer_id = $1", customer_id)
    await forget_viewed(work.connection, customer_id)
    held = await _strip_rows(work, customer_id)
    elsewhere = await forget_everywhere(work.connection, customer_id)
    return {
        "customer_id": customer_id,
        "values_deleted": values,
        "mail_cancelled": cancelled,
        "approvals_cleared": approvals,
        "orders_held": held,
        **{f"{name}_forgotten": number for name, number in elsewhere.items()},
    }


async def _end_access(work: Work, customer_id: str) -> None:
    """Sessions, password, codes and failures; the digest of the address leads to the failures."""
    await work.connection.execute(
        "WITH sessions AS (DELETE FROM platform.sessions WHERE subject_id = $1), "
        "credentials AS (DELETE FROM platform.credentials WHERE subject_id = $1), "
        "codes AS (DELETE FROM platform.one_time_codes WHERE subject_id = $1) "
        "DELETE FROM platform.sign_in_failures WHERE digest IN "
        "(SELECT digest FROM vault.lookups WHERE subject_id = $1 AND kind = $2)",
        customer_id,
        ACCOUNT_EMAIL,
    )


# Everything that an effect or an approval may name when it is about this customer.
_THEIRS = """
    SELECT $1::text AS id
    UNION ALL SELECT id FROM shop.orders WHERE customer_id = $1
    UNION ALL SELECT id FROM shop.carts WHERE customer_id = $1
    UNION ALL SELECT id FROM shop.returns WHERE customer_id = $1
    UNION ALL SELECT id FROM shop.tickets WHERE customer_id = $1
    UNION ALL SELECT id FROM shop.reviews WHERE customer_id = $1
    UNION ALL SELECT id FROM shop.payments WHERE customer_id = $1"""


async def _cancel_mail(work: Work, customer_id: str) -> int:
    """Mail that has not gone out, and what the sandbox's outbox and the gateways' events keep about them."""
    rows = await work.connection.fetch(
        f"UPDATE log.effects e SET state = 'cancelled', settled_at = $2 "
        f"WHERE e.kind LIKE 'mail.%' AND e.state IN ('intended', 'unknown', 'dead') AND EXISTS "
        f"(SELECT FROM jsonb_each_text(e.payload) AS named WHERE named.value IN (SELECT id FROM ({_THEIRS}) AS own)) "
        f"RETURNING e.id",
        customer_id,
        work.now,
    )
    await work.connection.execute(
        "DELETE FROM platform.outbox_mail WHERE recipient IN "
        "(SELECT lower(value) FROM vault.values WHERE subject_id = $1 AND kind = 'email')",
        customer_id,
    )
    await work.connection.execute(
        "UPDATE platform.webhook_inbox i SET body = '{}' FROM shop.payments p WHERE p.customer_id = $1 "
        "AND i.state <> 'received' AND p.gateway_reference <> '' "
        "AND strpos(i.body::text, p.gateway_reference) > 0",
        customer_id,
    )
    return len(rows)


async def _clear_approvals(work: Work, customer_id: str) -> int:
    """Held requests by them or about them: the full arguments go, and what still waited is denied."""
    rows = await work.connection.fetch(
        f"WITH about AS (SELECT a.id, a.held_ref FROM log.approvals a WHERE a.actor_id = $1 OR a.on_behalf_of = $1 "
        f"    OR EXISTS (SELECT FROM ({_THEIRS}) AS own WHERE strpos(convert_from(a.arguments, 'UTF8'), own.id) > 0)), "
        f"forgotten AS (DELETE FROM vault.values v USING about WHERE v.id = split_part(about.held_ref, '.', 1)) "
        f"UPDATE log.approvals a SET held_ref = NULL, evidence = '[]', "
        f"    state = CASE WHEN a.state = 'waiting' THEN 'denied' ELSE a.state END, "
        f"    reason = CASE WHEN a.state = 'waiting' THEN 'The customer was forgotten.' END, "
        f"    decided_at = coalesce(a.decided_at, $2) "
        f"FROM about WHERE a.id = about.id RETURNING a.id",
        customer_id,
        work.now,
    )
    return len(rows)


# Texts that others wrote about them (a colleague's note, an answer in a ticket) may be kept under another subject.
_REFERENCES = """
    SELECT unnest(ARRAY[email_ref, shipping_address_ref, billing_address_ref]) AS ref
    FROM shop.orders WHERE customer_id = $1
    UNION ALL SELECT unnest(ARRAY[email_ref, shipping_address_ref, billing_address_ref])
    FROM shop.carts WHERE customer_id = $1
    UNION ALL SELECT n.text_ref FROM shop.order_notes n JOIN shop.orders o ON o.id = n.order_id WHERE o.customer_id = $1
    UNION ALL SELECT subject_ref FROM shop.tickets WHERE customer_id = $1
    UNION ALL SELECT m.text_ref FROM shop.ticket_messages m JOIN shop.tickets t ON t.id = m.ticket_id
    WHERE t.customer_id = $1
    UNION ALL SELECT unnest(ARRAY[title_ref, text_ref, author_ref]) FROM shop.reviews WHERE customer_id = $1"""


async def _empty_vault(work: Work, customer_id: str) -> int:
    """Every value under their name and every value that a row of theirs refers to; how many."""
    rows = await work.connection.fetch(
        f"WITH lookups AS (DELETE FROM vault.lookups WHERE subject_id = $1) "
        f"DELETE FROM vault.values v WHERE v.subject_id = $1 OR v.id IN "
        f"(SELECT split_part(ref, '.', 1) FROM ({_REFERENCES}) AS referred WHERE ref IS NOT NULL) RETURNING v.id",
        customer_id,
    )
    return len(rows)


async def _strip_rows(work: Work, customer_id: str) -> int:
    """Rows lose their references and what a gateway knows them by; how many orders are held now."""
    connection = work.connection
    await connection.execute("DELETE FROM shop.addresses WHERE customer_id = $1", customer_id)
    await connection.execute(
        "UPDATE shop.instruments SET token = '', brand = '', last_four = '', active = false "
        "WHERE customer_id = $1 AND kind <> 'gift_card'",
        customer_id,
    )
    await connection.execute(
        "UPDATE shop.carts SET email_ref = NULL, shipping_address_ref = NULL, billing_address_ref = NULL, "
        "state = CASE WHEN state = 'open' THEN 'expired' ELSE state END, version = version + 1, updated_at = $2 "
        "WHERE customer_id = $1 AND (state = 'open' OR email_ref IS NOT NULL)",
        customer_id,
        work.now,
    )
    await connection.execute(
        "UPDATE shop.reviews SET state = 'rejected' WHERE customer_id = $1 AND state <> 'rejected'", customer_id
    )
    orders = await connection.fetch(
        "UPDATE shop.orders SET email_ref = NULL, shipping_address_ref = NULL, billing_address_ref = NULL, "
        "status = CASE WHEN status = 'open' AND payment_status NOT IN ('awaiting', 'voided', 'refunded') "
        "    AND fulfilment_status IN ('unfulfilled', 'partially_shipped') THEN 'held' ELSE status END, "
        "hold_reason = CASE WHEN status = 'open' AND payment_status NOT IN ('awaiting', 'voided', 'refunded') "
        "    AND fulfilment_status IN ('unfulfilled', 'partially_shipped') THEN 'customer_forgotten' "
        "    ELSE hold_reason END, version = version + 1, updated_at = $2 "
        "WHERE customer_id = $1 RETURNING hold_reason",
        customer_id,
        work.now,
    )
    await connection.execute(
        "INSERT INTO shop.customers AS c (id, kind, created_at, forgotten_at) VALUES ($1, 'guest', $2, $2) "
        "ON CONFLICT (id) DO UPDATE SET email_ref = NULL, name_ref = NULL, phone_ref = NULL, language = 'en', "
        "marketing_consent = false, profiling_consent = false, forgotten_at = $2",
        customer_id,
        work.now,
    )
    return sum(order["hold_reason"] == "customer_forgotten" for order in orders)
