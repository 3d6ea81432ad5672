"""Shortening a schedule that broke a promise: fewer actors, faults, crashes and requests, while it still breaks."""

from collections.abc import Iterator
from dataclasses import replace

from bottega.proof.report import Violation
from bottega.proof.simulation.schedule import Outcome, Plan, Stage

TRIES_LIMIT = 80
REQUESTS_GUESSED = 16


async def shortest(stage: Stage, plan: Plan, outcome: Outcome, repeat: str) -> list[Violation]:
    """The violations of the shortest schedule found that still breaks the same promise, with its trace."""
    promise = outcome.violations[0].promise
    tries = 0
    progress = True
    while progress and tries < TRIES_LIMIT:
        progress = False
        for candidate in _smaller(plan):
            tries += 1
            played = await stage.play(candidate, repeat)
            if any(found.promise == promise for found in played.violations):
                plan, outcome, progress = candidate, played, True
                break
            if tries >= TRIES_LIMIT:
                break
    return outcome.violations


def _smaller(plan: Plan) -> Iterator[Plan]:
    """Plans that lack one thing of this one; actors keep their own chance, whoever else is gone."""
    for name in plan.cast:
        if len(plan.cast) > 1:
            yield replace(plan, cast={other: code for other, code in plan.cast.items() if other != name})
    if plan.fault_share:
        yield replace(plan, fault_share=0.0)
    for point in sorted(plan.crash_at):
        yield replace(plan, crash_at=plan.crash_at - {point})
    for name in plan.cast:
        most = plan.most_steps.get(name, REQUESTS_GUESSED)
        if most > 1:
            yield replace(plan, most_steps={**plan.most_steps, name: most // 2})
