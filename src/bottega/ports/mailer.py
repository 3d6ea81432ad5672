"""The port to a mail server: one message to one person, sent once per key as far as mail allows."""

from dataclasses import dataclass
from typing import Protocol

from bottega.kernel.errors import Conflict, Invalid

DEFAULT_TIMEOUT_SECONDS = 30.0
LARGEST_BODY_CHARACTERS = 500_000
LARGEST_HEADER_CHARACTERS = 400


class MailRefused(Conflict):
    """The server said a lasting no (a 5xx reply: no such mailbox, policy): trying again will not help."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A message; `message_id` is an RFC 5322 Message-ID without brackets, the same for every attempt."""

    to: str
    subject: str
    text: str
    message_id: str
    idempotency_key: str
    html: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("to", self.to), ("subject", self.subject), ("message_id", self.message_id)):
            if not value.isprintable() or len(value) > LARGEST_HEADER_CHARACTERS:
                raise Invalid("bad_mail_header", f"The mail's {name} is too long or has control characters.")
        local, at, domain = self.to.rpartition("@")
        if not (local and at and domain) or any(character in self.to for character in " ,;<>"):
            raise Invalid("bad_mail_address", "The mail's recipient is not one e-mail address.")
        if "@" not in self.message_id or any(character in self.message_id for character in " <>"):
            raise Invalid("bad_message_id", "A message id has the form name@domain, without brackets.")
        if len(self.text) + len(self.html or "") > LARGEST_BODY_CHARACTERS:
            raise Invalid("mail_too_large", f"A mail has at most {LARGEST_BODY_CHARACTERS} characters.")


class Mailer(Protocol):
    """Sends mail. Sending again carries the same Message-ID, by which receiving systems see a repetition."""

    async def send(self, mail: Mail, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        """Hand the message over.

        Raises `Unavailable` when it was surely not sent, `OutcomeUnknown` when the server took the text and did
        not answer, and `MailRefused` for a lasting no. No message names the recipient: errors are written down.
        """
        ...
