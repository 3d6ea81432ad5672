"""Finding the way."""

from bottega.web.storefront.pictures.strokes import both, box, disc, fill, halves, moved, seam, turned
from bottega.web.storefront.pictures.tones import Tones


def compass(tones: Tones) -> str:
    """On a plate."""
    return (
        fill("M104 70h192q12 0 12 14v232q0 14-12 14H104q-12 0-12-14V84q0-14 12-14z", tones.light, 0.55)
        + seam("M200 84v40", tones.deep, 5)
        + disc(200, 214, 84, tones.base)
        + disc(200, 214, 66, tones.cream)
        + "".join(turned(seam("M200 154v12", tones.deep, 4), angle, 200, 214) for angle in range(0, 360, 45))
        + turned(fill("M200 158l14 56h-28z", "#bf3f3a") + fill("M200 270l14-56h-28z", tones.sole), 28, 200, 214)
        + disc(200, 214, 6, tones.metal)
    )


def binoculars(tones: Tones) -> str:
    """Two eyes that see far."""
    return (
        both(
            fill("M132 116h52v40l10 150q-50 30-104 0l22-140z", tones.base)
            + fill("M160 116h24v40l10 150q-16 10-34 14 14-110 0-204z", tones.dark)
            + fill("M128 92h60v30h-60z", tones.sole)
            + f'<ellipse cx="142" cy="308" rx="50" ry="20" fill="{tones.sole}"/>'
            + '<ellipse cx="142" cy="308" rx="36" ry="13" fill="#7fa3b5"/>'
        )
        + fill("M184 150h32v74h-32z", tones.sole)
        + fill("M190 128h20v34h-20z", tones.metal)
    )


def map_(tones: Tones) -> str:
    """Folded paper with a route."""
    return (
        fill("M70 120l88-26v196l-88 26zm174 0 86-26v196l-86 26z", tones.light)
        + fill("M158 94l86 26v196l-86-26z", tones.cream)
        + fill("M70 240q50-44 88-12v62l-88 26zm174 0q50-20 86-60v110l-86 26z", tones.base, 0.8)
        + fill("M158 190q40-10 86 30v60q-40-40-86-30z", tones.dark, 0.5)
        + seam("M92 276q40-50 84-56t62-56 66-34", "#bf3f3a", 5, "3 11")
        + fill("M304 100q-18 0-18 18 0 12 18 30 18-18 18-30 0-18-18-18z", "#bf3f3a")
    )


def book(tones: Tones) -> str:
    """A guide."""
    return (
        fill("M110 80h164q12 0 12 12v216H122q-20 0-20-18V90q0-10 8-10z", tones.base)
        + fill("M102 288q0-20 20-20h164v44q0 12-12 12H124q-22-2-22-24z", tones.cream)
        + fill("M102 288q0-20 20-20h164v12H122q-10 2-10 14t10 16h164v14H124q-22-2-22-36z", tones.dark)
        + fill("m138 220 42-72 26 40 20-28 36 60z", tones.cream)
        + seam("M140 110h106", tones.light, 8)
    )


def watch(tones: Tones) -> str:
    """On a strap."""
    return (
        fill("M160 60h80l10 84H150zm-10 196h100l-10 84h-80z", tones.base)
        + fill("M200 60h40l10 84h-50zm0 196h50l-10 84h-40z", tones.dark)
        + seam("M180 318h40m-40-18h40", tones.ink, 4)
        + box(292, 182, 18, 36, tones.metal, 5)
        + disc(200, 200, 94, tones.metal_dark)
        + disc(200, 200, 80, tones.sole)
        + disc(200, 200, 68, tones.cream)
        + seam("M200 200v-44m0 44 30 18", tones.deep, 6)
        + fill("m160 232 18-26 10 14 8-10 16 22z", tones.base)
    )


def gps(tones: Tones) -> str:
    """Knows where it is."""
    return (
        fill("M232 46h26v54h-26z", tones.sole)
        + fill("M142 84h116q18 0 18 20v206q0 20-18 20H142q-18 0-18-20V104q0-20 18-20z", tones.base)
        + fill("M232 84h26q18 0 18 20v206q0 20-18 20h-26z", tones.dark)
        + box(144, 108, 112, 120, tones.cream, 8)
        + fill("M144 190q40-34 112-10v40q0 8-8 8h-96q-8 0-8-8z", "#a9c0b4")
        + seam("M160 206q20-30 40-34t40-36", "#bf3f3a", 5, "2 9")
        + disc(200, 274, 26, tones.deep)
        + seam("M200 262v24m-12-12h24", tones.cream, 5)
    )


def weather_station(tones: Tones) -> str:
    """A wind wheel in the hand."""
    return (
        disc(200, 132, 66, tones.dark)
        + disc(200, 132, 50, tones.cream)
        + "".join(
            turned(fill("M200 132q-22-26 0-44 22 18 0 44z", tones.base), angle, 200, 132)
            for angle in (0, 72, 144, 216, 288)
        )
        + disc(200, 132, 9, tones.metal)
        + halves("M200 192h-42v120q4 22 42 22z", tones.base, tones.dark)
        + box(174, 222, 52, 40, tones.cream, 5)
        + seam("M184 242h32", tones.deep, 5)
    )


def whistle(tones: Tones) -> str:
    """To be heard."""
    return (
        seam("M128 190Q80 120 128 84t110 20", tones.trim, 9)
        + fill("M128 178h190v56h-96q0 78-78 78-76-4-74-74 2-58 58-60z", tones.base)
        + fill("M222 206h96v28h-96q0 78-78 78-40-2-60-34 120 34 138-72z", tones.dark)
        + disc(146, 242, 34, tones.deep)
        + disc(146, 242, 20, tones.cream)
        + box(236, 178, 26, 22, tones.ink, 3)
    )


def map_case(tones: Tones) -> str:
    """Keeps a map dry."""
    return moved(map_(tones), 58, 66, 0.7) + (
        f'<rect x="76" y="96" width="248" height="226" rx="14" fill="none" stroke="{tones.base}" stroke-width="15"/>'
        + seam("M84 118h232", tones.dark, 9)
        + seam("M110 96q90-80 180 0", tones.deep, 7)
    )


SHAPES = {
    "compass": compass,
    "binoculars": binoculars,
    "map": map_,
    "book": book,
    "watch": watch,
    "gps": gps,
    "weather-station": weather_station,
    "whistle": whistle,
    "map-case": map_case,
}
