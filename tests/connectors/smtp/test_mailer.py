"""The SMTP mailer against a real server on a real socket: what arrives, and what each failure means."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from bottega.connectors.smtp.mailer import SmtpMailer, SmtpServer
from bottega.kernel.errors import OutcomeUnknown, Unavailable
from bottega.platform.clock import SetClock
from bottega.ports.mailer import Mail, MailRefused
from tests.fakes.certificates import CertificateFiles, certificate_for_localhost

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MAIL = Mail(
    to="mara@example.com",
    subject="Ihre Bestellung – größer als gedacht",
    text="Grüße\n.\n..zwei Punkte\n",
    message_id="ord_1.confirmed@shop.example",
    idempotency_key="mail-1",
    html="<p>Grüße</p>",
)


@dataclass
class Postmaster:
    """What a mail server says and does at each step; None is yes."""

    at_rcpt: Callable[[SMTP], Awaitable[str]] | None = None
    at_data: Callable[[SMTP], Awaitable[str]] | None = None
    received: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 (aiosmtpd calls its hooks so)
        self, server: SMTP, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return "250 OK" if self.at_rcpt is None else await self.at_rcpt(server)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802 (as above)
        self.received.append(envelope)
        return "250 OK" if self.at_data is None else await self.at_data(server)


def says(reply: str) -> Callable[[SMTP], Awaitable[str]]:
    async def say(server: SMTP) -> str:
        return reply

    return say


async def hang_up(server: SMTP) -> str:
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()
    return "250 OK"


async def say_nothing(server: SMTP) -> str:
    await asyncio.sleep(1)
    return "250 OK"


@asynccontextmanager
async def mail_server(
    postmaster: Postmaster, *, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncGenerator[int]:
    """A server on a port of its own."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(postmaster, hostname="mx.example", enable_SMTPUTF8=True, **options),
        "127.0.0.1",
        0,
        ssl=tls,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def mailer(port: int, **changes: Any) -> SmtpMailer:
    settings: dict[str, Any] = {
        "host": "localhost",
        "sender": "Alpenglow Outdoor <shop@shop.example>",
        "port": port,
        "encryption": "none",
        **changes,
    }
    return SmtpMailer(SmtpServer(**settings), SetClock(NOON))


def parsed(envelope: Envelope) -> EmailMessage:
    content = envelope.content
    assert isinstance(content, bytes)
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def test_what_is_sent_arrives() -> None:
    postmaster = Postmaster()
    async with mail_server(postmaster) as port:
        await mailer(port).send(MAIL)
    envelope = postmaster.received[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("shop@shop.example", ["mara@example.com"])
    message = parsed(envelope)
    assert (message["From"], message["To"]) == ("Alpenglow Outdoor <shop@shop.example>", "mara@example.com")
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == "<ord_1.confirmed@shop.example>"
    assert message["Date"].datetime == NOON
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == MAIL.text
    assert html is not None
    assert html.get_content().strip() == "<p>Grüße</p>"


async def test_an_international_address_is_written_as_it_is() -> None:
    postmaster = Postmaster()
    async with mail_server(postmaster) as port:
        await mailer(port).send(Mail("jürgen@example.com", "Hallo", "Hallo.", "1@shop.example", "mail-2"))
    assert postmaster.received[0].rcpt_tos == ["jürgen@example.com"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> CertificateFiles:
    return certificate_for_localhost(tmp_path_factory.mktemp("certificate"))


def server_context(certificate: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


async def test_starttls_with_a_trusted_certificate(certificate: CertificateFiles) -> None:
    postmaster = Postmaster()
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    async with mail_server(postmaster, tls_context=server_context(certificate), require_starttls=True) as port:
        await mailer(port, encryption="starttls", tls_context=trusting).send(MAIL)
    assert len(postmaster.received) == 1


async def test_tls_from_the_first_byte(certificate: CertificateFiles) -> None:
    postmaster = Postmaster()
    trusting = ssl.create_default_context(cafile=str(certificate.certificate))
    async with mail_server(postmaster, tls=server_context(certificate)) as port:
        await mailer(port, encryption="implicit", tls_context=trusting).send(MAIL)
    assert len(postmaster.received) == 1


async def test_a_certificate_nobody_vouches_for_gets_no_mail(certificate: CertificateFiles) -> None:
    postmaster = Postmaster()
    async with mail_server(postmaster, tls_context=server_context(certificate)) as port:
        with pytest.raises(Unavailable):
            await mailer(port, encryption="starttls").send(MAIL)
    assert postmaster.received == []


async def test_a_server_without_starttls_gets_no_mail_in_the_clear() -> None:
    postmaster = Postmaster()
    async with mail_server(postmaster) as port:
        with pytest.raises(Unavailable):
            await mailer(port, encryption="starttls").send(MAIL)
    assert postmaster.received == []


def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"shop", b"right"), handled=False)


@pytest.mark.parametrize(("password", "accepted"), [("right", True), ("wrong", False)])
async def test_signs_in(certificate: CertificateFiles, password: str, accepted: bool) -> None:
    postmaster = Postmaster()
    context = server_context(certificate)
    options: dict[str, Any] = {
        "authenticator": authenticator,
        "auth_required": True,
        "require_starttls": True,
    }
    async with mail_server(postmaster, tls_context=context, **options) as port:
        trusting = ssl.create_default_context(cafile=str(certificate.certificate))
        sending = mailer(port, username="shop", password=password, encryption="starttls", tls_context=trusting)
        if accepted:
            await sending.send(MAIL)
        else:
            with pytest.raises(Unavailable) as caught:
                await sending.send(MAIL)
            assert caught.value.code == "mail_server_misconfigured"
    assert len(postmaster.received) == accepted


def test_the_password_is_not_shown() -> None:
    assert "hush" not in repr(SmtpServer("mx.example", "shop@shop.example", password="hush"))


@pytest.mark.parametrize("step", ["at_rcpt", "at_data"])
@pytest.mark.parametrize(
    ("reply", "expected"),
    [("550 mara@example.com does not live here", MailRefused), ("451 come back later", Unavailable)],
)
async def test_a_clear_no_is_lasting_or_passing(step: str, reply: str, expected: type[Exception]) -> None:
    postmaster = Postmaster(at_rcpt=says(reply)) if step == "at_rcpt" else Postmaster(at_data=says(reply))
    async with mail_server(postmaster) as port:
        with pytest.raises(expected) as caught:
            await mailer(port).send(MAIL)
    assert type(caught.value) is expected
    assert "mara@example.com" not in str(caught.value)
    assert reply[:3] in str(caught.value)


@pytest.mark.parametrize("fails", [hang_up, say_nothing])
async def test_an_answer_lost_after_the_text_is_an_unknown_outcome(
    fails: Callable[[SMTP], Awaitable[str]],
) -> None:
    postmaster = Postmaster(at_data=fails)
    async with mail_server(postmaster) as port:
        with pytest.raises(OutcomeUnknown):
            await mailer(port).send(MAIL, timeout_seconds=0.5)
    assert len(postmaster.received) == 1


@pytest.mark.parametrize("fails", [hang_up, say_nothing])
async def test_an_answer_lost_before_the_text_means_not_sent(
    fails: Callable[[SMTP], Awaitable[str]],
) -> None:
    postmaster = Postmaster(at_rcpt=fails)
    async with mail_server(postmaster) as port:
        with pytest.raises(Unavailable) as caught:
            await mailer(port).send(MAIL, timeout_seconds=0.5)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert postmaster.received == []


async def test_nobody_listening_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable) as caught:
        await mailer(port, host="127.0.0.1").send(MAIL)
    assert not isinstance(caught.value, OutcomeUnknown)


async def test_a_server_that_never_greets_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        started = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable) as caught:
            await mailer(listener.getsockname()[1], host="127.0.0.1").send(MAIL, timeout_seconds=0.3)
        assert asyncio.get_running_loop().time() - started < 2
    assert not isinstance(caught.value, OutcomeUnknown)
