"""What is given up, and in which order, when nothing meets all constraints."""

from collections.abc import Iterator

from bottega.shop.catalogue.understanding.model import Relaxation, Understanding


def relaxations(understanding: Understanding) -> Iterator[Relaxation]:
    """Weaker and weaker forms, the fullest (nothing dropped) not among them; prices, brands and negations last and aloud."""
    yield from ()
