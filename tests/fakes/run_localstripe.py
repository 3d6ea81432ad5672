"""Runs localstripe as a child of the tests: on a port of its own, without files, and never longer than its parent.

localstripe's own entry point writes its state to one fixed file after every call and listens on IPv6 only, so the
tests start its application here instead. The first line on standard output is the port.
"""

import os
import socket
import sys
import threading

from aiohttp import web
from localstripe import resources, server


def keep_in_memory(self: resources.Store) -> None:
    """In place of the pickle in a fixed file, which parallel test processes would share."""


def end_with_parent() -> None:
    """The parent holds our standard input open as long as it lives."""
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    resources.Store.dump_to_disk = keep_in_memory
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    web.run_app(server.app, sock=listener, access_log=None, print=None)


if __name__ == "__main__":
    main()
