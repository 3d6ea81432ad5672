"""The five refusals, each of which says who acts next; anything else that is raised is a bug."""

from typing import Any


class Refusal(Exception):
    """Base of the five categories; `code` is stable for programs, `message` and `next_step` are for people."""

    category = "refusal"

    def __init__(self, code: str, message: str, *, next_step: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.next_step = next_step
        self.details: dict[str, Any] = details

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()

    def as_record(self) -> dict[str, Any]:
        """JSON-ready form: category, code, message, next_step, details."""
        return {
            "category": self.category,
            "code": self.code,
            "message": self.message,
            "next_step": self.next_step,
            "details": self.details,
        }


class Invalid(Refusal):
    """The request itself is wrong: the caller corrects it."""

    category = "invalid"


class NotFound(Refusal):
    """The named thing does not exist, or not for this caller."""

    category = "not_found"


class Conflict(Refusal):
    """The request is sound but the present state says no."""

    category = "conflict"


class Forbidden(Refusal):
    """Somebody with more authority has to ask or approve."""

    category = "forbidden"


class Unavailable(Refusal):
    """Something is not reachable just now: wait and try again."""

    category = "unavailable"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        next_step: str = "",
        retry_after_seconds: float | None = None,
        **details: Any,
    ) -> None:
        super().__init__(code, message, next_step=next_step, **details)
        self.retry_after_seconds = retry_after_seconds


class OutcomeUnknown(Unavailable):
    """A call to the outside was sent and no clear answer came back: it may have taken effect, so look it up first."""


CATEGORIES: dict[str, type[Refusal]] = {
    kind.category: kind for kind in (Invalid, NotFound, Conflict, Forbidden, Unavailable)
}


def from_record(record: dict[str, Any]) -> Refusal:
    """The refusal that `as_record` described."""
    kind = CATEGORIES[record["category"]]
    return kind(record["code"], record["message"], next_step=record["next_step"], **record["details"])
