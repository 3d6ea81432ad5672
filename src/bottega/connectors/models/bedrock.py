"""Amazon Bedrock's Converse API over boto3, which blocks: each call has a thread until it ends or times out."""

# boto3 and botocore have no types of their own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.session import Session
from botocore.tokens import FrozenAuthToken
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider
from urllib3.exceptions import ProtocolError

from bottega.connectors.models.address import ModelAddress
from bottega.connectors.models.vendor_model import VendorModel
from bottega.connectors.models.wire import IDLE_CONNECTIONS, Wire, current_wire


def open_model(address: ModelAddress) -> VendorModel:
    """A model at Bedrock. Without a key AWS' own chain is used: environment, profile, role of the machine."""
    config: dict[str, Any] = {
        "connect_timeout": address.limits.connect_seconds,
        "read_timeout": address.limits.total_seconds,
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "max_pool_connections": IDLE_CONNECTIONS,
    }
    session: Any = boto3.Session(region_name=address.region)
    if address.api_key is not None:
        # A key of Bedrock's own travels as a bearer token instead of signing requests.
        session = boto3.Session(botocore_session=_WithBearerToken(address.api_key), region_name=address.region)
        config["signature_version"] = "bearer"
    client = session.client("bedrock-runtime", config=Config(**config), endpoint_url=address.base_url)
    client.meta.events.register("before-send.bedrock-runtime", _Sending(client))
    return VendorModel(address, BedrockConverseModel(address.model, provider=BedrockProvider(bedrock_client=client)))


class _WithBearerToken(Session):
    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def get_auth_token(self, **_: Any) -> FrozenAuthToken:
        return FrozenAuthToken(self._token)

    def get_credentials(self) -> None:
        return None


class _Sending:
    """Sends in the library's place, with its own session, so that the body can be counted as it is read."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        wire = current_wire()
        if wire is None:
            return None
        # The library would read the whole body at once otherwise.
        request.stream_output = True
        # Until the connection stands its own timeout tells; what is raised then says so.
        wire.sent = True
        answered = self._client._endpoint.http_session.send(request)
        wire.request_id = answered.headers.get("x-amzn-requestid", "")
        return AWSResponse(answered.url, answered.status_code, answered.headers, CountedBody(answered.raw, wire))


class CountedBody:
    """A response body that is counted as it is read; everything else is the library's own."""

    def __init__(self, body: Any, wire: Wire) -> None:
        self._body = body
        self._wire = wire

    def stream(self, *sizes: Any, **options: Any) -> Iterator[bytes]:
        try:
            yield from self._counted(self._body.stream(*sizes, **options))
        except BaseException:
            # What was read half-way is of no use to a next call; the library would leave the socket open.
            self._body.close()
            raise

    def _counted(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        read = 0
        for part in parts:
            self._wire.receive(len(part))
            read += len(part)
            yield part
        # The library takes a body that ends early for a whole one.
        if read < int(self._body.headers.get("content-length", 0)):
            raise ProtocolError("the connection ended before the body")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)
