"""Colleagues of a test: members of staff of each role, signed in to the console."""

from bottega.entrance import tokens
from bottega.kernel.identifiers import new_id
from bottega.platform.sign_in.sessions import Audience, open_session
from bottega.shop.staff.actions import InviteStaff
from bottega.shop.staff.model import StaffRole
from bottega.web import console
from tests.web.shelf import Shelf
from tests.web.visitor import ORIGIN, Visitor

ROLES: tuple[StaffRole, ...] = ("owner", "manager", "support", "warehouse", "analyst")
CONSOLE = console.FACE.prefix


class Colleague(Visitor):
    """A visitor of the console; `id` is the member of staff."""

    def __init__(self, shelf: Shelf, staff_id: str) -> None:
        super().__init__(shelf)
        self.id = staff_id


async def colleague(shelf: Shelf, role: StaffRole, name: str = "Livia Conti") -> Colleague:
    """Somebody new with that role, with a session."""
    invited = await shelf.shop.done(InviteStaff(email=f"{new_id('req')}@example.com", name=name, role=role))
    found = Colleague(shelf, invited["staff_id"])
    carry_session(found, await session_of(shelf, "staff", found.id))
    return found


async def session_of(shelf: Shelf, audience: Audience, subject_id: str) -> str:
    """The token of a new session."""
    token, digest = tokens.random_token(tokens.SESSION)
    application = shelf.shop.application
    async with application.database.write() as connection:
        await open_session(connection, digest, audience, subject_id, application.clock.now())
    return token


def carry_session(visitor: Visitor, token: str) -> None:
    """Puts a token where the console looks for one."""
    host = ORIGIN.removeprefix("http://")
    visitor.client.cookies.set(console.FACE.cookie, token, domain=host, path=CONSOLE)
