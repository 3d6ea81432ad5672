"""The named refusals of staff and API keys."""

from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound


def no_such_staff(staff_id: str) -> NotFound:
    return NotFound("no_such_staff", f"There is no member of staff {staff_id}.", next_step="List the staff.")


def staff_email_taken() -> Conflict:
    return Conflict(
        "staff_email_taken",
        "Somebody of the staff has this e-mail address already.",
        next_step="List the staff; somebody who left can be let in again.",
    )


def last_owner() -> Conflict:
    return Conflict(
        "last_owner",
        "This is the shop's last owner.",
        next_step="Make somebody else an owner first.",
    )


def owner_exists() -> Conflict:
    return Conflict(
        "owner_exists",
        "The shop has an owner already.",
        next_step="Ask them to invite you; who forgot a password gets a new one by mail.",
    )


def command_line_only() -> Forbidden:
    return Forbidden(
        "command_line_only",
        "The first owner is made from the command line.",
        next_step="Run `bottega staff create-owner` where the shop runs.",
    )


def no_such_api_key(key_id: str) -> NotFound:
    return NotFound("no_such_api_key", f"There is no API key {key_id}.", next_step="List the keys.")


def unknown_scopes(scopes: list[str], known: list[str]) -> Invalid:
    return Invalid(
        "unknown_scopes",
        f"These scopes name nothing: {', '.join(scopes)}.",
        next_step=f"Use *, or some of: {', '.join(known)}.",
        scopes=scopes,
    )


def expiry_in_the_past() -> Invalid:
    return Invalid("expiry_in_the_past", "The key would have expired already.", next_step="Send a later time.")
