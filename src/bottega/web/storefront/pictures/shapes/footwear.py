"""Boots, shoes, sandals and what is worn in the hut."""

from bottega.web.storefront.pictures.strokes import fill, seam
from bottega.web.storefront.pictures.tones import Tones

_SOLE = "M84 286h228q14 2 14 16v10q-2 8-12 8H98q-14 0-14-14z"


def boot(tones: Tones) -> str:
    """Leather above the ankle."""
    laces = "".join(seam(f"M{206 + step * 4} {150 + step * 24}l34 {-6 + step}", tones.cream, 5) for step in range(4))
    return (
        fill("M108 98q44-14 92 0l14 96q8 26 46 38 44 12 48 56H90q-4-60 14-104 8-30 4-86z", tones.base)
        + fill("M108 98q44-14 92 0l3 20q-46-12-94 2z", tones.deep)
        + fill("M90 288q-2-40 6-70 34 2 50 30 10 18 12 40z", tones.dark)
        + fill("M308 288q-4-44-48-56-22-6-34-16-6 40 22 56 22 14 60 16z", tones.dark)
        + fill("M200 98l14 96q8 26 46 38l-8 12q-44-10-58-48l-16-96z", tones.light)
        + laces
        + fill(_SOLE, tones.sole)
        + seam("M100 320v-10m28 10v-10m28 10v-10m28 10v-10m28 10v-10m28 10v-10m28 10v-10m28 10v-10", tones.cream, 3)
    )


def winter_boot(tones: Tones) -> str:
    """High, lined, with fur at the top."""
    return (
        fill("M112 104h92l8 96q10 24 50 34 42 10 46 54H92q-4-60 12-104 8-30 8-80z", tones.base)
        + fill("M104 82q8-16 26-10 14-12 30-2 18-10 30 2 18-4 24 12 2 22-8 28-48 12-98 0-10-12-4-30z", tones.cream)
        + fill("M92 288q-2-34 4-60 80-8 130 2 42 8 62 22 18 14 20 36z", tones.deep)
        + "".join(seam(f"M{200 + step * 5} {150 + step * 24}l32-2", tones.cream, 5) for step in range(3))
        + fill(_SOLE, tones.sole)
        + seam("M96 306h220", tones.cream, 3, "14 12")
    )


def shoe(tones: Tones) -> str:
    """Low, light, laced."""
    return (
        fill("M92 214q2-30 22-40 24 14 52 4l30-18q30 36 72 50 46 12 48 62H92q-6-24 0-58z", tones.base)
        + fill("M92 214q2-30 22-40 10 6 22 8-14 40-8 90H92q-6-24 0-58z", tones.dark)
        + fill("M316 272q-2-50-48-62-12-4-24-10-10 36 16 54 24 14 56 18z", tones.dark)
        + "".join(seam(f"M{186 + step * 20} {182 + step * 13}l24-18", tones.cream, 5) for step in range(4))
        + fill("M82 268h238q10 4 10 18 0 16-16 16H100q-18 0-18-16z", tones.cream)
        + fill("M84 288h244q0 16-14 18H100q-16 0-16-18z", tones.sole)
        + seam("M128 250q40-34 96-24", tones.trim, 7)
    )


def sandal(tones: Tones) -> str:
    """Straps over a footbed."""
    return (
        seam("M132 270q10-70 62-76", tones.base, 24)
        + seam("M196 270q-2-56 40-66 32 4 46 66", tones.dark, 24)
        + seam("M150 216q-14-30-30-34-12 30 2 88", tones.base, 20)
        + fill("M84 262q120 14 236-4 12 6 10 22H84z", tones.wood)
        + fill("M80 278h252q2 22-16 26H98q-18-4-18-26z", tones.sole)
        + fill("M176 192h30v20h-30z", tones.metal)
    )


def wellington(tones: Tones) -> str:
    """Rubber up to the knee."""
    return (
        fill("M118 72q44-10 88 0l6 132q10 24 52 32 40 8 44 52H96q-4-40 14-84 12-40 8-132z", tones.base)
        + fill("M118 72q44-10 88 0l1 22q-44-8-88 0z", tones.deep)
        + fill("M168 90q10 80 8 130-8 44-4 68H96q-4-40 14-84 10-34 9-110z", tones.light, 0.5)
        + fill("M90 278q112 12 222-4 8 4 8 14H90z", tones.deep)
        + fill("M86 288h236q2 22-14 24H102q-16-2-16-24z", tones.sole)
    )


def clog(tones: Tones) -> str:
    """Open at the heel, warm at the toes."""
    return (
        fill("M170 196q44-44 104-6 42 26 44 78H150q-8-46 20-72z", tones.base)
        + fill("M318 268q-2-52-44-78-14-9-28-13-6 70 72 91z", tones.dark)
        + fill("M170 196q-18 12-22 34 14-6 24-22z", tones.cream)
        + fill("M84 258q130 18 236 6 10 8 8 24H86q-8-14-2-30z", tones.wood)
        + fill("M86 288h242q-2 16-18 18H104q-16-2-18-18z", tones.sole)
    )


def climbing_shoe(tones: Tones) -> str:
    """Turned down at the toe."""
    return (
        fill("M104 154q28-18 60-4l40 34q40 8 74 44 26 28 34 56-50 20-120 2-72-4-90-24-6-60 2-108z", tones.base)
        + fill("M102 262q40 2 78 14 64 14 132 8-50 24-120 8-72-4-90-30z", tones.sole)
        + fill("M312 284q-8-28-34-56-12-12-24-22-12 44 58 78z", tones.deep)
        + seam("M178 186q-18 18-22 44", tones.trim, 14)
        + seam("M222 206q-18 18-22 40", tones.trim, 14)
        + seam("M104 158q-10-14-6-26", tones.dark, 8)
    )


SHAPES = {
    "boot": boot,
    "winter-boot": winter_boot,
    "shoe": shoe,
    "sandal": sandal,
    "wellington": wellington,
    "clog": clog,
    "climbing-shoe": climbing_shoe,
}
