"""Where a page may send a browser: to addresses of this shop and nowhere else."""

from urllib.parse import urlsplit

LONGEST_ADDRESS = 2_000


def local_address(address: str | None, default: str = "/") -> str:
    """The address itself when it is a path of ours, the default otherwise.

    Browsers read `//other.example` and `/\\other.example` as other hosts and drop tabs and line ends on the way.
    """
    if not address or len(address) > LONGEST_ADDRESS or not address.startswith("/"):
        return default
    if address.startswith(("//", "/\\")) or any(ord(sign) < 0x21 or sign == "\\" for sign in address):
        return default
    try:
        parts = urlsplit(address)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else address
