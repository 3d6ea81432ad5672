"""Sample logins of the demo shop: one member of staff per role, and one customer."""

from dataclasses import dataclass

from bottega.actions.actor import system
from bottega.demo_shop.loader import Loader
from bottega.platform.sign_in.passwords import hash_password
from bottega.shop.flows.sign_in import replace_password
from bottega.shop.staff.actions import CreateOwner, InviteStaff
from bottega.shop.staff.model import StaffRole

CUSTOMER_EMAIL = "giulia.ferrari@example.com"


@dataclass(frozen=True, slots=True)
class Login:
    """Who signs in and how; printed by the demo, worth nothing anywhere else."""

    email: str
    password: str
    role: str


STAFF: tuple[tuple[StaffRole, str], ...] = (
    ("owner", "Livia Conti"),
    ("manager", "Paolo Zanon"),
    ("support", "Marta Keller"),
    ("warehouse", "Jan Huber"),
    ("analyst", "Ines Duarte"),
)


def login_of(role: str) -> Login:
    """The sample login of a staff role."""
    return Login(f"{role}@bottega-alpina.example", f"alpina-{role}-demo", role)


CUSTOMER = Login(CUSTOMER_EMAIL, "alpina-customer-demo", "customer")


async def load_logins(loader: Loader) -> None:
    """Staff by the actions that make them, then a password for each."""
    for role, name in STAFF:
        login = login_of(role)
        if role == "owner":
            made = await loader.perform(f"staff:{role}", CreateOwner(email=login.email, name=name), system("demo"))
        else:
            made = await loader.perform(f"staff:{role}", InviteStaff(email=login.email, name=name, role=role))
        await replace_password(loader.application.performer, made["staff_id"], await hash_password(login.password))
    customer_id = loader.customer_id(CUSTOMER_EMAIL)
    await replace_password(loader.application.performer, customer_id, await hash_password(CUSTOMER.password))
