"""A soak: a steady load for a while, with memory, connections, tables and log sampled; nothing grows without bound."""

import asyncio
import importlib.util
import time
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bottega.bootstrap import derived_secret, open_application
from bottega.entrance import tokens
from bottega.kernel.errors import Unavailable
from bottega.platform.database import embedded
from bottega.proof.chance import seeded
from bottega.proof.kill.shop_processes import ShopProcesses, temporary_directory
from bottega.proof.kill.shoppers import Person, Remembered, Unanswered, shop_around
from bottega.proof.quiet import ClockAhead, come_to_rest, what_is_broken
from bottega.proof.report import Report, Tell, Violation, tell_nobody
from bottega.proof.simulation.world import scene_settings
from bottega.proof.stand import Stand, set_up

SAMPLES = 60
UNITS = 1_000_000
AT_ONCE = 16
# The first quarter fills pools and caches; from there to the end memory may grow by so much, for what a longer log
# and its indexes need is the database's, not the processes'.
SETTLED_SHARE = 0.25
MEMORY_GROWTH_ALLOWED = 0.25
# Beyond this, what waits to be done grows faster than it is done.
WAITING_ALLOWED = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """What was seen at one moment."""

    second: float
    orders: int
    memory_mib: float
    database_memory_mib: float
    connections: int
    database_mib: float
    log_entries: int
    unsealed: int
    waiting_effects: int
    waiting_jobs: int


async def run_soak(
    seconds: float, *, orders_per_second: float, seed: int, tell: Tell = tell_nobody
) -> tuple[Report, list[Sample]]:
    """Separate processes under a steady load; what grows without bound is a violation."""
    report, samples = Report("soak", seed), list[Sample]()
    began = time.monotonic()
    with temporary_directory("soak") as directory:
        settings = scene_settings("", directory).model_copy(update={"database_url": None})
        async with open_application(settings) as application:
            stand = await set_up(application, units=UNITS)
        processes = ShopProcesses(directory)
        processes.start()
        try:
            async with httpx.AsyncClient(base_url=processes.address) as client:
                await processes.wait_for_answer(client)
                load = _Load(client, stand, derived_secret(settings, "tokens"), seed)
                samples = await _loaded(load, processes, seconds, orders_per_second, tell)
        finally:
            processes.stop()
        clock = ClockAhead()
        async with open_application(settings, clock=clock) as application:
            await come_to_rest(application, clock)
            report.violations = await what_is_broken(application, f"bottega prove soak --seed {seed}")
    report.violations += [Violation("bounded", told, f"bottega prove soak --seed {seed}") for told in grown(samples)]
    report.counts = {
        "orders": samples[-1].orders,
        "samples": len(samples),
        "acknowledged changes": len(load.remembered.acknowledged),
        "requests without an answer": len(load.remembered.unanswered),
    }
    settled, last = samples[int(len(samples) * SETTLED_SHARE)], samples[-1]
    report.figures = {
        "memory settled, MiB": settled.memory_mib,
        "memory at the end, MiB": last.memory_mib,
        "connections at the end": float(last.connections),
        "database at the end, MiB": last.database_mib,
        "log entries": float(last.log_entries),
    }
    report.seconds = time.monotonic() - began
    return report, samples


class _Load:
    """Visits that begin at a steady rate, whether the ones before are over or not, up to a limit."""

    def __init__(self, client: httpx.AsyncClient, stand: Stand, token_key: bytes, seed: int) -> None:
        self._client, self._stand, self._token_key, self._seed = client, stand, token_key, seed
        self.remembered = Remembered()
        self.bought: list[str] = []
        self.begun = 0

    async def visit(self) -> None:
        """One shopper."""
        self.begun += 1
        chance = seeded(self._seed, self.begun)
        _, token = tokens.guest_token(self._token_key)
        with suppress(Unanswered):
            await shop_around(self._stand, Person(self._client, token, chance, self.remembered), chance, self.bought)


async def _loaded(
    load: _Load, processes: ShopProcesses, seconds: float, orders_per_second: float, tell: Tell
) -> list[Sample]:
    samples: list[Sample] = []
    visits: set[asyncio.Task[None]] = set()
    began = time.monotonic()
    next_sample = 0.0
    dsn = embedded.start(processes.directory).dsn
    connection: Any = await asyncpg.connect(dsn, server_settings={"application_name": "soak"})
    try:
        while (passed := time.monotonic() - began) < seconds:
            if passed >= next_sample:
                samples.append(await _sample(connection, processes, passed, len(load.bought)))
                next_sample += seconds / SAMPLES
                tell(int(passed), int(seconds))
            if load.begun < passed * orders_per_second and len(visits) < AT_ONCE:
                visit = asyncio.create_task(load.visit())
                visits.add(visit)
                visit.add_done_callback(visits.discard)
            await asyncio.sleep(0.01)
        await asyncio.gather(*visits)
        samples.append(await _sample(connection, processes, time.monotonic() - began, len(load.bought)))
    finally:
        await connection.close()
    return samples


async def _sample(connection: Any, processes: ShopProcesses, second: float, orders: int) -> Sample:
    found = processes.process_ids()
    row = await connection.fetchrow(_SEEN)
    return Sample(
        round(second, 1),
        orders,
        sum(map(_memory_mib, [*found["serve"], *found["web"], *found["worker"]])),
        sum(map(_memory_mib, found["database"])),
        row["connections"],
        row["bytes"] / 2**20,
        row["entries"],
        row["unsealed"],
        row["effects"],
        row["jobs"],
    )


def grown(samples: list[Sample]) -> list[str]:
    """What grew that should not have: memory after it settled, connections, and what waits."""
    settled = samples[int(len(samples) * SETTLED_SHARE) :]
    half = len(settled) // 2
    wrong: list[str] = []
    first, last = _mean(settled[:half], "memory_mib"), _mean(settled[half:], "memory_mib")
    if last > first * (1 + MEMORY_GROWTH_ALLOWED):
        wrong.append(f"memory grew from {first:.0f} to {last:.0f} MiB after it had settled")
    if max(sample.connections for sample in settled) > 2 * max(1, settled[0].connections):
        wrong.append(f"connections grew from {settled[0].connections} to {max(one.connections for one in settled)}")
    waiting = {name: getattr(samples[-1], name) for name in ("unsealed", "waiting_effects", "waiting_jobs")}
    return wrong + [f"{name} stands at {number}" for name, number in waiting.items() if number > WAITING_ALLOWED]


def check_plotting() -> None:
    """`Unavailable` where matplotlib is not installed; asked before the load begins."""
    if importlib.util.find_spec("matplotlib") is None:
        raise Unavailable(
            "plotting_not_installed",
            "Plotting needs matplotlib.",
            next_step="Run `make setup`, or leave --picture out.",
        )


def plot(samples: list[Sample], path: Path) -> None:
    """One small picture for each thing that was sampled, over time."""
    check_plotting()
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [field.name for field in fields(Sample) if field.name != "second"]
    figure, axes = pyplot.subplots(3, 3, figsize=(12, 7), sharex=True)  # pyright: ignore[reportUnknownMemberType] - untyped library
    places: Any = axes
    minutes = [sample.second / 60 for sample in samples]
    for place, name in zip(places.flat, names, strict=True):
        place.plot(minutes, [getattr(sample, name) for sample in samples], linewidth=1.2)
        place.set_title(name.replace("_", " "), fontsize=9)
        place.set_ylim(bottom=0)
        place.tick_params(labelsize=8)
    figure.supxlabel("minutes", fontsize=9)  # pyright: ignore[reportUnknownMemberType] - untyped library
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)  # pyright: ignore[reportUnknownMemberType] - untyped library


def _mean(samples: list[Sample], name: str) -> float:
    return sum(getattr(sample, name) for sample in samples) / max(1, len(samples))


def _memory_mib(process_id: int) -> float:
    """The proportional set size: what is shared counts by its share."""
    with suppress(OSError):
        for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


_SEEN = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,
       pg_database_size(current_database()) AS bytes,
       (SELECT count(*) FROM log.entries) AS entries,
       (SELECT count(*) FROM log.entries
        WHERE sequence > (SELECT coalesce(max(sequence), 0) FROM log.positions)) AS unsealed,
       (SELECT count(*) FROM log.effects WHERE state IN ('intended', 'sent', 'unknown')) AS effects,
       (SELECT count(*) FROM platform.jobs WHERE state = 'waiting') AS jobs"""
