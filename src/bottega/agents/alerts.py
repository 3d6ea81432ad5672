"""Telling the staff that a target of the agents is missed: one mail for each alert, to the shop's own address."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.actor import Cause, system
from bottega.actions.effects import Answer, Cancelled, Effect, Sending, register_sender
from bottega.actions.perform import Performer
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import NotFound
from bottega.platform.database.pool import Database
from bottega.platform.jobs import periodic
from bottega.ports.mailer import Mail, Mailer, MailRefused
from bottega.runtime import metrics
from bottega.shop import shop_settings

TOLD = "mail.target_missed"


class AlertStaff(Action):
    """Tells the staff by mail that a target of the agents is missed; once for each alert."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    alert_id: Annotated[str, Field(pattern="^alr_[0-9a-z]{26}$")]


@handles(AlertStaff)
async def alert_staff(action: AlertStaff, work: Work) -> dict[str, Any]:
    known = await work.connection.fetchval("SELECT EXISTS (SELECT FROM runtime.alerts WHERE id = $1)", action.alert_id)
    if not known:
        raise NotFound("no_such_alert", f"There is no alert {action.alert_id}.", next_step="See `bottega metrics`.")
    await work.intend(TOLD, {"alert_id": action.alert_id}, key=f"{TOLD}:{action.alert_id}")
    return {"alert_id": action.alert_id}


async def _send(effect: Effect, sending: Sending) -> Answer:
    async with sending.performer.database.read() as connection:
        settings = await shop_settings.current(connection)
        row = await connection.fetchrow(_ALERT, effect.payload["alert_id"])
    if row is None:
        raise Cancelled("The alert is gone.")
    bound = "at most" if row["direction"] == "at_most" else "at least"
    mail = Mail(
        to=settings.contact_email,
        subject=f"{settings.shop_name}: agents miss a target, {row['metric']}",
        text=(
            f"{row['metric']}: {row['meaning']}.\n\n"
            f"It is {row['value']:.1f} {row['unit']}, and should be {bound} {row['target']:g}, "
            f"since {row['began_at']:%Y-%m-%d %H:%M} UTC.\n\n"
            "`bottega metrics` shows all figures and `bottega runs list` what agents did; `bottega runs stop` stops "
            "them.\n"
        ),
        message_id=f"{effect.id}@{settings.contact_email.rpartition('@')[2]}",
        idempotency_key=effect.key,
    )
    mailer = sending.services.get(Mailer)  # pyright: ignore[reportAbstractUsage] - the port is the key
    try:
        await mailer.send(mail)
    except MailRefused as refusal:
        return Answer("refused", {"code": refusal.code})
    return Answer("confirmed", {"message_id": mail.message_id})


async def _look_up(_effect: Effect, _sending: Sending) -> None:
    """Nobody can say whether a mail arrived; sent again it carries the same Message-ID."""


register_sender(TOLD, send=_send, look_up=_look_up)


class AlertJobs(Protocol):
    """What the job is given; the application has it."""

    @property
    def database(self) -> Database: ...
    @property
    def performer(self) -> Performer: ...


@periodic("agents.alert", every_seconds=300)
async def tell(context: AlertJobs, _: Mapping[str, Any]) -> None:
    """Every alert that is open and that no colleague has seen; its id is the key, so that each is told once."""
    async with context.database.read() as connection:
        alerts = await metrics.open_alerts(connection)
    for alert in alerts:
        if alert.seen_by is None:
            because = Cause("schedule", "agents.alert")
            action = AlertStaff(alert_id=alert.id)
            (await context.performer.perform(action, by=system("agents"), key=alert.id, because=because)).unwrap()


_ALERT = """
SELECT a.metric, a.value, a.target, a.began_at, t.meaning, t.unit, t.direction
FROM runtime.alerts a JOIN runtime.targets t USING (metric) WHERE a.id = $1"""
