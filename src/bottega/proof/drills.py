"""Recovery drills: what operators do on a bad day, done over a small shop, each ending in checks."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bottega.actions.effect_decisions import RequeueEffect
from bottega.actions.log.chain import Finding
from bottega.actions.log.export import export_log
from bottega.actions.log.verify import verify_log
from bottega.actions.log.verify_export import verify_export
from bottega.actions.replay import verify_replay
from bottega.actions.undo import UndoEntry
from bottega.bootstrap import open_application, web_app
from bottega.bootstrap.background import anchor, catch_up, signing_key
from bottega.bootstrap.invariants import checked_on
from bottega.bootstrap.recovery import restore_shop
from bottega.kernel.errors import Unavailable
from bottega.platform.database import embedded, scratch
from bottega.platform.database.backup import back_up, restore_backup
from bottega.platform.database.pool import speak_json
from bottega.ports.payment_gateway import PaymentGateway
from bottega.ports.simulated_payer import SimulatedPayer
from bottega.proof.contention import PLENTY, Crowd
from bottega.proof.kill.shop_processes import temporary_directory
from bottega.proof.quiet import ROUNDS_LIMIT, ClockAhead, come_to_rest, what_is_broken
from bottega.proof.report import Report, Tell, Violation, broken, tell_nobody
from bottega.proof.simulation.world import scene_settings
from bottega.proof.stand import OWNER, PRICES_MINOR, set_up
from bottega.shop.flows.expire import expire_due
from bottega.shop.flows.reconcile import reconcile
from bottega.shop.prices.actions import PriceLine, SetPrices

CUSTOMERS = 5
OUTAGE = timedelta(days=1)
SILENCE = timedelta(days=3)


class Scene:
    """A small shop, its clock, and a folder to work in."""

    def __init__(self, crowd: Crowd, clock: ClockAhead, directory: Path) -> None:
        self.crowd, self.clock, self.directory = crowd, clock, directory
        self.application = crowd.application

    @property
    def dsn(self) -> str:
        """The shop's database."""
        return self.application.database.dsn

    async def sell(self, number: int, card: str = "success") -> list[str]:
        """So many orders, paid with that card; their ids."""
        orders: list[str] = []
        for one in range(number):
            token = self.crowd.guest()
            order = await self.crowd.ordered(token, one % len(PRICES_MINOR))
            body = {"method": "card", "token": f"sandbox_card_{card}"}
            await self.crowd.ask("POST", f"{order}/payments", body, token)
            orders.append(order.rpartition("/")[2])
        return orders

    async def statuses(self, orders: list[str]) -> dict[str, int]:
        """How many of these orders have which payment status."""
        async with self.application.database.read() as connection:
            rows = await connection.fetch(
                "SELECT payment_status, count(*) AS number FROM shop.orders WHERE id = ANY ($1::text[]) GROUP BY 1",
                orders,
            )
        return {row["payment_status"]: row["number"] for row in rows}

    async def scalar(self, statement: str, *arguments: Any) -> Any:
        """One value."""
        async with self.application.database.read() as connection:
            return await connection.fetchval(statement, *arguments)


Drill = Callable[[Scene], Awaitable[list[str]]]


async def backup_and_restore(scene: Scene) -> list[str]:
    """A backup of the running shop, restored beside it, is whole: log, fold, invariants and orders."""
    await scene.sell(CUSTOMERS)
    await catch_up(scene.application)
    orders = await scene.scalar("SELECT count(*) FROM shop.orders")
    file = scene.directory / "shop.backup"
    back_up(scene.dsn, file)
    await scene.sell(2)
    restored = await restore_backup(scene.dsn, file, "restored_backup")
    wrong = await _wrong_in(restored, orders)
    if file.stat().st_mode & 0o077:
        wrong.append("the backup can be read by others")
    await scratch.drop_database(scene.dsn, "restored_backup")
    return wrong


async def point_in_time(scene: Scene) -> list[str]:
    """The shop as it stood before the newest orders, rebuilt from the log alone."""
    await scene.sell(CUSTOMERS)
    await come_to_rest(scene.application, scene.clock)
    position = await scene.scalar("SELECT max(position) FROM log.positions")
    orders = await scene.scalar("SELECT count(*) FROM shop.orders")
    await scene.sell(CUSTOMERS)
    await come_to_rest(scene.application, scene.clock)
    made = await restore_shop(scene.dsn, "as_it_stood", position)
    wrong = await _wrong_in(made.dsn, orders)
    await scratch.drop_database(scene.dsn, "as_it_stood")
    return wrong


async def lost_webhooks(scene: Scene) -> list[str]:
    """Payers finish at the provider, whose reports do not come for three days; then somebody asks."""
    orders = await scene.sell(CUSTOMERS, "3d_secure")
    payer = scene.application.services.get(SimulatedPayer, "sandbox")  # pyright: ignore[reportAbstractUsage] - the port is the key
    async with scene.application.database.read() as connection:
        rows = await connection.fetch(
            "SELECT gateway_reference FROM shop.payments WHERE order_id = ANY ($1::text[])", orders
        )
    for row in rows:
        await payer.complete_action(row["gateway_reference"], approve=True)
    before = await scene.statuses(orders)
    scene.clock.advance(SILENCE)
    await reconcile(scene.application, {})
    after = await scene.statuses(orders)
    expected = ({"awaiting": CUSTOMERS}, {"paid": CUSTOMERS})
    return [] if (before, after) == expected else [f"before {before}, after {after}"]


class _Away:
    """A provider that answers 503 to everything."""

    name = "sandbox"

    def __getattr__(self, _: str) -> Any:
        async def refuse(*_: Any, **__: Any) -> None:
            raise Unavailable("payment_gateway_unavailable", "The provider is away.", retry_after_seconds=60.0)

        return refuse


async def provider_outage(scene: Scene) -> list[str]:
    """The provider is away for a day; what was tried in vain waits for a person, who lets it go again."""
    services = scene.application.services
    provider: Any = services.get(PaymentGateway, "sandbox")  # pyright: ignore[reportAbstractUsage] - the port is the key
    away: Any = _Away()
    services.add(PaymentGateway, away, "sandbox")
    try:
        orders = await scene.sell(CUSTOMERS)
        during = await scene.statuses(orders)
        passed = timedelta(0)
        while passed < OUTAGE:
            scene.clock.advance(timedelta(minutes=16))
            passed += timedelta(minutes=16)
            await scene.application.effects.drive_due()
    finally:
        services.add(PaymentGateway, provider, "sandbox")
    async with scene.application.database.read() as connection:
        dead = await connection.fetch("SELECT id FROM log.effects WHERE state = 'dead'")
    for row in dead:
        await scene.crowd.done(RequeueEffect(effect_id=row["id"]))
    # One round looks each up and learns that it never took effect, the next sends it.
    for _ in range(ROUNDS_LIMIT):
        if not await scene.application.effects.drive_due():
            break
    after = await scene.statuses(orders)
    if (during, len(dead), after) != ({"awaiting": CUSTOMERS}, CUSTOMERS, {"paid": CUSTOMERS}):
        return [f"during the outage {during}, {len(dead)} dead letters, afterwards {after}"]
    return []


async def bad_price_import(scene: Scene) -> list[str]:
    """A tenth of every price is imported by mistake, and undone; a price that was corrected since stands."""
    before = await _prices(scene)
    prices = tuple(
        PriceLine(variant_id=variant_id, currency="EUR", amount_minor=amount // 10)
        for variant_id, amount in before.items()
    )
    performer = scene.application.performer
    outcome = await performer.perform(SetPrices(prices=prices), by=OWNER)
    outcome.unwrap()
    entry_id = await scene.scalar(
        "SELECT id FROM log.entries WHERE action = 'SetPrices' ORDER BY sequence DESC LIMIT 1"
    )
    wrong = [] if await _prices(scene) != before else ["the bad import changed nothing"]
    (await performer.perform(UndoEntry(entry_id=entry_id), by=OWNER)).unwrap()
    after = await _prices(scene)
    return wrong + ([] if after == before else [f"before {before}, after {after}"])


async def tampering(scene: Scene) -> list[str]:
    """Edits, deletions, reorderings and truncation, of an exported log and of the tables: each is found and placed."""
    await scene.sell(CUSTOMERS)
    await catch_up(scene.application)
    key = signing_key(scene.application)
    file = scene.directory / "log.jsonl"
    await export_log(scene.application.database, file, key, scene.application.clock)
    lines = file.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    edited = lines[middle].replace(b"a", b"b", 1)
    forged = {
        "edited": [*lines[:middle], edited, *lines[middle + 1 :]],
        "deleted": [*lines[:middle], *lines[middle + 1 :]],
        "reordered": [*lines[:middle], lines[middle + 1], lines[middle], *lines[middle + 2 :]],
        "truncated": lines[:middle],
    }
    wrong: list[str] = []
    if verify_export(file, public_keys=key.public_keys).finding is not None:
        wrong.append("the export as it was written is not whole")
    for name, changed in forged.items():
        other = scene.directory / f"{name}.jsonl"
        other.write_bytes(b"".join(changed))
        finding = verify_export(other, public_keys=key.public_keys).finding
        if finding is None or not _is_placed(finding):
            wrong.append(f"the {name} export: {finding}")
    return wrong + await _tampered_tables(scene)


def _is_placed(finding: Finding) -> bool:
    places = (finding.line, finding.position, finding.entry_id, finding.block)
    return any(place is not None for place in places)


async def _tampered_tables(scene: Scene) -> list[str]:
    """The same on copies of the database, where triggers can be switched off."""
    key, kept = signing_key(scene.application), anchor(scene.application).read()
    file = scene.directory / "before.backup"
    back_up(scene.dsn, file)
    wrong: list[str] = []
    for name, statement in TAMPERED.items():
        dsn = await restore_backup(scene.dsn, file, f"tampered_{name}")
        connection: Any = await asyncpg.connect(dsn)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(statement)
        await connection.close()
        settings = scene_settings(dsn, scene.directory)
        async with open_application(settings, clock=scene.clock, policy=scene.application.policy) as copy:
            findings = (await verify_log(copy.database, key.public_keys, anchor=kept)).findings
        if not findings or not _is_placed(findings[0]):
            wrong.append(f"{name} in the tables: {findings}")
        await scratch.drop_database(scene.dsn, f"tampered_{name}")
    return wrong


TAMPERED = {
    "edited": "UPDATE log.entries SET actor_id = 'nobody' WHERE sequence = (SELECT max(sequence) FROM log.positions)",
    "deleted": "DELETE FROM log.changes WHERE id = (SELECT max(id) FROM log.changes)",
    "reordered": "CREATE TEMP TABLE moved AS SELECT 7 - position AS position, entry_id, sequence, entry_hash "
    "FROM log.positions WHERE position IN (3, 4); DELETE FROM log.positions WHERE position IN (3, 4); "
    "INSERT INTO log.positions SELECT * FROM moved",
    "truncated": "DELETE FROM log.blocks WHERE number = (SELECT max(number) FROM log.blocks); "
    "DELETE FROM log.positions WHERE position > (SELECT coalesce(max(last_position), 0) FROM log.blocks); "
    "DELETE FROM log.entries WHERE sequence > (SELECT coalesce(max(sequence), 0) FROM log.positions)",
}

DRILLS: dict[str, Drill] = {
    "backup and restore": backup_and_restore,
    "point in time": point_in_time,
    "lost webhooks": lost_webhooks,
    "provider outage": provider_outage,
    "bad price import": bad_price_import,
    "tampering": tampering,
}


async def run_drills(only: str = "", *, tell: Tell = tell_nobody) -> Report:
    """Each drill over a shop of its own on one server; the checks of the drill, then the invariants."""
    report, began = Report("drills", 0), time.monotonic()
    named = {name: drill for name, drill in DRILLS.items() if only in name}
    with temporary_directory("drills") as directory:
        server = embedded.start(directory)
        for number, name in enumerate(named, start=1):
            started = time.monotonic()
            folder = directory / name.replace(" ", "-")
            folder.mkdir()
            dsn = await scratch.create_database(server.dsn, name.replace(" ", "_"))
            report.violations += await drilled(name, dsn, folder)
            report.count("drills")
            report.figures[f"{name}, s"] = time.monotonic() - started
            tell(number, len(named))
    report.seconds = time.monotonic() - began
    return report


async def drilled(name: str, dsn: str, folder: Path) -> list[Violation]:
    """One drill over an empty database, with a folder to work in."""
    repeat = f"bottega prove drills --only '{name}'"
    clock = ClockAhead()
    async with open_application(scene_settings(dsn, folder), clock=clock) as application:
        stand = await set_up(application, units=PLENTY)
        transport = httpx.ASGITransport(app=web_app(application), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.proof", timeout=60) as client:
            scene = Scene(Crowd(application, stand, client, CUSTOMERS), clock, folder)
            found = [Violation(name, seen, repeat) for seen in await DRILLS[name](scene)]
        await expire_due(application.performer)
        await come_to_rest(application, clock)
        found += await what_is_broken(application, repeat)
    return found


async def _wrong_in(dsn: str, orders: int) -> list[str]:
    """What is wrong with a restored database: its fold, its invariants, or the number of its orders."""
    wrong: list[str] = []
    report = await verify_replay(dsn)
    if report.difference is not None:
        wrong.append(f"replay: {report.difference}")
    connection: Any = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        await speak_json(connection)
        wrong += [f"{found.promise}: {found.seen}" for found in broken(await checked_on(connection))]
        restored = await connection.fetchval("SELECT count(*) FROM shop.orders")
    finally:
        await connection.close()
    return wrong if restored == orders else [*wrong, f"{restored} orders instead of {orders}"]


async def _prices(scene: Scene) -> dict[str, int]:
    async with scene.application.database.read() as connection:
        rows = await connection.fetch("SELECT variant_id, amount_minor FROM shop.prices ORDER BY variant_id")
    return {row["variant_id"]: row["amount_minor"] for row in rows}
