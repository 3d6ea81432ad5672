"""Transactions of one log entry, for functions that flows compose, and rows that a test starts from."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bottega.actions.actor import Actor
from bottega.actions.work import Work
from bottega.kernel.identifiers import new_id
from tests.shop_fixtures import OWNER, Shop


@asynccontextmanager
async def entry(shop: Shop, by: Actor = OWNER) -> AsyncGenerator[Work]:
    """The work of one entry; leaving writes the entry, an exception rolls everything back."""
    entry_id = new_id("ent")
    async with shop.application.database.write() as connection:
        await connection.execute("SELECT set_config('bottega.entry', $1, true)", entry_id)
        yield shop.application.performer.work(connection, entry_id, by)
        await connection.execute(
            "INSERT INTO log.entries (id, sequence, action, arguments, arguments_digest, request_digest, actor_kind, "
            "actor_id, actor_role, key_scope, rule_ids, policy_version, facts, resolved, result, recorded_at) "
            "VALUES ($1, log.next_sequence(), 'Test', '{}', '', '', $2, $3, $4, '', '{test}', 'test', "
            "'{}', '{}', '{}', now())",
            entry_id,
            by.kind,
            by.id,
            by.role,
        )


async def add_category(shop: Shop, path: str) -> str:
    """A category at that path; returns its id."""
    category_id = new_id("cat")
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.categories (id, path, title) VALUES ($1, $2, $2)", category_id, path
        )
    return category_id


async def add_product(shop: Shop, handle: str, category_id: str | None = None) -> str:
    """A published product; returns its id."""
    product_id = new_id("prd")
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.products (id, handle, title, category_id, status, created_at, updated_at) "
            "VALUES ($1, $2, $2, $3, 'published', $4, $4)",
            product_id,
            handle,
            category_id,
            work.now,
        )
    return product_id


async def add_variant(shop: Shop, sku: str, product_id: str | None = None) -> str:
    """A variant, of a product of its own unless one is named; returns its id."""
    variant_id = new_id("var")
    product = product_id or await add_product(shop, sku.lower())
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.variants (id, product_id, sku, created_at) VALUES ($1, $2, $3, $4)",
            variant_id,
            product,
            sku,
            work.now,
        )
    return variant_id
