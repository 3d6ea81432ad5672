"""How long one policy decision takes under the default pack: python benchmarks/policy.py [--repeat N]."""

import argparse
import statistics
import time
from collections.abc import Callable

from bottega.actions.actor import Actor
from bottega.actions.policy import PolicyBook, default_pack, load_packs
from bottega.actions.policy.decision import Facts

REFUND: Facts = {
    "amount_minor": 5_000,
    "refundable_minor": 10_000,
    "instrument_is_payers": True,
    "refunded_today_minor": 0,
    "limit_minor": 15_000,
    "day_limit_minor": 300_000,
    "second_limit_minor": 100_000,
}
SUPPORT = Actor("staff", "stf_1", "support")
QUESTIONS: tuple[tuple[str, str, Actor, Facts], ...] = (
    ("a guest fills a cart", "AddCartLine", Actor("customer", "cus_1", "guest"), {"own": True}),
    (
        "an agent buys for a customer",
        "PlaceOrder",
        Actor("agent", "agt_1", "shop", on_behalf_of="cus_1"),
        {"own": True, "confirmed": True, "total_minor": 9_900, "spend_limit_minor": 50_000},
    ),
    ("support refunds", "RefundPayment", SUPPORT, REFUND),
    ("support refunds above the limit: held", "RefundPayment", SUPPORT, {**REFUND, "limit_minor": 1_000}),
    ("support refunds too much: refused", "RefundPayment", SUPPORT, {**REFUND, "refundable_minor": 1}),
)


def main() -> None:
    """Prints the median and the 99th percentile of each question, in microseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5_000)
    repeat: int = parser.parse_args().repeat
    began = time.perf_counter()
    book = load_packs([default_pack()])
    (pack,) = book.packs
    loaded = time.perf_counter() - began
    bound = book.bind(pack.case_book.actions)
    print(f"{len(pack.rules)} rules, {len(pack.case_book.cases)} cases proven in {loaded * 1_000:.0f} ms")
    for words, action, actor, facts in QUESTIONS:
        timings = measured(lambda a=action, b=actor, f=facts: bound.decide(a, b, f), repeat)
        print(
            f"{words:42} {effect(bound, action, actor, facts):7} {len(bound.rules_for(action)):3} rules "
            f"p50 {statistics.median(timings):6.1f} µs  p99 {statistics.quantiles(timings, n=100)[98]:6.1f} µs"
        )


def effect(book: PolicyBook, action: str, actor: Actor, facts: Facts) -> str:
    """What the decision is, so that the table says what it measured."""
    return book.decide(action, actor, facts).effect


def measured(decide: Callable[[], object], repeat: int) -> list[float]:
    """Microseconds of each call, after some to warm up."""
    for _ in range(200):
        decide()
    timings: list[float] = []
    for _ in range(repeat):
        began = time.perf_counter_ns()
        decide()
        timings.append((time.perf_counter_ns() - began) / 1_000)
    return timings


if __name__ == "__main__":
    main()
