"""The SMTP mailer: one connection per message, so that what a failure means is known by where it happened."""

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import SMTPUTF8, EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Literal

import aiosmtplib

from bottega.kernel.errors import OutcomeUnknown, Unavailable
from bottega.platform.clock import Clock
from bottega.ports.mailer import DEFAULT_TIMEOUT_SECONDS, Mail, MailRefused

Encryption = Literal["starttls", "implicit", "none"]

QUIT_TIMEOUT_SECONDS = 1.0
# A 5xx in greeting us is about the whole connection and may pass; these are about one mail.
_ABOUT_THIS_MAIL = (
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPRecipientRefused,
    aiosmtplib.SMTPDataError,
)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """How to reach the mail server; `sender` is what stands in From, e.g. `Alpenglow <shop@example.org>`."""

    host: str
    sender: str
    port: int = 587
    encryption: Encryption = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_context: ssl.SSLContext | None = field(default=None, repr=False)


class SmtpMailer:
    """Implements `Mailer`; the server's certificate is checked, and STARTTLS is never skipped when asked for."""

    def __init__(self, server: SmtpServer, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    async def send(self, mail: Mail, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        text = self._message(mail).as_bytes()
        client = self._client(timeout_seconds)
        handed_over = False
        try:
            async with asyncio.timeout(timeout_seconds):
                await client.connect()
                await self._offer(client, mail)
                handed_over = True
                await client.data(text)
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error) from None
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            # The message was on its way when the answer was lost: it may have been taken.
            raise (_unknown() if handed_over else _unreachable(error)) from None
        finally:
            await _leave(client)

    def _client(self, timeout_seconds: float) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=timeout_seconds,
            use_tls=server.encryption == "implicit",
            start_tls=server.encryption == "starttls",
            tls_context=server.tls_context,
        )

    async def _offer(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        options: list[str] = []
        if not mail.to.isascii():
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            if not client.supports_extension("smtputf8"):
                raise MailRefused("mail_address_unsupported", "The mail server takes no international addresses.")
            options = ["SMTPUTF8"]
        await client.mail(parseaddr(self._server.sender)[1], options=options, encoding="utf-8")
        await client.rcpt(mail.to, encoding="utf-8")

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=_policy(mail))
        message["From"] = self._server.sender
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{mail.message_id}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps holiday replies away
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        return message


def _policy(mail: Mail) -> "EmailPolicy[EmailMessage]":
    return SMTP_POLICY if mail.to.isascii() else SMTPUTF8


def _answered(error: aiosmtplib.SMTPResponseException) -> Unavailable | MailRefused:
    """The server's clear no. Its text is left out: it usually quotes the recipient."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return Unavailable(
            "mail_server_misconfigured",
            f"The mail server does not accept our user name and password (reply {error.code}).",
            next_step="Check the SMTP settings.",
        )
    if 500 <= error.code < 600 and isinstance(error, _ABOUT_THIS_MAIL):
        return MailRefused("mail_refused", f"The mail server refused the mail for good (reply {error.code}).")
    return Unavailable("mail_deferred", f"The mail server cannot take the mail now (reply {error.code}).")


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(
        "mail_server_unavailable",
        f"The mail server did not take the mail: {type(error).__name__}.",
        next_step="Try again later.",
    )


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        "mail_outcome_unknown",
        "The mail server took the text of the mail and did not answer.",
        next_step="Send it again: it carries the same Message-ID.",
    )


async def _leave(client: aiosmtplib.SMTP) -> None:
    """Say goodbye; by now the outcome is known, and a server that hangs up first is no failure."""
    if client.is_connected:
        try:
            await client.quit(timeout=QUIT_TIMEOUT_SECONDS)
        except (aiosmtplib.SMTPException, OSError):
            client.close()
