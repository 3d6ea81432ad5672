"""What must not be half done while the process forks: a child begins with all that other threads held just then."""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

_whole = threading.Lock()


@contextmanager
def not_while_forking() -> Generator[None]:
    """No child is made by forking as long as this lasts; so it is for a few microseconds' work."""
    with _whole:
        yield


# The thread that forks is the one that lives on in the child, so it may give back what it took.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_whole.acquire, after_in_parent=_whole.release, after_in_child=_whole.release)
