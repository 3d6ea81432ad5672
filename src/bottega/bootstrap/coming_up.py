"""How a web process tells the process that watches over it that it is ready: its number, through an inherited pipe."""

import os
import struct
from contextlib import suppress

NUMBER = struct.Struct("=q")
READ_AT_ONCE_BYTES = 4096


class ComingUp:
    """Made before there are processes. A number is written whole or not at all: who is killed leaves no half of it."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for handle in (self._read, self._write):
            os.set_blocking(handle, False)

    def tell(self) -> None:
        """Called by the process that is ready."""
        with suppress(BlockingIOError):
            os.write(self._write, NUMBER.pack(os.getpid()))

    def heard(self) -> set[int]:
        """Who has told it since this was asked last."""
        told = b""
        with suppress(BlockingIOError):
            while part := os.read(self._read, READ_AT_ONCE_BYTES):
                told += part
        return {number for (number,) in NUMBER.iter_unpack(told)}
