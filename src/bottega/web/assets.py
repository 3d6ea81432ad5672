"""Static files: joined per face at the start, named by their digest, and kept by browsers for a year."""

import gzip
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

ROOT = Path(__file__).parent
FOREVER = "public, max-age=31536000, immutable"
PREFIX = "/static/"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
# What is smaller gains nothing from being compressed, and what is compressed already neither.
SMALLEST_COMPRESSED_BYTES = 600
_REFERENCE = re.compile(r"asset:([a-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    address: str
    media_type: str
    body: bytes
    compressed: bytes | None


class Assets:
    """Every static file by the name that templates and stylesheets call it by."""

    def __init__(self, faces: Mapping[str, Iterable[Path]]) -> None:
        self._by_name: dict[str, Asset] = {}
        self._by_address: dict[str, Asset] = {}
        for path in sorted((ROOT / "vendor").iterdir()):
            if path.suffix in (".js", ".css", ".woff2"):
                self._add(_vendored_name(path), path.read_bytes())
        self._add("icons.svg", _sprite(sorted((ROOT / "design" / "icons").glob("*.svg"))))
        self._add("mark.svg", (ROOT / "design" / "mark.svg").read_bytes())
        for face, folders in faces.items():
            chosen = list(folders)
            self._add(f"{face}.css", self._joined(chosen, ".css"))
            self._add(f"{face}.js", self._joined(chosen, ".js"))

    def url(self, name: str) -> str:
        """The address of a file; a name nobody knows is a bug in the template."""
        return self._by_name[name].address

    def answer(self, request: Request) -> Response | None:
        """The file at the request's address, or None."""
        asset = self._by_address.get(request.url.path)
        if asset is None:
            return None
        headers = {"Cache-Control": FOREVER}
        if asset.compressed is None:
            return Response(asset.body, headers=headers, media_type=asset.media_type)
        headers["Vary"] = "Accept-Encoding"
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(asset.body, headers=headers, media_type=asset.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, headers=headers, media_type=asset.media_type)

    def _add(self, name: str, body: bytes) -> None:
        stem, suffix = name.rsplit(".", 1)
        digest = hashlib.sha256(body).hexdigest()[:12]
        squeezed = None
        if suffix != "woff2" and len(body) >= SMALLEST_COMPRESSED_BYTES:
            squeezed = gzip.compress(body, compresslevel=9, mtime=0)
        asset = Asset(f"{PREFIX}{stem}-{digest}.{suffix}", MEDIA_TYPES[f".{suffix}"], body, squeezed)
        self._by_name[name] = self._by_address[asset.address] = asset

    def _joined(self, folders: Iterable[Path], suffix: str) -> bytes:
        """The files of the folders one after the other, with the addresses of the files they name put in."""
        files = [path for folder in folders for path in sorted(folder.rglob(f"*{suffix}"))]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        return _REFERENCE.sub(lambda found: self.url(found[1]), text).encode()


def _vendored_name(path: Path) -> str:
    """What templates call a vendored file: its name without the version, `htmx.min.js`."""
    return re.sub(r"-[0-9]+(\.[0-9]+)+", "", path.name)


def _sprite(icons: Iterable[Path]) -> bytes:
    """One picture that holds every icon as a symbol of the icon's name, for `<use href="…#name">`."""
    symbols = [
        re.sub(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>", rf'<symbol id="{path.stem}" viewBox="\1">', text, count=1)
        .replace("</svg>", "</symbol>")
        .strip()
        for path in icons
        for text in [path.read_text(encoding="utf-8")]
    ]
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()
