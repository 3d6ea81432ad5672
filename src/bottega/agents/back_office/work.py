"""Giving work to the back-office assistant: a task in a colleague's words, about a ticket if it is about one."""

from bottega.actions.work import JobQueue
from bottega.agents.back_office.observers import TICKET
from bottega.agents.back_office.role import NAME
from bottega.kernel.errors import Invalid, NotFound
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.runtime.directing import ADVANCE_JOB
from bottega.runtime.evidence import Json
from bottega.runtime.journal import insert_run, new_run
from bottega.runtime.run import Principal, Run

LONGEST_TASK_CHARACTERS = 2_000


async def give_work(
    database: Database, jobs: JobQueue, clock: Clock, said: str, by: str, *, ticket: str | None = None
) -> Run:
    """Starts it, for a worker to go on with. `by` is the colleague; `ticket` a number such as T-1001, whose customer is
    then the only one whose records the work may look at. Raises `Invalid` and `NotFound`."""
    said = said.strip()
    if not said or len(said) > LONGEST_TASK_CHARACTERS:
        raise Invalid(
            "bad_task",
            f"A task has 1 to {LONGEST_TASK_CHARACTERS} characters.",
            next_step="Say in a few sentences what is to be done.",
        )
    task: dict[str, Json] = {"said": said}
    customer_id: str | None = None
    async with database.write() as connection:
        if ticket is not None:
            wanted = "".join(ticket.split()).upper()
            row = await connection.fetchrow("SELECT id, customer_id FROM shop.tickets WHERE number = $1", wanted)
            if row is None:
                raise NotFound("no_such_ticket", f"There is no ticket {wanted[:40]}.", next_step="List the tickets.")
            task[TICKET], customer_id = row["id"], row["customer_id"]
        run = await insert_run(connection, new_run(NAME, Principal("staff", by, customer_id), task, clock.now()), None)
        await jobs.enqueue(connection, ADVANCE_JOB, {"run_id": run.id}, key=run.id)
    jobs.wake()
    return run
