"""HTTP calls to addresses that others chose: public networks only, no redirects, bounded in time and size."""

import asyncio
import functools
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from bottega.kernel.errors import Invalid, Unavailable

LONGEST_URL_CHARACTERS = 2_000
TIMEOUT_SECONDS = 10.0
_SCHEMES = {"http": 80, "https": 443}
# RFC 6052: an IPv4 address stands in the last four bytes, and a gateway would translate it.
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class AddressRefused(Invalid):
    """A call to this address could reach what is not public."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side said; its body is never read."""

    status: int
    retry_after_seconds: float | None


class OutgoingHttp:
    """Posts to addresses from outside; the address is checked when it is connected to, not only when it is named."""

    def __init__(self, *, allow_private: bool = False, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._allow_private = allow_private
        self._timeout_seconds = timeout_seconds

    def check(self, url: str) -> None:
        """Raises `AddressRefused` for what can be told from the text alone: scheme, credentials, private addresses."""
        host = check_form(url)
        if self._allow_private:
            return
        try:
            address = ip_address(host)
        except ValueError:
            if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or "." not in host:
                raise not_public(host) from None
            return
        if not is_public(address):
            raise not_public(host)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """One request, without redirects or proxies.

        Raises `AddressRefused`, or `Unavailable` when no answer came within the time.
        """
        self.check(url)
        # Imported when something is sent: the web processes and quick commands never need it.
        import httpcore

        from bottega.platform.checked_network import CheckedNetwork

        network = CheckedNetwork(allow_private=self._allow_private)
        sent = [("Host", urlsplit(url).netloc), ("Content-Length", str(len(body))), *headers.items()]
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                httpcore.AsyncConnectionPool(ssl_context=_certificates(), network_backend=network) as pool,
                pool.stream("POST", url, headers=sent, content=body) as response,
            ):
                return Answered(response.status, retry_after_of(response.headers))
        except TimeoutError:
            raise Unavailable("no_answer", f"No answer within {self._timeout_seconds:g} seconds.") from None
        except (OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise Unavailable("unreachable", f"The address does not answer: {type(error).__name__}.") from error


def check_form(url: str) -> str:
    """The host of a URL that may be called at all, or `AddressRefused`."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _malformed() from None
    sound = len(url) <= LONGEST_URL_CHARACTERS and url.isascii() and url.isprintable() and " " not in url
    if not sound or parts.scheme not in _SCHEMES or not host or parts.username or parts.password or parts.fragment:
        raise _malformed()
    return host


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also behind the forms that carry an IPv4 address inside."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None,))[-1]
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None and not is_public(inner):
            return False
    return address.is_global and not address.is_multicast and not address.is_unspecified


def retry_after_of(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """Seconds that a Retry-After header asks for, in either of its forms (RFC 9110, section 10.2.3)."""
    text = next((value.decode("latin-1").strip() for name, value in headers if name.lower() == b"retry-after"), None)
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


@functools.cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def _malformed() -> AddressRefused:
    return AddressRefused(
        "bad_webhook_url",
        "This is not an address that can be called.",
        next_step="Send an http or https URL without user name and fragment.",
    )


def not_public(host: str) -> AddressRefused:
    """The refusal of an address that is not of the open internet."""
    detail: Any = host[:200]
    return AddressRefused(
        "address_not_public",
        f"{detail} is not a public address.",
        next_step="Use a public address, or set BOTTEGA_WEBHOOKS_ALLOW_PRIVATE=true where that is safe.",
    )
