"""`bottega runs`: what agents are doing and have done, and the switch that stops them."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.agents.back_office.work import give_work
from bottega.bootstrap import Application
from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.runtime import metrics
from bottega.runtime.directing import cancel_run, retry_run
from bottega.runtime.switches import EVERY_ROLE, StartAgents, StopAgents, stopped_roles
from bottega.runtime.timeline import list_runs, timeline

STATES = ("queued", "ready", "running", "waiting", "done", "failed", "cancelled")
# Who has the machine has the shop.
OPERATOR = Actor("staff", "operator", "owner")

RunId = Annotated[str, typer.Argument(metavar="ID")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RoleOption = Annotated[str, typer.Option("--role", help='Only this role; "*" is all of them.')]

app = typer.Typer(no_args_is_help=True, help="Runs of agents: what they do, and the switch that stops them.")


@app.command("list")
def list_all(
    state: Annotated[str | None, typer.Option(help=f"Only {', '.join(STATES)}.")] = None,
    role: Annotated[str | None, typer.Option(help="Only runs of this role.")] = None,
    session: Annotated[str | None, typer.Option(help="Only turns of this conversation.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only runs for this customer.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.", min=1, max=200)] = 50,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first, and roles that are stopped."""
    with shown(as_json=as_json):
        if state is not None and state not in STATES:
            raise Invalid("no_such_state", f"'{state}' is no state.", next_step=f"Use {', '.join(STATES)}.")
        listed = asyncio.run(_listed(state, role, session, customer, limit))
        if as_json:
            write_json(listed)
        else:
            _print_list(listed)


@app.command()
def show(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run's timeline: phases, tool calls, evidence, decisions, cost."""
    with shown(as_json=as_json):
        found = asyncio.run(_timeline(run_id))
        if as_json:
            write_json(found)
        else:
            _print_timeline(found)


@app.command()
def ask(
    said: Annotated[str, typer.Argument(metavar="TASK", help="What is to be done, in a few sentences.")],
    ticket: Annotated[str | None, typer.Option(help="The ticket that it is about, such as T-1001.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a task to the back-office assistant; what it proposes waits among the approvals."""

    async def asked(application: Application) -> dict[str, Any]:
        database, jobs, clock = application.database, application.jobs, application.clock
        run = await give_work(database, jobs, clock, said, OPERATOR.id, ticket=ticket)
        return {"run_id": run.id, "state": run.state}

    _do(asked, as_json, "{run_id} is {state}; see `bottega runs show {run_id}`.")


@app.command()
def cancel(run_id: RunId, as_json: AsJson = False) -> None:
    """End a run before its next step; what it has done stays done."""

    async def asked(application: Application) -> dict[str, Any]:
        run = await cancel_run(application.database, application.jobs, run_id, OPERATOR.id)
        return {"run_id": run.id, "state": run.state, "cancelled": True}

    _do(asked, as_json, "{run_id} will end before its next step.")


@app.command()
def retry(run_id: RunId, as_json: AsJson = False) -> None:
    """Let a plan that failed go on from its journal, and other failed work begin anew."""

    async def asked(application: Application) -> dict[str, Any]:
        run = await retry_run(application.database, application.jobs, application.clock, run_id)
        return {"run_id": run.id, "state": run.state}

    _do(asked, as_json, "{run_id} is {state}; a worker goes on with it.")


@app.command()
def stop(
    reason: Annotated[str, typer.Argument(help="Why; colleagues read it.")],
    role: RoleOption = EVERY_ROLE,
    as_json: AsJson = False,
) -> None:
    """Stop agents: from now on they read and answer, and change nothing."""
    _throw(StopAgents(role=role, reason=reason), as_json, "Agents ({role}) are stopped.")


@app.command()
def start(role: RoleOption = EVERY_ROLE, as_json: AsJson = False) -> None:
    """Let agents change things again."""
    _throw(StartAgents(role=role), as_json, "Agents ({role}) may act again.")


@app.command()
def refusals(
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List calls of agents that policy or guard refused, for somebody to judge."""
    with shown(as_json=as_json):
        found = asyncio.run(_refusals(limit))
        if as_json:
            write_json({"refusals": found})
        else:
            _print_refusals(found)


@app.command()
def judge(
    run_id: RunId,
    call_id: Annotated[str, typer.Argument(metavar="CALL")],
    wrong: Annotated[bool, typer.Option("--wrong/--right", help="It should have been allowed, or not.")],
    as_json: AsJson = False,
) -> None:
    """Say whether a refused call was refused wrongly; the metric `wrongly_refused` counts these."""

    async def asked(application: Application) -> dict[str, Any]:
        now = application.clock.now()
        await metrics.judge(application.database, run_id, call_id, was_wrong=wrong, by=OPERATOR.id, now=now)
        return {"run_id": run_id, "call_id": call_id, "was_wrong": wrong}

    _do(asked, as_json, "Noted.")


def _throw(action: Action, as_json: bool, sentence: str) -> None:
    async def asked(application: Application) -> dict[str, Any]:
        return (await application.performer.perform(action, by=OPERATOR)).unwrap()

    _do(asked, as_json, sentence)


def _do(asked: Any, as_json: bool, sentence: str) -> None:
    async def whole() -> dict[str, Any]:
        async with open_application() as application:
            return await asked(application)

    with shown(as_json=as_json):
        answer = asyncio.run(whole())
        if as_json:
            write_json(answer)
        else:
            Console().print(sentence.format(**answer), highlight=False)


async def _listed(
    state: str | None, role: str | None, session: str | None, customer: str | None, limit: int
) -> dict[str, Any]:
    async with open_application() as application, application.database.read() as connection:
        runs = await list_runs(
            connection, state=state, role=role, session_id=session, customer_id=customer, limit=limit
        )
        return {"runs": runs, "stopped": await stopped_roles(connection)}


async def _timeline(run_id: str) -> dict[str, Any]:
    async with open_application() as application, application.database.read() as connection:
        return await timeline(connection, run_id)


async def _refusals(limit: int) -> list[dict[str, Any]]:
    async with open_application() as application, application.database.read() as connection:
        return [*await metrics.refusals(connection, limit=limit)]


def _print_list(listed: dict[str, Any]) -> None:
    console = Console()
    for role, switch in listed["stopped"].items():
        who = "all roles" if role == EVERY_ROLE else role
        console.print(f"[red]stopped[/red]: {who} since {switch['changed_at']:%Y-%m-%d %H:%M}: {switch['reason']}")
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "role", "state", "conversation", "calls", "tokens", "cost", "began", "faults"):
        table.add_column(heading, no_wrap=heading != "faults")
    for run in listed["runs"]:
        table.add_row(
            run["id"],
            run["role"],
            f"{run['state']}: {run['waiting_for']}" if run["waiting_for"] else run["failure"] or run["state"],
            "" if run["session_id"] is None else f"{run['session_id']} {run['turn']}",
            f"{run['model_calls']}+{run['tool_calls']}",
            str(run["input_tokens"] + run["output_tokens"]),
            f"{run['cost_micros'] / 1e6:.4f}",
            f"{run['created_at']:%Y-%m-%d %H:%M:%S}",
            ", ".join(run["faults"] or ()),
        )
    console.print(table)


def _print_timeline(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    run = found["run"]
    console.print(f"{run['id']}  {run['role']}  {run['failure'] or run['state']}  {run['cost_micros'] / 1e6:.4f}")
    if found["turn"] is not None:
        console.print(Text(f"asked    {found['turn']['asked']}"))
    for step in found["steps"]:
        took = "" if step["milliseconds"] is None else f"{step['milliseconds']} ms"
        fault = "" if step["fault"] is None else f"  [{step['fault']}]"
        console.print(
            Text(f"{step['number']:>3} {step['phase']:<8} {step['name']:<20} {step['state']:<9} {took}{fault}")
        )
        for line in _told(step):
            console.print(Text(f"      {line}"), soft_wrap=True)
    for entry in found["entries"]:
        console.print(Text(f"entry    {entry['id']}  {entry['action']}  {', '.join(entry['rule_ids'])}"))
    for approval in found["approvals"]:
        console.print(Text(f"approval {approval['id']}  {approval['action']}  {approval['state']}"))
    if found["turn"] is not None and found["turn"]["reply"] is not None:
        console.print(Text(f"replied  {found['turn']['reply']['text']}"))


def _told(step: dict[str, Any]) -> list[str]:
    """What a person wants to see of a step."""
    detail, lines = step["detail"], list[str]()
    routed = detail.get("routed")
    if routed is not None:
        tokens = f"{routed['input_tokens']}+{routed['output_tokens']} tokens"
        lines.append(f"{routed['level']} {routed['route']}: {routed['reason']}, {tokens}, {routed['seconds']} s")
    for call in detail.get("reply", {}).get("calls", ()) if isinstance(detail.get("reply"), dict) else ():
        lines.append(f"wants {call['name']} {call['arguments']}")
    lines += [
        f"{verdict['tool']}: {verdict['verdict']}" + (f" ({verdict['code']})" if "code" in verdict else "")
        for verdict in detail.get("verdicts", ())
        if verdict["verdict"] != "go"
    ]
    outcome = detail.get("outcome")
    if outcome is not None and outcome["kind"] != "answered":
        lines.append(f"{outcome['kind']} {outcome.get('code', outcome.get('id', ''))} {outcome.get('message', '')}")
    if detail.get("found"):
        lines.append(f"replaced: {detail['fault']} {detail['found']}")
    return lines


def _print_refusals(found: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "call", "tool", "refused by", "code", "judged", "message"):
        table.add_column(heading, no_wrap=heading != "message")
    for one in found:
        judged = {None: "", True: "wrong", False: "right"}[one["was_wrong"]]
        cells = (one["run_id"], one["call_id"], one["tool"], one["refused_by"], one["code"], judged, one["message"])
        table.add_row(*(Text(str(cell or "")) for cell in cells))
    Console().print(table)
