"""What the processes of one shop have in common: made once in their parent, inherited by each through fork."""

import gc
import importlib
from dataclasses import dataclass

from fastapi import FastAPI

from bottega.actions.policy.engine import PolicyBook
from bottega.bootstrap import load_policy, load_shop
from bottega.bootstrap.coming_up import ComingUp
from bottega.gateway.application import described
from bottega.settings import Settings
from bottega.web.site import Pages

# A request makes and drops thousands of objects and hardly ever a cycle: looked for ten times less often than usual.
COLLECTED_AFTER = (7_000, 20, 20)
# In the data directory.
COMPILED_FOLDER = "compiled"
# What the processes to come run.
INHERITED = ("bottega.bootstrap.background", "bottega.bootstrap.web_process", "uvloop")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The proven policy, the API and the pages without a shop behind them, and how a web process says it is ready."""

    policy: PolicyBook
    web: FastAPI
    pages: Pages
    coming_up: ComingUp


_made: list[Prepared] = []


def prepare(settings: Settings) -> None:
    """To be called by the parent before it has threads or connections: neither survives a fork."""
    # Hardly anything of what is made here becomes garbage; looking for some takes a tenth of the start.
    gc.disable()
    load_shop()
    for name in INHERITED:
        importlib.import_module(name)
    pages = Pages(settings.data_dir / COMPILED_FOLDER)
    _made.append(Prepared(load_policy(settings), described(), pages, ComingUp()))
    # What little garbage there is stays: taking it away would leave holes in pages that children share until they fill
    # them.
    _out_of_sight()


def prepared() -> Prepared | None:
    """What the parent made, if it did."""
    return _made[-1] if _made else None


def settle_memory() -> None:
    """Takes what lives as long as the process out of the collector's sight: looking through it again and again costs
    a request in a hundred some tens of milliseconds, and in a child it would copy the pages shared with the parent."""
    gc.collect()
    _out_of_sight()


def _out_of_sight() -> None:
    gc.freeze()
    gc.set_threshold(*COLLECTED_AFTER)
    gc.enable()
