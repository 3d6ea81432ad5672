"""The shop as its users meet it: reads, search, whole checkouts, cold start and memory, beside the raw database.

`python -m benchmarks [--seconds N] [--json FILE] [--write docs/benchmarks.md]` prints one table; every request is a
real one over HTTP, and the load client runs on the same cores.
"""

import argparse
import asyncio
import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import shop_process
from benchmarks.load_client import Connection, Measured, drive
from benchmarks.page import Row, write_page
from benchmarks.raw_ceiling import raw_orders_per_second
from benchmarks.statements import statements_per_order

HOST = "127.0.0.1"
HANDLES_VISITED = 400
INDEXED_WITHIN_SECONDS = 120


@dataclass
class Shopping:
    """What the load client knows of the shop."""

    variant_ids: list[str]
    handles: list[str]
    method_id: str
    port: int
    orders: int = 0


def wait_for_index(port: int) -> None:
    """Until the worker has indexed the whole catalogue: before, lists and searches would be short and quick."""
    last = shop_process.PRODUCTS - 1
    words = f"{shop_process.product_title(last)}".replace(" ", "+")
    end = time.monotonic() + INDEXED_WITHIN_SECONDS
    while time.monotonic() < end:
        with urllib.request.urlopen(f"http://{HOST}:{port}/api/search?q={words}") as answer:
            if any(found["handle"] == f"bench-{last}" for found in orjson.loads(answer.read())["items"]):
                return
        time.sleep(0.2)
    raise SystemExit("the search index was not complete in time")


def scout(port: int) -> Shopping:
    """Reads the catalogue once, as a shopper would."""

    def read(path: str) -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{port}{path}") as answer:
            return orjson.loads(answer.read())

    handles: list[str] = []
    cursor = ""
    while len(handles) < HANDLES_VISITED:
        found = read(f"/api/products?limit=100&cursor={cursor}")
        handles += [product["handle"] for product in found["items"]]
        cursor = found["next_cursor"] or ""
        if not cursor:
            break
    variants = [read(f"/api/products/{handle}")["variants"][0]["id"] for handle in handles[:HANDLES_VISITED]]
    assert len(variants) == HANDLES_VISITED, f"only {len(variants)} products are listed"
    methods = read("/api/shipping/methods?country=IT")
    method = (methods["items"] if isinstance(methods, dict) else methods)[0]
    return Shopping(variants, handles, method.get("id") or method["shipping_method_id"], port)


async def measure_reads(shopping: Shopping, seconds: float) -> dict[str, Measured]:
    """List of 20, detail, and keyword search, at concurrency 8."""
    words = [f"{material} {thing}" for material in shop_process.MATERIALS for thing in shop_process.THINGS]

    async def get(connection: Connection, path: str) -> bool:
        status, _ = await connection.request("GET", path)
        return status == 200

    async def list_products(connection: Connection, _: int) -> bool:
        return await get(connection, "/api/products?limit=20")

    async def detail(connection: Connection, number: int) -> bool:
        return await get(connection, f"/api/products/{shopping.handles[number % len(shopping.handles)]}")

    async def search(connection: Connection, number: int) -> bool:
        return await get(connection, f"/api/search?q={words[number % len(words)].replace(' ', '+')}&limit=20")

    measured: dict[str, Measured] = {}
    for name, one in (("list", list_products), ("detail", detail), ("search", search)):
        await drive(one, host=HOST, port=shopping.port, concurrency=8, seconds=1)
        measured[name] = await drive(one, host=HOST, port=shopping.port, concurrency=8, seconds=seconds)
    return measured


async def measure_checkouts(shopping: Shopping, seconds: float) -> tuple[Measured, Measured]:
    """Whole checkouts (7 calls each, 2 lines, sandbox payment): at concurrency 8, and alone."""

    async def checkout(connection: Connection, number: int) -> bool:
        return await whole_checkout(connection, shopping, number)

    await drive(checkout, host=HOST, port=shopping.port, concurrency=2, seconds=2)
    crowd = await drive(checkout, host=HOST, port=shopping.port, concurrency=8, seconds=seconds)
    alone = await drive(checkout, host=HOST, port=shopping.port, concurrency=1, seconds=min(seconds, 5))
    return crowd, alone


_guests: dict[int, str] = {}


async def whole_checkout(connection: Connection, shopping: Shopping, number: int) -> bool:
    """The seven calls; the guest's token is got once per connection, as a browser keeps it."""
    owner = id(connection)
    if owner not in _guests:
        status, made = await connection.request("POST", "/api/guests")
        assert status == 201, made
        _guests[owner] = orjson.loads(made)["token"]
    authorised = {"Authorization": f"Bearer {_guests[owner]}"}
    run = f"{os.getpid()}-{owner}-{number}"

    async def call(method: str, path: str, step: str, body: Any) -> dict[str, Any]:
        status, answer = await connection.request(
            method, path, headers={**authorised, "Idempotency-Key": f"{run}-{step}"}, body=body
        )
        if status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {status} {answer[:300]!r}")
        return orjson.loads(answer)

    cart = f"/api/carts/{(await call('POST', '/api/carts', 'cart', {}))['cart_id']}"
    variants = shopping.variant_ids
    await call("POST", f"{cart}/lines", "one", {"variant_id": variants[number * 7 % len(variants)], "quantity": 1})
    await call(
        "POST", f"{cart}/lines", "two", {"variant_id": variants[(number * 7 + 3) % len(variants)], "quantity": 2}
    )
    await call("PUT", f"{cart}/contact", "contact", CONTACT)
    await call("PUT", f"{cart}/shipping", "shipping", {"shipping_method_id": shopping.method_id})
    order = await call("POST", f"{cart}/order", "order", {})
    paid = await call(
        "POST",
        f"/api/orders/{order['order_id']}/payments",
        "pay",
        {"method": "card", "token": "sandbox_card_success"},
    )
    shopping.orders += 1
    return paid["status"] == "captured"


CONTACT = {
    "email": "buyer@example.com",
    "shipping_address": {
        "name": "A Buyer",
        "line1": "Via Roma 1",
        "city": "Trento",
        "postal_code": "38122",
        "country": "IT",
    },
}


def run(seconds: float) -> list[Row]:
    """Everything, in one go on one machine."""
    console = Console(stderr=True)
    with shop_process.data_directory() as directory:
        console.print("filling a shop …")
        shop_process.fill_now(directory)
        with shop_process.serving(directory) as shop:
            wait_for_index(shop.port)
        with shop_process.serving(directory) as shop:
            console.print(f"serving on port {shop.port}")
            shopping = scout(shop.port)
            reads = asyncio.run(measure_reads(shopping, seconds))
            console.print("checkouts …")
            spent = shop_process.ProcessorTime(shop)
            crowd, alone = asyncio.run(measure_checkouts(shopping, seconds))
            per_order = spent.milliseconds_each(shopping.orders)
            memory = shop_process.memory_mib(shop.process.pid)
            start = shop.start_seconds
        console.print("raw ceiling …")
        ceiling = raw_orders_per_second(directory, seconds)
        statements = asyncio.run(statements_per_order(directory))
    failed = sum(measured.failed for measured in (*reads.values(), crowd, alone))
    assert failed == 0, f"{failed} requests failed; the figures would mean nothing"
    return [
        Row("list 20 products", reads["list"].per_second, "req/s", 1000, True, "Medusa 34, Saleor 23, Vendure 20"),
        Row("product detail", reads["detail"].per_second, "req/s", 2000, True, "Vendure 74, Medusa 69"),
        Row("keyword search", reads["search"].per_second, "req/s", 500, True, "Medusa 41"),
        Row("whole checkout, concurrency 8", crowd.per_second, "orders/s", 100, True, "Vendure 7.8"),
        Row("whole checkout alone, p50", alone.percentile_ms(50), "ms", 35, False, "Vendure 213"),
        *(Row(f"processor time per order, {part}", used, "ms", None, False, "–") for part, used in per_order.items()),
        Row("SQL statements per order", statements, "", 60, False, "Vendure 396, Saleor 500, Medusa 657"),
        Row("cold start, warm database", start, "s", 2, False, "Vendure 3.8"),
        Row("memory, 2 web workers + job worker", memory, "MiB PSS", 300, False, "Vendure 760"),
        Row("raw order transaction (pgbench)", ceiling, "tps", None, True, "–"),
        Row("checkout as share of the raw ceiling", 100 * crowd.per_second / ceiling, "%", None, True, "–"),
    ]


def show(rows: list[Row]) -> None:
    """The table."""
    table = Table(title="Bottega on this machine")
    for heading in ("", "ours", "asked", "met", "peers on such a machine"):
        table.add_column(heading)
    for row in rows:
        table.add_row(row.name, f"{row.ours:,.1f} {row.unit}", row.wanted, row.verdict, row.peers)
    Console(width=140).print(table)


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each load lasts")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="also put the table into this page")
    options = parser.parse_args()
    rows = run(options.seconds)
    show(rows)
    if options.json:
        options.json.write_text(json.dumps([{**row.__dict__, "met": row.met} for row in rows], indent=1) + "\n")
    if options.write:
        write_page(options.write, rows, f"python -m benchmarks {' '.join(sys.argv[1:])}")


if __name__ == "__main__":
    main()
