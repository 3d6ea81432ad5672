"""A conversation of a few bytes with a PostgreSQL server over its unix socket: is it there, and who is it?"""

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

USER = "bottega"
PROTOCOL_VERSION = 3 << 16
MESSAGE_BYTES_LIMIT = 1 << 20
TRUST_ACCEPTED = 0

State = Literal["ready", "absent", "not_yet", "silent", "database_missing", "full"]


@dataclass(frozen=True)
class Probe:
    """What the socket answered; `version` is empty unless the state is `ready`."""

    state: State
    version: str = ""


class Refused(Exception):
    """The server answered with an error; `sqlstate` says which."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(f"{message} ({sqlstate})")
        self.sqlstate = sqlstate


def probe(socket_file: Path, database: str, *, timeout_seconds: float) -> Probe:
    """One attempt to sign in: needs no driver and no event loop, and takes about a millisecond."""
    try:
        with _Conversation(socket_file, database, timeout_seconds) as conversation:
            return Probe("ready", conversation.server_version)
    except FileNotFoundError:
        return Probe("absent")
    except TimeoutError:
        return Probe("silent")
    except OSError:
        return Probe("not_yet")
    except Refused as refusal:
        match refusal.sqlstate:
            case "57P03":  # starting, recovering or shutting down
                return Probe("not_yet")
            case "3D000":
                return Probe("database_missing")
            case "53300":
                return Probe("full")
            case _:
                raise


def execute(socket_file: Path, database: str, statement: str, *, timeout_seconds: float = 60.0) -> None:
    """Run one statement whose rows, if any, do not matter."""
    with _Conversation(socket_file, database, timeout_seconds) as conversation:
        conversation.execute(statement)


class _Conversation:
    """The few messages of the frontend/backend protocol 3.0 that trust authentication needs."""

    def __init__(self, socket_file: Path, database: str, timeout_seconds: float) -> None:
        self.server_version = ""
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connection.settimeout(timeout_seconds)
            self._connection.connect(str(socket_file))
            self._start(database)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> "_Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._connection.sendall(b"X" + struct.pack("!i", 4))
        except OSError:
            # The server went away first: the connection is over either way.
            pass
        finally:
            self._connection.close()

    def execute(self, statement: str) -> None:
        body = statement.encode() + b"\0"
        self._connection.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        self._read_until_ready()

    def _start(self, database: str) -> None:
        body = struct.pack("!i", PROTOCOL_VERSION)
        for text in ("user", USER, "database", database, "application_name", "bottega"):
            body += text.encode() + b"\0"
        body += b"\0"
        self._connection.sendall(struct.pack("!i", len(body) + 4) + body)
        self._read_until_ready()

    def _read_until_ready(self) -> None:
        refusal: Refused | None = None
        while True:
            kind, body = self._read_message()
            match kind:
                case b"R":
                    if struct.unpack("!i", body[:4])[0] != TRUST_ACCEPTED:
                        raise Refused("28000", "the server asks for a password; this is not the embedded one")
                case b"S":
                    name, value, _ = body.split(b"\0", 2)
                    if name == b"server_version":
                        self.server_version = value.decode().split(" ")[0]
                case b"E":
                    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
                    refusal = Refused(fields.get(b"C", "XX000"), fields.get(b"M", "no message"))
                    if fields.get(b"V") in {"FATAL", "PANIC"}:
                        raise refusal
                case b"Z":
                    if refusal is not None:
                        raise refusal
                    return
                case _:
                    pass  # notices, rows and completion tags do not matter here

    def _read_message(self) -> tuple[bytes, bytes]:
        kind = self._read_exactly(1)
        length_bytes = struct.unpack("!i", self._read_exactly(4))[0] - 4
        if not 0 <= length_bytes <= MESSAGE_BYTES_LIMIT:
            raise Refused("08P01", f"a message of {length_bytes} bytes is not PostgreSQL's protocol")
        return kind, self._read_exactly(length_bytes)

    def _read_exactly(self, length_bytes: int) -> bytes:
        chunks = b""
        while len(chunks) < length_bytes:
            chunk = self._connection.recv(length_bytes - len(chunks))
            if not chunk:
                raise ConnectionResetError("the server closed the connection")
            chunks += chunk
        return chunks
