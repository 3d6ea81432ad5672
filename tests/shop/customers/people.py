"""People that tests of customers and sign-in start from."""

from bottega.actions.actor import Actor
from bottega.kernel.address import Address
from bottega.kernel.identifiers import new_id
from bottega.shop.customers.actions import RegisterCustomer
from tests.shop_fixtures import Shop

HOME = Address(
    name="Ada Marchetti",
    line1="Via dei Calzaiuoli 12",
    city="Firenze",
    postal_code="50122",
    country="IT",
    phone="055 1",
)
WORKSHOP = Address(
    name="Ada Marchetti", line1="Borgo San Frediano 3", city="Firenze", postal_code="50124", country="IT"
)


def customer(customer_id: str, role: str = "customer") -> Actor:
    """Somebody who is signed in as that customer."""
    return Actor("customer", customer_id, role)


async def register(shop: Shop, email: str = "ada@example.com", name: str = "Ada Marchetti") -> Actor:
    """A new account; returns its customer."""
    customer_id = new_id("cus")
    action = RegisterCustomer(customer_id=customer_id, email=email, name=name, phone="+39 055 123")
    await shop.done(action, by=customer(customer_id, "guest"))
    return customer(customer_id)
