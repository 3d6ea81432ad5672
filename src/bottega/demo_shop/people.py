"""The demo shop's customers, what they bought in the past half year, and what they wrote about it."""

from typing import Any

from bottega.actions.actor import Actor
from bottega.demo_shop import content
from bottega.demo_shop.loader import Loader, Progress
from bottega.demo_shop.past_orders import PastOrders
from bottega.kernel.address import Address
from bottega.shop.customers.actions import AddAddress, RegisterCustomer
from bottega.shop.reviews.actions import ImportReviews, ReviewRecord

REVIEWS_PER_ACTION = 200


async def load_people(loader: Loader, progress: Progress) -> None:
    """Customers first, then their orders in the order of time, then the reviews."""
    customers = content.read("customers.json")["customers"]
    for customer in customers:
        await load_customer(loader, customer)
    addresses = {
        (customer["email"], address["label"]): Address.model_validate(address["address"])
        for customer in customers
        for address in customer["addresses"]
    }
    past = PastOrders(loader, addresses)
    orders = content.read("orders.json")["orders"]
    for number, order in enumerate(orders, 1):
        await past.load(order)
        progress("past orders", number, len(orders))
    await load_reviews(loader, progress)


async def load_customer(loader: Loader, customer: dict[str, Any]) -> None:
    """An account with its addresses; guests are made by their first order."""
    email = customer["email"]
    loader.at(min(customer["joined_days_ago"], 199))
    customer_id = loader.customer_id(email)
    if customer["kind"] != "account":
        return
    by = Actor("customer", customer_id, "customer")
    await loader.perform(
        f"customer:{email}",
        RegisterCustomer(
            customer_id=customer_id,
            email=email,
            name=f"{customer['first_name']} {customer['last_name']}",
            phone=customer["phone"],
            language=customer["language"],
            marketing_consent=customer["marketing_consent"],
            profiling_consent=customer["profiling_consent"],
        ),
        by,
    )
    for address in customer["addresses"]:
        await loader.perform(
            f"address:{email}:{address['label']}",
            AddAddress(customer_id=customer_id, address=Address.model_validate(address["address"])),
            by,
        )


async def load_reviews(loader: Loader, progress: Progress) -> None:
    """All reviews, the untrustworthy ones among them: a real shop has those too."""
    lines = list(content.read_lines("reviews.jsonl"))
    for start in range(0, len(lines), REVIEWS_PER_ACTION):
        batch = [
            ReviewRecord(
                product_handle=line["product"],
                source_id=line["id"],
                rating=line["rating"],
                title=line["title"],
                text=line["text"],
                author=line["author"],
                verified_purchase=line["verified_purchase"],
                days_ago=line["days_ago"],
            )
            for line in lines[start : start + REVIEWS_PER_ACTION]
        ]
        await loader.perform(f"reviews:{start}", ImportReviews(reviews=tuple(batch)))
        progress("reviews", min(start + REVIEWS_PER_ACTION, len(lines)), len(lines))
