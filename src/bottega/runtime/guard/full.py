"""The full guard, as every shop runs it."""

from bottega.runtime.critics.budget import BudgetCritic
from bottega.runtime.critics.policy import PolicyCritic
from bottega.runtime.critics.schema import SchemaCritic, SizeCritic
from bottega.runtime.guard.critics import ConfirmingCritic, HandleCritic, RuleOfTwoCritic
from bottega.runtime.guard.guard import Guard
from bottega.runtime.guard.provenance import ProvenanceCritic
from bottega.runtime.guard.screen import FullScreen


def full_guard() -> Guard:
    """Screen, critics in the order in which each needs what the one before it found out, and reply checks."""
    screen = FullScreen()
    return Guard(
        screen=screen,
        critics=(
            SizeCritic(),
            HandleCritic(screen),
            SchemaCritic(),
            BudgetCritic(),
            ProvenanceCritic(),
            RuleOfTwoCritic(),
            PolicyCritic(),
            ConfirmingCritic(),
        ),
        checks=(),
    )
