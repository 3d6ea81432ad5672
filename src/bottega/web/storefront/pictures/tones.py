"""The tones of one colour that a drawing is made of."""

from dataclasses import dataclass

from bottega.web.storefront.pictures.palette import HEX_BY_NAME, SECOND_BY_NAME, lightness, shaded


@dataclass(frozen=True, slots=True)
class Tones:
    """From light to deep; `trim` is a second colour, `ink` draws seams, `metal` and `wood` stay what they are."""

    base: str
    light: str
    dark: str
    deep: str
    trim: str
    ink: str
    metal: str = "#aab2b5"
    metal_dark: str = "#7c868b"
    wood: str = "#b98a5e"
    wood_dark: str = "#8f6741"
    sole: str = "#3a3f41"
    cream: str = "#efe7d6"


def tones_of(name: str) -> Tones:
    """The tones of a colour of the palette; very light ones are shaded more, very dark ones lit more."""
    base = HEX_BY_NAME[name]
    is_light, is_dark = lightness(base) > 0.72, lightness(base) < 0.2
    return Tones(
        base=base,
        light=shaded(base, 0.22 if is_dark else 0.28),
        dark=shaded(base, -0.12 if is_light else -0.18),
        deep=shaded(base, -0.26 if is_light else -0.36),
        trim=SECOND_BY_NAME.get(name, shaded(base, -0.3) if is_light else shaded(base, 0.45)),
        ink=shaded(base, -0.45 if is_light else -0.5),
    )
