"""Small policy packs written to disk, and actors for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bottega.actions.policy import PolicyBook, load_packs

ABOUT = """
name = "small"
version = "1"
description = "A small pack."
[groups]
money = "moves money"
own = "one's own"
read = "changes nothing"
"""

RULES = """
@id("small.own")
@describe("Customers change what is theirs.")
permit (principal, action in Action::"own", resource)
when { principal.kind == "customer" && context.own };

@id("small.staff")
@describe("Staff do everything.")
permit (principal, action, resource)
when { principal.kind == "staff" };

@id("small.large_refund")
@describe("A large refund waits.")
forbid (principal, action == Action::"RefundPayment", resource)
when { context.amount_minor > 100 }
unless { context.approved };

@id("small.beyond_captured")
@describe("No more than was captured.")
forbid (principal, action in Action::"money", resource)
when { context has refundable_minor && context.amount_minor > context.refundable_minor };
"""

CASES = """
[actions]
RefundPayment = ["money"]
AddCartLine = ["own"]

[actors]
customer = { kind = "customer", id = "cus_1" }
staff = { kind = "staff", id = "stf_1", role = "support" }

[[permit]]
name = "a small refund"
action = "RefundPayment"
actor = "staff"
facts = { amount_minor = 100 }
rule = "small.staff"

[[hold]]
name = "a large refund"
action = "RefundPayment"
actor = "staff"
facts = { amount_minor = 101 }
rule = "small.large_refund"

[[refuse]]
name = "another's cart"
action = "AddCartLine"
actor = "customer"
facts = { own = false }
"""

ACTIONS: Mapping[str, tuple[str, ...]] = {"RefundPayment": ("money",), "AddCartLine": ("own",)}


@dataclass(frozen=True)
class Person:
    """An actor as the policy sees one."""

    kind: str = "staff"
    id: str = "stf_1"
    role: str = "support"
    scopes: frozenset[str] = field(default_factory=frozenset)
    on_behalf_of: str | None = None


STAFF = Person()
CUSTOMER = Person("customer", "cus_1", "customer")


def write_pack(
    folder: Path,
    *,
    about: str | None = ABOUT,
    cases: str | None = CASES,
    **rule_files: str,
) -> Path:
    """A pack in `folder`; without rule files it has `RULES`, and what is None is left out."""
    folder.mkdir(parents=True)
    written = {f"{name}.cedar": text for name, text in (rule_files or {"rules": RULES}).items()}
    for name, text in {**written, "pack.toml": about, "cases.toml": cases}.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def book_of(folder: Path, rules: str = RULES, cases: str = CASES, about: str = ABOUT) -> PolicyBook:
    """A loaded book over one small pack, bound to `ACTIONS`."""
    return load_packs([write_pack(folder, about=about, cases=cases, rules=rules)]).bind(ACTIONS)
