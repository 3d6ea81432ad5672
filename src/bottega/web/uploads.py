"""Forms with a file, as browsers send them: read whole into memory within a limit, one file and a few fields."""

from collections.abc import AsyncGenerator

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bottega.entrance.refusals import BadRequest, TooLarge, UnsupportedMediaType
from bottega.web.forms import Form

# What surrounds the file: the other fields, and the lines between them.
ROOM_BYTES = 20_000
MOST_FIELDS = 20
_MEDIA_TYPE = "multipart/form-data"


async def read_upload(request: Request, field: str, *, largest_bytes: int) -> tuple[Form, bytes]:
    """The fields, and the bytes of the file in `field` (none when nothing was chosen)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise UnsupportedMediaType("not_a_form", "This address takes a form with a file.", next_step="Send the form.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest_bytes + ROOM_BYTES:
            raise TooLarge("file_too_large", f"A file has at most {largest_bytes // 1_000_000} MB.")
    parser = MultiPartParser(Headers(scope=request.scope), _once(bytes(body)), max_files=1, max_fields=MOST_FIELDS)
    try:
        parsed = await parser.parse()
    except (MultiPartException, ValueError, KeyError):
        raise BadRequest("malformed_form", "The form cannot be read.", next_step="Load the page again.") from None
    fields: dict[str, tuple[str, ...]] = {}
    content = b""
    for name, value in parsed.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read() if name == field else content
        elif "\0" in value:
            raise BadRequest("nul_character", "The form holds a NUL character.", next_step="Remove it.")
        else:
            fields[name] = (*fields.get(name, ()), value)
    await parsed.close()
    if len(content) > largest_bytes:
        raise TooLarge("file_too_large", f"A file has at most {largest_bytes // 1_000_000} MB.")
    return Form(fields), content


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    yield body
