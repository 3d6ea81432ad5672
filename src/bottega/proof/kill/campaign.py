"""The campaign of kills: load, SIGKILL at random moments, and checks that nothing acknowledged was lost."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from bottega.bootstrap import Application, open_application
from bottega.entrance import tokens
from bottega.proof.chance import Chance, seeded
from bottega.proof.kill.shop_processes import TARGETS, ShopProcesses, Target, temporary_directory
from bottega.proof.kill.shoppers import (
    Acknowledged,
    Person,
    Remembered,
    look_after,
    repeat_until,
    send,
    shop_around,
    stable,
)
from bottega.proof.quiet import ClockAhead, come_to_rest, what_is_broken
from bottega.proof.report import Report, Tell, Violation, tell_nobody
from bottega.proof.stand import Stand, set_up
from bottega.settings import Settings

SHOPPERS = 6
UNITS = 1_000_000
FIRST_ANSWER_SECONDS = 5.0
# Between a kill and the next: at least long enough for orders to be placed in between.
LONGEST_PAUSE_SECONDS = 1.5
ROUNDS_PER_CHECK = 10
LOOKS_FOR_WHAT_IS_LEFT = 3
REPEATED_PER_CHECK = 300
REPEATS_AT_ONCE = 8


@dataclass(slots=True)
class _Round:
    """One kill: what was killed, and how long the shop was away."""

    number: int
    target: Target
    process_ids: list[int]
    away_seconds: float


@dataclass(slots=True)
class _Campaign:
    """What the campaign works with."""

    seed: int
    stand: Stand
    processes: ShopProcesses
    client: httpx.AsyncClient
    chance: Chance
    answer_within_seconds: float
    remembered: Remembered = field(default_factory=Remembered)
    checked: int = 0
    rounds: list[_Round] = field(default_factory=list[_Round])

    @property
    def repeat(self) -> str:
        return f"bottega prove kill --rounds {len(self.rounds)} --seed {self.seed}"


async def run_kills(
    rounds: int,
    *,
    seed: int,
    most_seconds: float | None = None,
    targets: tuple[Target, ...] = TARGETS,
    answer_within_seconds: float = FIRST_ANSWER_SECONDS,
    tell: Tell = tell_nobody,
) -> Report:
    """Kills so many times, or until the time is over; the moments and targets follow from the seed."""
    report, began = Report("kill", seed), time.monotonic()
    with temporary_directory("kill") as directory:
        async with AsyncExitStack() as stack:
            processes = ShopProcesses(directory)
            limits = httpx.Limits(max_connections=40, max_keepalive_connections=20)
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=processes.address, limits=limits))
            stand = await _furnish(directory)
            processes.start()
            stack.callback(processes.stop)
            report.figures["first start, s"] = await processes.wait_for_answer(client)
            campaign = _Campaign(seed, stand, processes, client, seeded(seed), answer_within_seconds)
            last = began + most_seconds if most_seconds is not None else float("inf")
            while len(campaign.rounds) < rounds and time.monotonic() < last and not report.violations:
                batch = min(ROUNDS_PER_CHECK, rounds - len(campaign.rounds))
                await _kill_under_load(campaign, batch, last, targets)
                tell(len(campaign.rounds), rounds)
                report.violations += await _check(campaign, directory)
            _sum_up(campaign, report)
    report.seconds = time.monotonic() - began
    return report


async def _furnish(directory: Path) -> Stand:
    async with open_application(_settings(directory)) as application:
        return await set_up(application, units=UNITS)


def _settings(directory: Path) -> Settings:
    values: Mapping[str, Any] = {"data_dir": directory, "embedder": "none", "DATABASE_URL": None}
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument


async def _kill_under_load(campaign: _Campaign, batch: int, last: float, targets: tuple[Target, ...]) -> None:
    """Shoppers and staff at work, and so many kills among them."""
    stopped, bought = asyncio.Event(), list[str]()
    people = [asyncio.create_task(_visit_again_and_again(campaign, stopped, bought, one)) for one in range(SHOPPERS)]
    people.append(asyncio.create_task(_staff_again_and_again(campaign, stopped, bought)))
    try:
        for _ in range(batch):
            if time.monotonic() > last:
                break
            await asyncio.sleep(campaign.chance.uniform(0.1, LONGEST_PAUSE_SECONDS))
            target = campaign.chance.choice(targets)
            process_ids = campaign.processes.kill(target, campaign.chance)
            away = await campaign.processes.wait_for_answer(campaign.client)
            campaign.rounds.append(_Round(len(campaign.rounds) + 1, target, process_ids, away))
    finally:
        stopped.set()
        await asyncio.gather(*people)


async def _visit_again_and_again(campaign: _Campaign, stopped: asyncio.Event, bought: list[str], one: int) -> None:
    chance = seeded(f"{campaign.seed}:{len(campaign.rounds)}:{one}")
    token_key = _token_key(campaign.processes.directory)

    async def visit() -> None:
        _, token = tokens.guest_token(token_key)
        await shop_around(campaign.stand, Person(campaign.client, token, chance, campaign.remembered), chance, bought)

    await repeat_until(stopped, visit)


async def _staff_again_and_again(campaign: _Campaign, stopped: asyncio.Event, bought: list[str]) -> None:
    chance = seeded(f"{campaign.seed}:{len(campaign.rounds)}:staff")
    staff = {
        role: Person(campaign.client, token, chance, campaign.remembered)
        for role, token in campaign.stand.staff_tokens.items()
    }
    await repeat_until(stopped, lambda: look_after(staff, chance, bought))


def _token_key(directory: Path) -> bytes:
    from bottega.bootstrap import derived_secret

    return derived_secret(_settings(directory), "tokens")


async def _check(campaign: _Campaign, directory: Path) -> list[Violation]:
    """Brings the shop to rest, and looks for what it said and does not hold any more."""
    clock = ClockAhead()
    async with open_application(_settings(directory), clock=clock) as application:
        trace = tuple(f"round {one.number}: {one.target} {one.process_ids}" for one in campaign.rounds[-20:])
        found: list[Violation] = []
        # The shop's own worker goes on meanwhile, and may be sending something at the moment of the look: what is left
        # is what is left each time.
        for _ in range(LOOKS_FOR_WHAT_IS_LEFT):
            await come_to_rest(application, clock)
            found = await what_is_broken(application, campaign.repeat, trace)
            if all(one.promise != "drained" for one in found):
                break
        found += [
            Violation("acknowledged", lost, campaign.repeat, trace)
            for lost in await _lost(application, campaign.remembered.acknowledged)
        ]
    found += [
        Violation("same key, same answer", told, campaign.repeat, trace) for told in await _answered_otherwise(campaign)
    ]
    found += [Violation("answered", told, campaign.repeat, trace) for told in _unanswered(campaign)]
    return found


def _unanswered(campaign: _Campaign) -> list[str]:
    told = [f"no answer to {path}" for path in campaign.remembered.unanswered]
    told += [f"unexpected answer to {path}" for path in campaign.remembered.unexpected]
    late = [one for one in campaign.rounds if one.away_seconds > campaign.answer_within_seconds]
    return told + [f"no answer for {one.away_seconds:.1f} s after the kill of {one.target}" for one in late]


async def _lost(application: Application, acknowledged: list[Acknowledged]) -> list[str]:
    """Changes that were acknowledged and stand in the log not exactly once."""
    async with application.database.read() as connection:
        rows = await connection.fetch(
            "SELECT asked.key, count(e.id) AS entries FROM unnest($1::text[]) AS asked (key) "
            "LEFT JOIN log.entries e ON e.idempotency_key = asked.key GROUP BY asked.key HAVING count(e.id) <> 1",
            [said.key for said in acknowledged],
        )
    wrong = {row["key"]: row["entries"] for row in rows}
    return [
        f"{said.method} {said.path} was acknowledged and happened {wrong[said.key]} times"
        for said in acknowledged
        if said.key in wrong
    ]


async def _answered_otherwise(campaign: _Campaign) -> list[str]:
    """Repeats a sample of what was acknowledged; the answers have to be the same."""
    new = campaign.remembered.acknowledged[campaign.checked :]
    sample = campaign.chance.sample(new, min(len(new), REPEATED_PER_CHECK))
    campaign.checked = len(campaign.remembered.acknowledged)
    at_once = asyncio.Semaphore(REPEATS_AT_ONCE)

    async def repeat(said: Acknowledged) -> str | None:
        async with at_once:
            answer = await send(campaign.client, said.method, said.path, said.body, said.key, said.token)
        if answer is None or answer.status_code != said.status or stable(answer.json()) != stable(said.answer):
            told = "nothing" if answer is None else f"{answer.status_code} {answer.text[:200]}"
            return f"{said.method} {said.path} said {said.status} {said.answer}, and now {told}"
        return None

    return [told for told in await asyncio.gather(*(repeat(said) for said in sample)) if told is not None]


def _sum_up(campaign: _Campaign, report: Report) -> None:
    report.counts = {
        "kills": len(campaign.rounds),
        "acknowledged changes": len(campaign.remembered.acknowledged),
        "refused requests": campaign.remembered.refused,
        "repeated requests": campaign.remembered.repeated,
        "restarts of serve": campaign.processes.restarts,
    }
    for target in TARGETS:
        away = sorted(one.away_seconds for one in campaign.rounds if one.target == target)
        if away:
            report.counts[f"kills of {target}"] = len(away)
            report.figures[f"without an answer after {target}, median, s"] = median(away)
            report.figures[f"without an answer after {target}, longest, s"] = away[-1]
    every = sorted(one.away_seconds for one in campaign.rounds)
    if every:
        report.figures["without an answer, median, s"] = median(every)
        report.figures["without an answer, 95 of 100, s"] = every[len(every) * 95 // 100]
