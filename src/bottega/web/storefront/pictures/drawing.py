"""One drawing: a quiet ground, a line of hills behind, and the thing in its colour.

Ground and hills go on to both sides of the square, for frames that are wider than high.
"""

from bottega.web.storefront.pictures.palette import HEX_BY_NAME, lightness
from bottega.web.storefront.pictures.shapes import SHAPES
from bottega.web.storefront.pictures.tones import tones_of

SIZE = 400
LIGHTEST_ON_LIGHT = 0.68
# Grounds are the same in light and dark pages: a picture is a picture.
GROUNDS = ("#eee9dd", "#e6ebe4", "#e8e7ea", "#efe6dc", "#e3e9ea", "#ebe8df")
# What is nearly white stands out from these.
DEEPER_GROUNDS = ("#c9cfc6", "#c3ccd0", "#cdc6ba", "#c6c9d2", "#cfc9be", "#bfcbc5")
HILLS = (
    "M0 318c52-34 92-30 132-8s78 14 124-18 92-28 144 2v106H0z",
    "M0 306c64 20 96-26 150-30s84 40 132 34 74-36 118-26v116H0z",
    "M0 326c40-40 84-52 128-30s70 40 128 18 92-52 144-34v120H0z",
)


def drawn(kind: str, colour: str, variation: int) -> str:
    """The SVG of a kind in a colour."""
    grounds = DEEPER_GROUNDS if lightness(HEX_BY_NAME[colour]) > LIGHTEST_ON_LIGHT else GROUNDS
    ground, hill = grounds[variation % len(grounds)], HILLS[variation % len(HILLS)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">'
        f'<rect x="-{SIZE}" width="{3 * SIZE}" height="{SIZE}" fill="{ground}"/>'
        f'<g opacity=".035"><path d="{hill}"/><path d="{hill}" transform="scale(-1 1)"/>'
        f'<path d="{hill}" transform="matrix(-1 0 0 1 {2 * SIZE} 0)"/></g>'
        f"{SHAPES[kind](tones_of(colour))}</svg>"
    )
