"""The campaign of schedules: every single crash of a few journeys, pairs of crashes, then chance."""

import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from bottega.proof.chance import seeded
from bottega.proof.kill.shop_processes import temporary_directory
from bottega.proof.report import Report, Tell, tell_nobody
from bottega.proof.simulation.actors import CAST, SHOPPERS, ActorCode
from bottega.proof.simulation.journeys import JOURNEYS
from bottega.proof.simulation.schedule import Outcome, Plan, Stage, open_stage
from bottega.proof.simulation.shrink import shortest

JOURNEYER = SHOPPERS[0]
FAULT_SHARE = 0.3
# The last points of a schedule are only reached when everything before went as without a crash.
POINTS_GUESSED = 350
PAIRS_SHARE = 0.2


async def run_schedules(
    schedules: int,
    *,
    seed: int,
    most_seconds: float | None = None,
    exhaustive: bool = True,
    tell: Tell = tell_nobody,
) -> Report:
    """Plays the exhaustive crashes first (when asked for), then as many schedules by chance as were asked for.

    The first violation ends the campaign: its schedule is shortened and its seed told.
    """
    report, began = Report("simulate", seed), time.monotonic()
    last = began + (most_seconds if most_seconds is not None else 1e12)
    with temporary_directory("simulate") as directory:
        async with open_stage(directory) as stage:
            campaign = _Campaign(stage, report, last)
            if exhaustive:
                await campaign.crash_everywhere(seed)
            for number in range(schedules):
                if campaign.is_over():
                    break
                await campaign.play(_by_chance(seed, number), "schedules by chance")
                tell(number + 1, schedules)
    report.seconds = time.monotonic() - began
    if report.seconds:
        report.figures["schedules per second"] = report.counts.get("schedules", 0) / report.seconds
    return report


async def replay_schedule(plan_seed: str) -> Report:
    """One schedule again, by the name that a violation told (`7/12`, or `7/bought@33`)."""
    report, began = Report("simulate", 0), time.monotonic()
    with temporary_directory("simulate") as directory:
        async with open_stage(directory) as stage:
            campaign = _Campaign(stage, report, 1e12)
            await campaign.play(_named(plan_seed), "schedules by name")
    report.seconds = time.monotonic() - began
    return report


class _Campaign:
    """What was played so far."""

    def __init__(self, stage: Stage, report: Report, last: float) -> None:
        self._stage, self._report, self._last = stage, report, last

    def is_over(self) -> bool:
        """Whether the time is over or something was found."""
        return time.monotonic() > self._last or bool(self._report.violations)

    async def play(self, plan: Plan, kind: str) -> Outcome:
        """Plays one schedule and counts what happened in it; a violation is shortened."""
        repeat = f"bottega prove simulate --replay '{plan.seed}'"
        outcome = await self._stage.play(plan, repeat)
        self._report.add_counts(
            {
                "schedules": 1,
                kind: 1,
                "steps": len(outcome.trace),
                "crashes": outcome.crashes,
                "faults at ports": outcome.faults,
                "acknowledged changes": outcome.acknowledged,
            }
        )
        if outcome.violations:
            self._report.violations += await shortest(self._stage, plan, outcome, repeat)
        return outcome

    async def crash_everywhere(self, seed: int) -> None:
        """Each journey without a crash, and then with a crash at each of its points."""
        for name in JOURNEYS:
            calm = await self.play(_journey(seed, name), "journeys")
            for point in range(1, calm.points + 1):
                if self.is_over():
                    return
                await self.play(_journey(seed, name, (point,)), "single crashes")
            for one, other in islice(_pairs(seed, name, calm.points), int(calm.points * PAIRS_SHARE)):
                if self.is_over():
                    return
                await self.play(_journey(seed, name, (one, other)), "pairs of crashes")


def _pairs(seed: int, name: str, points: int) -> Iterator[tuple[int, int]]:
    chance = seeded(seed, "pairs", name)
    while True:
        one = chance.randint(1, points)
        # After a crash the journey begins its request anew, so that the second one is counted from there.
        yield one, one + chance.randint(1, points)


def _journey(seed: int, name: str, crash_at: tuple[int, ...] = ()) -> Plan:
    points = ",".join(map(str, crash_at))
    cast: dict[str, ActorCode] = {JOURNEYER: JOURNEYS[name]}
    return Plan(f"{seed}/{name}@{points}", cast, crash_at=frozenset(crash_at))


def _by_chance(seed: int, number: int) -> Plan:
    """Everybody at once, faults at the ports, and up to two crashes."""
    chance = seeded(seed, "plan", number)
    crashes = chance.choice((0, 0, 1, 1, 2))
    crash_at = frozenset(chance.randint(1, POINTS_GUESSED) for _ in range(crashes))
    share = chance.choice((0.0, FAULT_SHARE, 2 * FAULT_SHARE))
    return Plan(f"{seed}/{number}", CAST, share, crash_at)


def _named(plan_seed: str) -> Plan:
    seed, _, name = plan_seed.partition("/")
    if name.isdigit():
        return _by_chance(int(seed), int(name))
    journey, _, points = name.partition("@")
    plan = _journey(int(seed), journey, tuple(int(point) for point in points.split(",") if point))
    return replace(plan, seed=plan_seed)
