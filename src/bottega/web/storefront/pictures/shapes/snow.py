"""Snow and avalanches, and poles for walking."""

from bottega.web.storefront.pictures.strokes import box, disc, fill, halves, moved, seam, turned
from bottega.web.storefront.pictures.tones import Tones


def skis(tones: Tones) -> str:
    """A pair with bindings."""
    one = (
        fill("M150 62q18-34 36 0l-6 40v220q6 26-2 36-10 8-20 0-8-10-2-36V102z", tones.base)
        + fill("M168 42q10 4 18 20l-6 40v220q6 26-2 36-5 4-10 4z", tones.dark)
        + box(148, 186, 40, 22, tones.sole, 5)
        + box(148, 244, 40, 16, tones.sole, 5)
        + seam("M160 110l16 16m-16 10 16 16", tones.trim, 5)
    )
    return turned(one, -9) + moved(turned(one, 9), 62, 0)


def snowshoes(tones: Tones) -> str:
    """A pair."""
    one = (
        fill("M150 70q38-30 72 4 14 120-14 220-20 40-42 0-30-110-16-224z", tones.dark)
        + fill("M160 84q28-20 52 4 10 110-14 196-12 26-24 0-24-96-14-200z", tones.base)
        + seam("M166 130h44m-46 120h34", tones.ink, 6)
        + fill("M168 152h38l-2 78h-32z", tones.sole)
        + seam("M164 176h46m-44 30h40", tones.trim, 8)
    )
    return turned(one, -10) + moved(turned(one, 10), 56, 6)


def sledge(tones: Tones) -> str:
    """Of wood, with runners."""
    return (
        seam("M60 220q-14-60 40-58M72 286h240q28-6 24-40", tones.wood_dark, 13)
        + seam("M110 190v96m80-96v96m80-96v96", tones.wood_dark, 11)
        + fill("M84 168h228l18 34H66z", tones.base)
        + seam("M76 184h246", tones.dark, 4)
        + seam("M86 168Q40 120 60 84", tones.trim, 6)
    )


def slider(tones: Tones) -> str:
    """To sit upon and slide."""
    return turned(
        fill("M200 86q76 4 80 96 0 110-80 140-80-30-80-140 4-92 80-96z", tones.base)
        + fill("M200 86q76 4 80 96 0 110-80 140z", tones.dark)
        + f'<path d="M170 132q30-24 60 0" fill="none" stroke="{tones.ink}" stroke-width="13" stroke-linecap="round"/>'
        + seam("M152 200q48 26 96 0m-92 40q44 24 88 0", tones.light, 5),
        14,
    )


def shovel(tones: Tones) -> str:
    """For snow."""
    return turned(
        seam("M200 84v140", tones.metal, 15)
        + seam("M172 80h56", tones.sole, 19)
        + halves("M200 210h-54q-12 60-2 112 24 26 56 26z", tones.base, tones.dark)
        + seam("M176 226v92m48-92v92", tones.ink, 4),
        22,
    )


def transceiver(tones: Tones) -> str:
    """Finds people below the snow."""
    return (
        seam("M130 120q-50 60-20 160m160-160q50 60 20 160", tones.sole, 11)
        + fill("M142 92h116q20 0 20 22v176q0 22-20 22H142q-20 0-20-22V114q0-22 20-22z", tones.base)
        + fill("M230 92h28q20 0 20 22v176q0 22-20 22h-28z", tones.dark)
        + box(146, 120, 108, 84, tones.cream, 8)
        + seam("M200 190v-44m0 0-18 18m18-18 18 18", tones.deep, 7)
        + disc(172, 252, 18, tones.deep)
        + disc(230, 252, 18, tones.trim)
    )


def probe(tones: Tones) -> str:
    """A folded probe."""
    return (
        "".join(
            turned(box(196, 70, 13, 240, tone, 5) + box(196, 290, 13, 26, tones.metal, 4), angle, 200, 330)
            for angle, tone in (
                (-24, tones.dark),
                (-12, tones.base),
                (0, tones.light),
                (12, tones.base),
                (24, tones.dark),
            )
        )
        + fill("M150 300h100v34H150z", tones.deep)
        + seam("M152 318h96", tones.trim, 5)
    )


def poles(tones: Tones) -> str:
    """A pair for walking."""
    one = (
        seam("M200 116v218", tones.base, 9)
        + seam("M200 200v60", tones.metal, 9)
        + fill("M188 62q12-12 24 0l2 60h-28z", tones.sole)
        + seam("M212 74q26 20 2 44", tones.deep, 6)
        + f'<ellipse cx="200" cy="312" rx="24" ry="7" fill="{tones.sole}"/>'
        + seam("M200 334v22", tones.metal_dark, 6)
    )
    return moved(turned(one, 10), -26, 0) + moved(turned(one, -10), 26, 0)


def grips(tones: Tones) -> str:
    """Chains for shoes."""
    return (
        seam("M110 150q90-64 180 0 26 80-20 140-70 40-140 0-46-60-20-140z", tones.base, 20)
        + seam("M124 220h152M140 266l120-92m0 92-120-92", tones.metal, 7, "2 12")
        + "".join(
            fill(f"m{x} {y} 10 20h-20z", tones.metal_dark)
            for x, y in ((200, 206), (160, 226), (240, 226), (176, 262), (226, 262))
        )
    )


def wax(tones: Tones) -> str:
    """Skins and wax for skis."""
    return (
        fill("M92 110h92v190q-46 30-92 0z", tones.base)
        + fill("M138 110h46v190q-20 14-46 14z", tones.dark)
        + seam("M106 130v150m24-150v158m24-158v152", tones.light, 3, "6 8")
        + fill("M226 170h92v110h-92z", tones.trim)
        + fill("M226 170l24-22h92l-24 22zm92 0 24-22v108l-24 24z", tones.deep)
        + seam("M244 210h56m-56 20h36", tones.cream, 6)
    )


SHAPES = {
    "skis": skis,
    "snowshoes": snowshoes,
    "sledge": sledge,
    "slider": slider,
    "shovel": shovel,
    "transceiver": transceiver,
    "probe": probe,
    "poles": poles,
    "grips": grips,
    "wax": wax,
}
