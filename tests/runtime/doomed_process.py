"""Processes that work on a run and kill themselves at a given place; run by the tests of killed workers.

`python doomed_process.py` reads lines `DSN NOTES PLACE COUNT WHAT`, and for each of them forks a process that dies at
the COUNT-th time it comes to PLACE (`before_write`, `after_write`, `in_model`, `in_action`, `after_action`), working on
WHAT (`turn`, `task` or `yes`). It answers with the signal the process died of. Every question to the model becomes a
line of the file NOTES.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

# Run as a file, Python puts this folder on the path instead of the project's root.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bottega.ports.chat_model import ChatReply, ChatRequest, ToolResult, UserMessage
from bottega.runtime.journal import Journal
from bottega.runtime.sessions import Message
from tests.runtime.workshop import CUSTOMER, OFFICE, Workshop, calls, open_workshop, says

ANSWER = "Your parcel comes to 12.50 EUR."


class Fate:
    """Counts how often a place was come to, and dies there."""

    def __init__(self, place: str, count: int) -> None:
        self._place, self._left = place, count

    def meet(self, place: str) -> None:
        if place == self._place:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def script(notes: Path, fate: Fate | None = None) -> Any:
    """A model that looks, opens a parcel, fills it, and tells the total; as an officer it withdraws what it sees."""

    def reply(request: ChatRequest, number: int) -> ChatReply:
        with notes.open("a") as file:
            file.write("asked\n")
        if fate is not None:
            fate.meet("in_model")
        done = [message for message in request.messages if isinstance(message, ToolResult)]
        offered = {tool.name for tool in request.tools}
        said = next(message.text for message in reversed(request.messages) if isinstance(message, UserMessage))
        if said == "yes":
            return says("It is sent.")
        if "withdraw_good" in offered:
            steps = [calls(("list_goods", {})), calls(("withdraw_good", {"good_id": "good_1"})), says("Withdrawn.")]
            return steps[len(done)]
        steps = [
            calls(("list_goods", {}), ("open_parcel", {})),
            None,
            calls(("add_to_parcel", {"good_id": "good_1"})),
            says(ANSWER),
        ]
        step = steps[len(done)]
        assert step is not None
        return step

    return reply


def doom(workshop: Workshop, fate: Fate) -> None:
    """Lets the process die where it is meant to."""
    written = Journal.write

    async def write(self: Journal, *arguments: Any) -> Any:
        fate.meet("before_write")
        answer = await written(self, *arguments)
        fate.meet("after_write")
        return answer

    Journal.write = write  # pyright: ignore[reportAttributeAccessIssue] - this process is about to die
    performed = workshop.performer.perform

    async def perform(action: Any, *, alongside: Any = None, **more: Any) -> Any:
        async def beside(connection: Any) -> None:
            await alongside(connection)
            fate.meet("in_action")

        outcome = await performed(action, alongside=beside if alongside else None, **more)
        if alongside:
            fate.meet("after_action")
        return outcome

    workshop.performer.perform = perform  # pyright: ignore[reportAttributeAccessIssue] - as above


async def main(dsn: str, notes: Path, place: str, count: int, what: str) -> None:
    fate = Fate(place, count)
    async with open_workshop(dsn, script=script(notes, fate), is_fresh=False) as workshop:
        doom(workshop, fate)
        if what == "turn":
            await workshop.runtime.open_session("s1", "clerk", CUSTOMER)
            await workshop.runtime.hear(Message("s1", "A blue mug please", "m1"))
        elif what == "yes":
            await workshop.runtime.hear(Message("s1", "yes", "yes"))
        else:
            await workshop.runtime.start("officer", {"do": "Withdraw the mug"}, OFFICE, key="task")
            await workshop.work()


def serve() -> None:
    """Forks a process for each line: what all of them import is imported once."""
    for line in sys.stdin:
        dsn, notes, place, count, what = line.split()
        child = os.fork()
        if child == 0:
            asyncio.run(main(dsn, Path(notes), place, int(count), what))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{-os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
