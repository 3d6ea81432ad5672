"""Egress: a reply links to the shop and to hosts on the list, and to nothing else; it has no images of elsewhere."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bottega.runtime.guard.words import seen

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

_MARKDOWN_LINK = re.compile(r"!?\[([^\]\n]{0,200})\]\(\s*<?([^)\s>]+)>?[^)\n]*\)")
_REFERENCE_LINK = re.compile(r"^[ ]{0,3}\[[^\]\n]+\]:[ \t]*\S+.*$", re.MULTILINE)
_HTML = re.compile(r"</?[a-zA-Z!][^>]{0,500}>")
_ADDRESS = re.compile(
    r"(?<![\w@./-])(?:[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s<>\"')\]]+|www\.[^\s<>\"')\]]+|(?:data|javascript|mailto|tel):\S+"
    r"|(?:[a-zA-Z0-9-]{1,63}\.)+(?:com|net|org|io|co|info|biz|app|dev|shop|xyz|top|site|online|link|ru|cn|me|ly|to|cc)"
    r"(?:[/:?#][^\s<>\"')\]]*)?)(?![\w@-])"
)
REMOVED = "[link removed]"


@dataclass(frozen=True)
class EgressCheck:
    """Takes addresses out of a reply that are not the shop's own or on the list; their texts stay.

    Hosts are compared whole or as a parent domain: `example.org` allows `help.example.org`.
    """

    hosts: frozenset[str] = frozenset()
    name = "egress"

    def check(self, said: str, context: "RunContext") -> str:
        """The text without foreign addresses and invisible characters. What the principal has written themselves may be
        repeated to them."""
        own = {_bare(address) for words in context.words for address in _ADDRESS.findall(words)}

        def link(match: re.Match[str]) -> str:
            return match[0] if not match[0].startswith("!") and self.allows(match[2]) else match[1]

        def address(match: re.Match[str]) -> str:
            written = _bare(match[0])
            after = match[0][len(written) :]
            return match[0] if self.allows(written) or written in own else f"{REMOVED}{after}"

        without_markup = _HTML.sub("", _REFERENCE_LINK.sub("", seen(said)))
        return _ADDRESS.sub(address, _MARKDOWN_LINK.sub(link, without_markup))

    def allows(self, address: str) -> bool:
        """Whether a reply may hold this address: a path of the shop's own, or https to a host of the list."""
        if address.startswith("/") and not address.startswith(("//", "/\\")):
            return True
        parts = urlsplit(address if "://" in address else f"https://{address}")
        host = (parts.hostname or "").rstrip(".").lower()
        if parts.scheme not in ("https", "http") or parts.username is not None:
            return False
        return any(host == allowed or host.endswith(f".{allowed}") for allowed in self.hosts)


def _bare(address: str) -> str:
    """The address without the sentence's own signs at its end."""
    return address.rstrip(".,;:!?")
