"""Jackets, gilets, fleeces, capes and suits."""

from bottega.web.storefront.pictures.strokes import both, box, fill, halves, moved, seam
from bottega.web.storefront.pictures.tones import Tones

_BODY = "M200 104 168 100C148 104 134 112 127 128L86 268q14 12 40 12l22-72-4 118q26 8 56 8z"
_HOOD = "M200 56c-28 0-44 20-42 48 10 18 26 26 42 26z"
_TORSO = "M200 104 168 100q-20 4-30 14l10 40q6 26-2 60l-2 112q26 8 56 8z"


def shell(tones: Tones) -> str:
    """A hooded jacket with taped seams."""
    return (
        halves(_BODY, tones.base, tones.dark)
        + both(fill("M168 100c-20 4-34 12-41 28l-8 28 52 8 29-30v-8q-20-4-32-26z", tones.light, 0.55))
        + halves(_HOOD, tones.dark, tones.deep)
        + fill("M200 78c-16 0-26 12-24 30 8 10 16 14 24 14s16-4 24-14c2-18-8-30-24-30z", tones.ink)
        + both(fill("M86 268q14 12 40 12l5-17q-22-1-41-11z", tones.trim) + seam("m158 268 16-34", tones.ink, 4))
        + seam("M200 128v206", tones.ink, 4)
        + seam("M212 150v34", tones.trim, 5)
    )


def down_jacket(tones: Tones) -> str:
    """Chambers of down between seams."""
    body = "M200 108 170 100c-24 2-44 14-52 36L78 262q12 18 46 20l22-62-6 100q24 14 60 14z"
    seams = "".join(
        seam(f"M{left} {y}q28 12 {200 - left} 6", tones.ink, 2.5)
        for y, left in ((150, 150), (186, 147), (222, 145), (258, 143), (294, 141))
    )
    sleeves = "".join(seam(f"m{x} {y} 36 12", tones.ink, 2.5) for x, y in ((113, 158), (103, 190), (93, 222)))
    return (
        halves(body, tones.base, tones.dark)
        + halves("M200 62c-30 0-46 18-44 44 12 20 28 28 44 28z", tones.light, tones.base)
        + fill("M200 84c-18 0-28 10-26 26 8 12 16 16 26 16s18-4 26-16c2-16-8-26-26-26z", tones.deep)
        + both(seams + sleeves + seam("M166 74q14 12 34 12", tones.ink, 2.5))
        + seam("M200 130v204", tones.deep, 5)
    )


def coat(tones: Tones) -> str:
    """A long parka with large pockets."""
    body = "M200 100 168 96c-22 4-36 14-42 32L92 250q14 12 38 12l20-62-14 146q30 8 64 8z"
    return (
        halves(body, tones.base, tones.dark)
        + halves("M200 50c-32 0-50 22-46 52 12 20 28 28 46 28z", tones.cream, tones.cream)
        + halves("M200 62c-24 0-36 16-34 38 10 16 22 22 34 22z", tones.dark, tones.deep)
        + both(
            fill("m150 250 34-2v44l-38 2z", tones.light, 0.6)
            + seam("m150 250 34-2v44l-38 2z", tones.ink, 3)
            + seam("m148 206-6 20", tones.ink, 3)
        )
        + seam("M200 124v230", tones.ink, 4)
        + seam("M208 132v216", tones.ink, 2, "2 10")
    )


def fleece(tones: Tones) -> str:
    """A zipped fleece with a stand-up collar and a pocket of another colour."""
    return (
        halves(_BODY, tones.base, tones.dark)
        + both(fill("M168 100c-20 4-34 12-41 28l-8 28q30 8 81 4v-56z", tones.light, 0.7))
        + halves("M200 76h-24q-8 12-6 26 14 10 30 12z", tones.trim, tones.trim)
        + seam("M200 78v256", tones.ink, 4)
        + fill("m214 170 38 2-2 44-36 2z", tones.trim)
        + seam("m214 180 37 2", tones.ink, 3)
        + both(fill("M86 268q14 12 40 12l4-14q-22-1-40-11z", tones.deep))
        + both(fill("m144 326 1-14q26 8 55 8v14q-30 0-56-8z", tones.deep))
    )


def gilet(tones: Tones) -> str:
    """A jacket without sleeves."""
    seams = "".join(seam(f"M148 {y}q26 10 52 6", tones.ink, 2.5) for y in (176, 212, 248, 284))
    return (
        halves(_TORSO, tones.base, tones.dark)
        + halves("M200 78h-26q-8 10-6 24 14 12 32 14z", tones.light, tones.base)
        + both(seams + seam("M138 116q16 40 8 98", tones.deep, 6))
        + seam("M200 80v254", tones.deep, 5)
    )


def shirt_jacket(tones: Tones) -> str:
    """Buttons, two breast pockets and a check."""
    check = "".join(seam(f"M{x} 116v204", tones.trim, 6) for x in (160, 182))
    check += "".join(seam(f"M148 {y}h52", tones.trim, 6) for y in (166, 206, 246, 286))
    return (
        halves(_BODY, tones.base, tones.dark)
        + f'<g opacity=".45">{both(check)}</g>'
        + halves("M200 122 172 98l-12 22 22 20z", tones.light, tones.base)
        + both(fill("m156 166 32 2v36l-16 8-16-8z", tones.deep, 0.8))
        + seam("M200 124v210", tones.ink, 4)
        + "".join(f'<circle cx="208" cy="{y}" r="4" fill="{tones.cream}"/>' for y in (152, 192, 232, 272, 312))
    )


def cape(tones: Tones) -> str:
    """Cloth that falls from the shoulders."""
    return (
        halves("M200 100c-34 0-50 16-62 62L84 314q52 26 116 26z", tones.base, tones.dark)
        + both(seam("M168 120q-22 80-42 206", tones.deep, 3) + seam("M190 130q-8 90-16 206", tones.deep, 3))
        + halves("M200 54c-28 0-42 20-40 46 10 20 26 28 40 28z", tones.dark, tones.deep)
        + fill("M200 76c-14 0-24 12-22 28 8 10 14 14 22 14s14-4 22-14c2-16-8-28-22-28z", tones.ink)
    )


def suit(tones: Tones) -> str:
    """One piece from hood to feet."""
    return (
        halves(
            "M200 112 172 106c-18 4-30 12-36 28l-26 86q12 12 34 10l14-44-4 58-12 96q18 8 40 6l14-72h4z",
            tones.base,
            tones.dark,
        )
        + halves("M200 66c-26 0-40 18-38 42 10 16 24 24 38 24z", tones.light, tones.base)
        + fill("M200 86c-14 0-22 10-20 24 6 8 12 12 20 12s14-4 20-12c2-14-6-24-20-24z", tones.deep)
        + both(fill("m142 334 3-20 41 4-2 22q-24 2-42-6z", tones.deep) + seam("m160 226 26 4", tones.ink, 4))
        + seam("M200 128v134", tones.trim, 5)
    )


def children_jacket(tones: Tones) -> str:
    """A small jacket with large buttons."""
    return moved(shell(tones) + "".join(box(192, y, 16, 16, tones.cream, 8) for y in (170, 216, 262)), 34, 40, 0.83)


SHAPES = {
    "shell": shell,
    "down-jacket": down_jacket,
    "coat": coat,
    "fleece": fleece,
    "gilet": gilet,
    "shirt-jacket": shirt_jacket,
    "cape": cape,
    "suit": suit,
    "children-jacket": children_jacket,
}
