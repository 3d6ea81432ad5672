"""Calls to addresses that others chose reach the open internet only."""

from ipaddress import ip_address

import pytest

from bottega.platform import outgoing_http
from bottega.platform.outgoing_http import AddressRefused, OutgoingHttp, is_public

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address to be refused, nothing listens
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::a00:1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_of_a_private_network_is_public(address: str) -> None:
    assert not is_public(ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(AddressRefused, match="not a public address"):
        OutgoingHttp().check(f"https://{host}/hooks")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http:///path",
        "https://user:word@example.com/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com:99999/",
        "https://exämple.com/",
        "https://example.com/\r\nHost: other",
        "https://[::1/",
        "https://example.com/" + "a" * 2_000,
    ],
)
def test_what_is_no_callable_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused, match="not an address that can be called"):
        OutgoingHttp(allow_private=True).check(url)


@pytest.mark.parametrize("host", ["localhost", "db.internal", "printer.local", "intranet"])
def test_names_of_the_own_network_are_refused_at_once(host: str) -> None:
    with pytest.raises(AddressRefused, match="not a public address"):
        OutgoingHttp().check(f"http://{host}/")


async def test_a_public_name_that_leads_to_a_private_address_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import asyncio

    async def to_loopback(self: object, host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", ("8.8.8.8", port)), (2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(type(asyncio.get_running_loop()), "getaddrinfo", to_loopback)
    with pytest.raises(AddressRefused, match=r"rebind\.example\.com is not a public address"):
        await OutgoingHttp().post("http://rebind.example.com/hooks", b"{}", {})


async def test_nobody_there(unused_tcp_port: int) -> None:
    with pytest.raises(outgoing_http.Unavailable, match="does not answer"):
        await OutgoingHttp(allow_private=True).post(f"http://127.0.0.1:{unused_tcp_port}/", b"{}", {})
