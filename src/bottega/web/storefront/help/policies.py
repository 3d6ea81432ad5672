"""What the shop promises, as its documents say it: the same passages that the assistant cites."""

from typing import Any

from starlette.responses import Response

from bottega.kernel.errors import NotFound
from bottega.platform.database.pool import Connection
from bottega.runtime.knowledge.queries import get_document, list_documents
from bottega.shop.catalogue.model import handle_of
from bottega.web.faces import get
from bottega.web.storefront.help.passages import sections_of
from bottega.web.visit import Visit

MOST_POLICIES = 50


async def show_all(visit: Visit) -> Response:
    """Every document that is in force."""
    async with visit.read() as connection:
        policies = await _policies(connection, visit)
    return await visit.page("storefront/help/policies.html", policies=policies)


async def show(visit: Visit) -> Response:
    """One document with its sections."""
    name = visit.request.path_params["name"]
    now = visit.context.clock.now()
    async with visit.read() as connection:
        policies = await _policies(connection, visit)
        chosen = next((policy for policy in policies if policy["name"] == name), None)
        if chosen is None:
            raise NotFound("no_such_policy", "There is no such page.")
        document = await get_document(connection, chosen["id"], now)
    return await visit.page(
        "storefront/help/policy.html",
        policies=policies,
        policy=chosen,
        sections=sections_of(document["text"]),
    )


async def _policies(connection: Connection, visit: Visit) -> list[dict[str, Any]]:
    """The shop's own documents in force; what others wrote may be read by the assistant and is not shown as ours."""
    rows = await list_documents(connection, visit.context.clock.now(), limit=MOST_POLICIES)
    return [
        {**row, "name": policy_name(row["path"])}
        for row in rows
        if row["trust"] == "shop" and row["standing"] in ("citable", "stale")
    ]


def policy_name(path: str) -> str:
    """What a document is called in addresses: its file without folder and ending."""
    return handle_of(path.rpartition("/")[2].rpartition(".")[0] or path)


PAGES = (
    get("/policies", show_all),
    get("/policies/{name}", show),
)
