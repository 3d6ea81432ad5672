"""The campaign of the hostile model: attacks in an order of chance until enough calls were made, and checks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bottega.bootstrap import Application, open_application
from bottega.kernel.errors import Refusal
from bottega.platform.database import scratch
from bottega.proof.chance import seeded
from bottega.proof.contention import PLENTY
from bottega.proof.hostile.aftermath import rows_of_the_victim, what_attacks_broke, what_became_of_calls
from bottega.proof.hostile.attack import ATTACKS, Attack
from bottega.proof.hostile.attacks import consent, goods, money, noise, reading
from bottega.proof.hostile.stage import Stage, open_stage
from bottega.proof.kill.shop_processes import temporary_directory
from bottega.proof.quiet import ClockAhead
from bottega.proof.report import Report, Tell, Violation, tell_nobody
from bottega.proof.simulation.world import scene_settings
from bottega.proof.stand import set_up
from bottega.runtime.guard.guard import Guard

SUITES = (reading, consent, money, goods, noise)
# Every attack so often in one shop; then everything is checked, and the next shop is opened.
ROUNDS_PER_SHOP = 3
COUPON_USES = 2
PLANNED = "calls planned"
LONGEST_SEEN = 600


@dataclass(frozen=True, slots=True)
class Assault:
    """How hostile a campaign is: calls planned at least, from which chance, and until when (`time.monotonic`)."""

    calls: int
    seed: int
    last: float = 1e12
    guard: Guard | None = None
    attacks: Sequence[Attack] = tuple(ATTACKS)
    rounds_per_shop: int = ROUNDS_PER_SHOP

    @property
    def repeat(self) -> str:
        """The command that does it again."""
        return f"bottega prove hostile --calls {self.calls} --seed {self.seed}"

    def is_over(self, made: int) -> bool:
        """Whether enough was done, or the time is over."""
        return made >= self.calls or time.monotonic() > self.last


async def run_hostile(calls: int, *, seed: int, most_seconds: float | None = None, tell: Tell = tell_nobody) -> Report:
    """Shop after shop, until the model has planned so many calls or the time is over; each attack at least once.

    The first shop in which something was found ends the campaign.
    """
    report, began = Report("hostile", seed), time.monotonic()
    assault = Assault(calls, seed, began + (1e12 if most_seconds is None else most_seconds))
    with temporary_directory("hostile") as directory:
        async with open_application(scene_settings("", directory).model_copy(update={"database_url": None})) as first:
            server = first.database.dsn
        while not (report.violations or assault.is_over(report.counts.get(PLANNED, -1))):
            report.count("shops")
            name, clock = f"hostile_{report.counts['shops']}", ClockAhead()
            settings = scene_settings(await scratch.create_database(server, name), directory / name)
            async with open_application(settings, clock=clock) as application:
                await assail(application, clock, assault, report, tell)
            await scratch.drop_database(server, name)
    report.seconds = time.monotonic() - began
    report.figures["calls per second"] = report.counts[PLANNED] / report.seconds
    return report


async def assail(
    application: Application, clock: ClockAhead, assault: Assault, report: Report, tell: Tell = tell_nobody
) -> None:
    """Every attack, in an order of chance, in one empty shop; what became of the calls, and what was broken."""
    made = report.counts.get(PLANNED, 0)
    chance = seeded(assault.seed, made)
    stand = await set_up(application, units=PLENTY, coupon_uses=COUPON_USES)
    async with open_stage(application, stand, clock, chance, guard=assault.guard) as stage:
        before = await rows_of_the_victim(stage)
        for _ in range(assault.rounds_per_shop):
            for attack in chance.sample(list(assault.attacks), len(assault.attacks)):
                await _attempt(stage, attack, report, assault.repeat)
                tell(made + stage.model.calls, assault.calls)
            if assault.is_over(made + stage.model.calls):
                break
        report.count(PLANNED, stage.model.calls)
        report.add_counts(await what_became_of_calls(stage))
        report.violations += await what_attacks_broke(stage, before, assault.repeat)


async def _attempt(stage: Stage, attack: Attack, report: Report, repeat: str) -> None:
    """A refusal ends an attack, as it should; anything else that comes out of the shop is a fault in it."""
    report.count("attacks")
    for aim in attack.aims:
        report.count(f"attacks on {aim}")
    known = len(stage.found)
    try:
        await attack.run(stage)
    except Refusal:
        report.count("attacks refused as a whole")
    except Exception as error:  # noqa: BLE001 - whatever escapes is what this campaign looks for
        report.violations.append(Violation(attack.name, f"{type(error).__name__}: {error}"[:LONGEST_SEEN], repeat))
    stage.found[known:] = [(promise, f"{attack.name}: {seen}") for promise, seen in stage.found[known:]]
