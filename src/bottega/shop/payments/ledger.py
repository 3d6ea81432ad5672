"""The double-entry ledger: every movement of money goes from one account to another.

An account's balance is the sum of its postings. `order:<id>` holds what an order has been paid net of refunds;
`gift_card:<id>` what a card is worth; `gateway:<name>` is negative by what came in through that gateway and has not
gone back; `gift_cards_issued` is negative by all that was ever put on cards; `bank` stands for bank transfers;
`imported` for money that moved before the shop kept this ledger.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from bottega.actions.work import Work

MovementKind = Literal["capture", "refund", "redeem", "issue", "bank_transfer", "opening"]


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that goes from one account to another; `amount_minor` > 0."""

    kind: MovementKind
    source: str
    target: str
    amount_minor: int
    currency: str
    order_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None

    def reversed(self) -> "Movement":
        """The movement that takes this one back."""
        return replace(self, source=self.target, target=self.source)


def order_account(order_id: str) -> str:
    return f"order:{order_id}"


def gift_card_account(gift_card_id: str) -> str:
    return f"gift_card:{gift_card_id}"


def gateway_account(gateway: str) -> str:
    return f"gateway:{gateway}"


async def post(work: Work, *movements: Movement) -> None:
    """Writes the movements, two postings each, in one statement."""
    if movements:
        await work.connection.execute(
            "INSERT INTO shop.ledger_postings "
            "SELECT * FROM jsonb_populate_recordset(NULL::shop.ledger_postings, $1::jsonb)",
            rows_of(work, *movements),
        )


def rows_of(work: Work, *movements: Movement) -> list[dict[str, Any]]:
    """The postings of movements as rows, for a statement that writes them beside other things."""
    return [
        {
            "transaction_id": transaction_id,
            "line": line,
            "account": account,
            "currency": movement.currency,
            "amount_minor": amount,
            "kind": movement.kind,
            "order_id": movement.order_id,
            "payment_id": movement.payment_id,
            "refund_id": movement.refund_id,
            "posted_at": work.now.isoformat(),
        }
        for movement, transaction_id in ((movement, work.new_id("ltx")) for movement in movements)
        for line, account, amount in (
            (1, movement.source, -movement.amount_minor),
            (2, movement.target, movement.amount_minor),
        )
    ]
