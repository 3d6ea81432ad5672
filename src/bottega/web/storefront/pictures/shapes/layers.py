"""Shirts, base layers, trousers, shorts and tights."""

from bottega.web.storefront.pictures.strokes import both, box, fill, halves, seam
from bottega.web.storefront.pictures.tones import Tones

_TROUSERS = "M200 84h-58l-26 244q22 8 54 8l30-168z"


def crew(tones: Tones) -> str:
    """A long-sleeved shirt."""
    return (
        halves("M200 116q-18-2-28-22-26 6-38 22L92 270l34 12 26-80-4 122q24 6 52 6z", tones.base, tones.dark)
        + fill("M172 94q10 24 28 24t28-24l8 4q-10 34-36 34t-36-34z", tones.deep)
        + both(
            fill("m92 270 34 12 5-15-35-12z", tones.deep)
            + seam("M150 112q10 44 2 90", tones.ink, 2.5)
            + seam("m148 318 52 4", tones.ink, 2.5)
        )
    )


def zip_neck(tones: Tones) -> str:
    """The same with a collar and a short zip."""
    return (
        crew(tones)
        + halves("M200 74h-22q-8 10-8 26 12 16 30 20z", tones.light, tones.base)
        + seam("M200 76v86", tones.ink, 4)
    )


def tee(tones: Tones) -> str:
    """Short sleeves."""
    return (
        halves("M200 118q-18-2-28-22-26 6-42 22l-36 62 40 24 20-30-4 146q24 6 50 6z", tones.base, tones.dark)
        + fill("M172 96q10 24 28 24t28-24l8 4q-10 32-36 32t-36-32z", tones.deep)
        + both(seam("m99 190 33 19", tones.ink, 2.5) + seam("M152 114q10 30 2 60", tones.ink, 2.5))
        + seam("M150 314q50 8 100 0", tones.ink, 2.5)
    )


def singlet(tones: Tones) -> str:
    """No sleeves."""
    return halves("M200 140q-22-4-26-46l-22 2q4 50-20 84l12 144q28 6 56 6z", tones.base, tones.dark) + both(
        seam("M174 94q4 44 26 46", tones.deep, 7) + seam("M152 96q4 50-20 84", tones.deep, 7)
    )


def bra(tones: Tones) -> str:
    """For sport."""
    return (
        halves("M200 184q-20-8-24-64l-18 2q2 54-30 82l10 62q30 10 62 10z", tones.base, tones.dark)
        + both(seam("M176 120q4 56 24 64", tones.deep, 6))
        + both(fill("m136 252 2 14q30 10 62 10v-16q-32 0-64-8z", tones.deep))
    )


def hoodie(tones: Tones) -> str:
    """A light shirt with a hood."""
    return (
        crew(tones)
        + halves("M200 62c-28 0-42 18-40 42 10 18 24 28 40 28z", tones.light, tones.base)
        + fill("M200 82c-16 0-24 10-22 26 8 10 14 14 22 14s14-4 22-14c2-16-6-26-22-26z", tones.deep)
        + fill("M168 256h64l12 44h-88z", tones.deep, 0.5)
    )


def trousers(tones: Tones) -> str:
    """With a belt, a fly and pockets."""
    return (
        halves(_TROUSERS, tones.base, tones.dark)
        + both(
            fill("M142 84h58v18h-60z", tones.deep)
            + seam("M142 110q2 26 24 30", tones.ink, 3)
            + fill("m132 224 32-2 1 36-36 2z", tones.light, 0.45)
            + seam("m117 318q26 8 55 8", tones.ink, 2.5)
        )
        + seam("M200 102v50q-2 12-12 14", tones.ink, 3)
        + box(192, 86, 16, 14, tones.metal, 3)
    )


def softshell_trousers(tones: Tones) -> str:
    """With knees and cuffs of stronger cloth."""
    return (
        halves(_TROUSERS, tones.base, tones.dark)
        + both(
            fill("M142 84h58v18h-60z", tones.deep)
            + fill("m130 210 42-2 2 44-48 4z", tones.deep, 0.8)
            + fill("m121 284 50 2-1 50q-32 0-54-8z", tones.deep, 0.8)
            + seam("M150 112v34", tones.trim, 5)
        )
        + seam("M200 102v66", tones.ink, 3)
    )


def tights(tones: Tones) -> str:
    """Close to the leg."""
    return halves("M200 84h-48q-14 80-10 130l-10 116q14 6 34 6l18-120 16-52z", tones.base, tones.dark) + both(
        fill("M152 84h48v20h-51z", tones.deep)
        + seam("M170 106q-14 100-16 228", tones.light, 3)
        + seam("m134 318 35 4", tones.ink, 2.5)
    )


def shorts(tones: Tones) -> str:
    """Above the knee."""
    return (
        halves("M200 112h-66l-34 142q34 16 76 16l24-76z", tones.base, tones.dark)
        + both(
            fill("M134 112h66v22h-71z", tones.deep)
            + seam("M126 142q4 30 30 32", tones.ink, 3)
            + seam("m104 242q34 14 76 14", tones.ink, 2.5)
        )
        + seam("M192 138q-8 16-6 34m22-34q8 16 6 34", tones.trim, 4)
    )


def briefs(tones: Tones) -> str:
    """Underwear."""
    return halves("M200 138h-76l-12 92q30 12 64 12l24-40z", tones.base, tones.dark) + both(
        fill("M124 138h76v24h-79z", tones.deep) + seam("M176 166q4 40 24 60", tones.ink, 2.5)
    )


def union_suit(tones: Tones) -> str:
    """Shirt and leggings in one."""
    return (
        halves(
            "M200 100q-16-2-24-16-24 4-34 18l-30 110 26 8 20-56-4 62-12 118q14 6 32 6l22-108 4-24z",
            tones.base,
            tones.dark,
        )
        + fill("M176 84q8 18 24 18t24-18l7 4q-9 26-31 26t-31-26z", tones.deep)
        + seam("M200 114v120", tones.ink, 3)
        + "".join(f'<circle cx="206" cy="{y}" r="3.500" fill="{tones.cream}"/>' for y in (132, 156, 180, 204, 228))
    )


SHAPES = {
    "crew": crew,
    "zip-neck": zip_neck,
    "tee": tee,
    "singlet": singlet,
    "bra": bra,
    "hoodie": hoodie,
    "trousers": trousers,
    "softshell-trousers": softshell_trousers,
    "tights": tights,
    "shorts": shorts,
    "briefs": briefs,
    "union-suit": union_suit,
}
