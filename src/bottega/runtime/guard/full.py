"""The full guard, as every shop runs it."""

from bottega.runtime.critics.budget import BudgetCritic, RepeatCritic
from bottega.runtime.critics.policy import PolicyCritic
from bottega.runtime.critics.schema import SchemaCritic, SizeCritic
from bottega.runtime.guard.claims import ClaimCheck
from bottega.runtime.guard.critics import ConfirmingCritic, HandleCritic, RuleOfTwoCritic, UnaskedCritic
from bottega.runtime.guard.echo import EchoCheck, LengthCheck
from bottega.runtime.guard.egress import EgressCheck
from bottega.runtime.guard.grounding import GroundingCheck
from bottega.runtime.guard.guard import Guard
from bottega.runtime.guard.own_words import OwnWordsCheck
from bottega.runtime.guard.provenance import ProvenanceCritic
from bottega.runtime.guard.screen import FullScreen
from bottega.runtime.prompt import HOUSE_RULES


def full_guard(hosts: frozenset[str] = frozenset()) -> Guard:
    """Screen, critics in the order in which each needs what the one before it found out, and reply checks. Replies may
    link to `hosts`."""
    screen = FullScreen()
    return Guard(
        screen=screen,
        critics=(
            SizeCritic(),
            HandleCritic(screen),
            SchemaCritic(),
            RepeatCritic(),
            BudgetCritic(),
            ProvenanceCritic(),
            RuleOfTwoCritic(),
            UnaskedCritic(),
            PolicyCritic(),
            ConfirmingCritic(),
        ),
        checks=(
            OwnWordsCheck(),
            EchoCheck(HOUSE_RULES),
            EgressCheck(hosts),
            LengthCheck(),
            ClaimCheck(),
            GroundingCheck(),
        ),
    )
