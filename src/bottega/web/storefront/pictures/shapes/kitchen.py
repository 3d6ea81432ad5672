"""Cooking, eating, drinking, washing and caring."""

from bottega.web.storefront.pictures.strokes import both, box, disc, fill, halves, moved, ring, seam, turned
from bottega.web.storefront.pictures.tones import Tones

_FLAME = "#e8a13c"


def stove(tones: Tones) -> str:
    """A burner on its cartridge."""
    return (
        both(seam("M176 150q-40-10-58-34", tones.metal, 8))
        + seam("M200 160v-40", tones.metal, 8)
        + fill("M178 118q-6-22 8-38 2 16 14 20 2-22 12-32 20 26 10 50z", _FLAME)
        + fill("M168 120h64v16h-64z", tones.metal_dark)
        + fill("M186 136h28v50h-28z", tones.metal)
        + seam("M214 164h44", tones.metal_dark, 7)
        + fill("M256 152h14v24h-14z", tones.sole)
        + halves("M200 186c-54 0-76 12-78 30l2 96c4 12 36 18 76 18z", tones.base, tones.dark)
        + fill("M124 236h152v36H124z", tones.light)
        + seam("M150 254h60", tones.deep, 5)
    )


def twin_stove(tones: Tones) -> str:
    """Two flames in a case."""
    return (
        fill("M74 190h252v94q0 12-12 12H86q-12 0-12-12z", tones.base)
        + fill("M74 250h252v34q0 12-12 12H86q-12 0-12-12z", tones.dark)
        + fill("M84 190 100 108h200l16 82z", tones.light)
        + both(
            f'<ellipse cx="140" cy="196" rx="46" ry="14" fill="{tones.sole}"/>'
            + seam("M104 194h72m-36-10v20", tones.metal, 5)
        )
        + both(fill("M126 190q-4-20 8-32 4 12 8 14 2-14 10-22 14 22 4 40z", _FLAME) + disc(140, 268, 11, tones.sole))
    )


def wood_stove(tones: Tones) -> str:
    """For twigs."""
    return (
        fill("M176 150q-16-40 12-72 0 24 16 32 2-30 18-44 30 40 10 84z", _FLAME)
        + halves("M200 146h-72l-10 164q40 16 82 16z", tones.metal, tones.metal_dark)
        + both("".join(disc(x, 178, 8, tones.sole) for x in (146, 172)) + disc(196, 178, 8, tones.sole))
        + fill("M164 226h72v66q-36 10-72 0z", tones.sole)
        + seam("m150 300 70-50m-40 56 60-46", tones.wood, 9)
    )


def pot(tones: Tones) -> str:
    """With a lid and a folding handle."""
    return (
        halves("M200 170H112l8 122q6 22 80 22z", tones.base, tones.dark)
        + halves("M200 136c-50 0-88 10-94 26l4 14h90z", tones.light, tones.base)
        + box(186, 112, 28, 26, tones.sole, 8)
        + seam("M288 190q52 4 40 70-12 20-46 16", tones.metal, 9)
        + seam("M112 178h176", tones.ink, 3)
    )


def mug(tones: Tones) -> str:
    """For coffee."""
    return (
        seam("M268 172q64-4 58 50-8 44-66 42", tones.metal, 12)
        + halves("M200 132h-78l8 168q6 18 70 18z", tones.base, tones.dark)
        + fill("M122 132h156v14H123z", tones.light)
        + fill("M148 160q-2 70 6 132l14 4q-8-70-4-136z", tones.light, 0.6)
        + seam("M172 108q-10-14 2-26 10-12 0-24m40 50q-10-14 2-26 10-12 0-24", tones.metal, 5)
    )


def cook_set(tones: Tones) -> str:
    """Pots that fit into each other."""
    return moved(pot(tones), -34, 46, 0.86) + moved(pot(tones), 96, -4, 0.62) + moved(mug(tones), 168, 168, 0.5)


def pan(tones: Tones) -> str:
    """Cast iron."""
    return turned(
        fill("M186 252h28l6 116q-20 14-40 0z", tones.dark)
        + ring(200, 352, 9, tones.deep, 6)
        + disc(200, 170, 108, tones.dark)
        + disc(200, 170, 92, tones.base)
        + seam("M128 150a78 78 0 0 1 90-56", tones.light, 6),
        28,
    )


def bottle(tones: Tones) -> str:
    """For drinking."""
    return (
        fill("M170 70h60v34h-60z", tones.sole)
        + seam("M176 70q0-26 24-26t24 26", tones.sole, 8)
        + halves("M200 104h-32q-2 24-20 36-12 12-12 34v130q2 30 30 34h34z", tones.base, tones.dark)
        + fill("M156 176q-6 70 0 140l14 4q-6-72 0-144z", tones.light, 0.7)
        + fill("M136 206h128v34H136z", tones.trim, 0.85)
    )


def soft_bottle(tones: Tones) -> str:
    """Folds when it is empty."""
    return (
        fill("M176 66h48v36h-48z", tones.sole)
        + halves("M200 104h-26q-4 20-34 40-10 76 4 168 12 30 56 30z", tones.base, tones.dark)
        + seam("M148 190q52 20 104 0m-104 40q52 20 104 0", tones.light, 4)
        + seam("M164 150q-4 80 6 160", tones.light, 6)
    )


def filter_(tones: Tones) -> str:
    """Makes water clean."""
    return (
        fill("M168 74h64v22h-64z", tones.sole)
        + halves("M200 96h-40l-6 150h46z", tones.base, tones.dark)
        + seam("M158 124h84m-86 24h88m-88 24h90m-90 24h92", tones.ink, 3)
        + fill("M148 246h104v26H148z", tones.sole)
        + halves("M200 272h-46q-14 22-6 46 12 18 52 18z", "#bcd3da", "#9cbcc6")
        + seam("M232 84h40q30 2 30 40v60", tones.metal, 7)
        + fill("M302 196q-22 30-12 46 12 12 24 0 10-16-12-46z", "#7fb2d8")
    )


def cartridge(tones: Tones) -> str:
    """Gas."""
    return (
        fill("M182 92h36v30h-36z", tones.metal)
        + halves("M200 122c-62 0-88 14-92 40l4 142c6 16 44 24 88 24z", tones.base, tones.dark)
        + halves("M200 122c-56 0-86 12-92 34 20 14 52 20 92 20z", tones.metal, tones.metal_dark)
        + fill("M110 218h180v48H111z", tones.cream)
        + fill("M192 260q-14-12 0-34 2 10 8 12 2-12 8-18 14 22 2 40z", _FLAME)
    )


def fuel_bottle(tones: Tones) -> str:
    """For petrol stoves."""
    return bottle(tones) + fill("M188 262q-16-14 0-40 2 12 10 14 2-14 10-22 16 26 2 48z", _FLAME)


def table(tones: Tones) -> str:
    """With folding legs."""
    return (
        seam("M110 190 84 330m206-140 26 140M130 190l140 130m0-130L130 320", tones.metal, 8)
        + fill("M64 160h272l14 34H50z", tones.wood)
        + fill("M50 194h300v14H50z", tones.wood_dark)
        + seam("M140 160l-6 34m66-34v34m60-34 6 34", tones.wood_dark, 3)
        + moved(stove(tones), 186, 28, 0.42)
    )


def spork(tones: Tones) -> str:
    """A spoon and a fork."""
    spoon = fill("M170 70q-34 4-34 56 2 40 26 50l-6 150q14 16 28 0l-6-150q24-10 26-50 0-52-34-56z", tones.base)
    fork = fill("M132 72h12v66h12V72h12v66h12V72h12v84q0 20-22 28l6 142q-14 16-28 0l6-142q-22-8-22-28z", tones.dark)
    return turned(spoon, -16) + moved(turned(fork, 16), 70, 4)


def fire_steel(tones: Tones) -> str:
    """Strikes sparks."""
    return (
        turned(box(180, 150, 34, 150, tones.base, 12) + box(188, 76, 18, 84, tones.metal_dark, 4), -30)
        + turned(box(220, 190, 30, 130, tones.metal, 4) + box(220, 260, 30, 66, tones.dark, 8), 34)
        + seam("M150 110l-16-22m34 10-4-26m24 36 14-22m-78 36-24-6", _FLAME, 6)
    )


def dripper(tones: Tones) -> str:
    """A filter over a cup."""
    return (
        halves("M200 96h-84l52 100h32z", tones.base, tones.dark)
        + fill("M116 96h168l-8 16H124z", tones.cream)
        + fill("M146 196h108v14H146z", tones.deep)
        + fill("M198 210h4v30h-4z", tones.wood_dark)
        + moved(mug(tones), 54, 146, 0.62)
    )


def sachet(tones: Tones) -> str:
    """A meal in a bag."""
    return (
        fill("M118 84h164v16q-6 110 8 226H110q14-116 8-226z", tones.base)
        + fill("M232 84h50v16q-6 110 8 226h-64q16-120 6-242z", tones.dark)
        + fill("M118 84h164v24H118z", tones.deep)
        + seam("M126 118h148", tones.light, 2, "6 6")
        + disc(194, 212, 52, tones.cream)
        + fill("M154 214h80q-4 34-40 36-36-2-40-36z", tones.wood)
        + seam("M176 202q-6-10 2-18m16 18q-6-10 2-18m16 18q-6-10 2-18", tones.metal_dark, 4)
        + seam("M150 290h90", tones.light, 7)
    )


def bar(tones: Tones) -> str:
    """Something for the pocket."""
    return turned(
        fill(
            "M66 150h268l-10 12 10 12-10 12 10 12-10 12 10 12-10 12 10 12H66l10-12-10-12"
            " 10-12-10-12 10-12-10-12 10-12z",
            tones.base,
        )
        + fill("M66 210h262l-4 12 10 12H66l10-12z", tones.dark)
        + fill("M120 166h160v56H120z", tones.cream)
        + seam("M140 186h90m-90 18h60", tones.deep, 7)
        + disc(256, 194, 14, tones.wood),
        -18,
    )


def gel(tones: Tones) -> str:
    """Small packets."""

    def packet(x: int, colour: str) -> str:
        return (
            fill(f"M{x} 108h54l-6 14q12 90 4 190h-50q-8-100 4-190z", colour)
            + fill(f"M{x + 18} 88h18v20h-18z", tones.sole)
            + box(x + 8, 190, 38, 58, tones.cream, 6)
            + seam(f"M{x + 16} 210h22m-22 16h14", tones.deep, 5)
        )

    return turned(packet(92, tones.dark), -10) + packet(172, tones.base) + turned(packet(252, tones.light), 10)


def tin(tones: Tones) -> str:
    """A round tin."""
    return (
        fill("M98 190q102 34 204 0v92q-10 36-102 38-92-2-102-38z", tones.base)
        + fill("M240 204q40-4 62-14v92q-8 28-62 36z", tones.dark)
        + f'<ellipse cx="200" cy="186" rx="102" ry="44" fill="{tones.light}"/>'
        + f'<ellipse cx="200" cy="182" rx="84" ry="32" fill="{tones.cream}"/>'
        + fill("m176 190 14-22 10 12 8-10 18 20z", tones.deep)
        + seam("M98 226q102 36 204 0", tones.ink, 3)
    )


def spray(tones: Tones) -> str:
    """A bottle of something that cleans or proofs."""
    return (
        fill("M178 72h44v20h24q8 2 8 14h-30v22h-46z", tones.sole)
        + halves("M200 128h-24q-2 20-24 34-12 12-12 32v114q2 24 26 26h34z", tones.base, tones.dark)
        + fill("M156 206h88v76h-88z", tones.cream)
        + fill("M200 218q-20 30-14 44 14 14 28 0 6-14-14-44z", tones.base)
        + seam("M266 84l22-8m-20 20h24m-26 10 20 8", tones.metal, 4)
    )


def soap(tones: Tones) -> str:
    """A bar of soap."""
    return (
        fill("M96 190q104-40 208 0 26 50 0 100-104 36-208 0-26-50 0-100z", tones.base)
        + fill("M304 190q26 50 0 100-104 36-208 0 120 14 178-20 24-30 30-80z", tones.dark)
        + fill("M132 214q68-22 136 0 12 24 0 48-68 18-136 0-12-24 0-48z", tones.light, 0.7)
        + fill("m166 244 22-32 14 18 10-12 24 26z", tones.deep)
        + disc(290, 150, 16, "#fff")
        + disc(318, 128, 10, "#fff")
        + disc(264, 128, 9, "#fff")
    )


def stick(tones: Tones) -> str:
    """Twisted out of its case."""
    return (
        fill("M164 118q36-44 72 0v60h-72z", tones.cream)
        + halves("M200 170h-46v140q4 22 46 22z", tones.base, tones.dark)
        + fill("M154 170h92v16h-92z", tones.deep)
        + fill("M166 214h68v60h-68z", tones.light, 0.8)
        + seam("M154 306h92", tones.ink, 3)
    )


def sewing(tones: Tones) -> str:
    """Needle and thread."""
    return (
        fill("M116 128h92v20h-92zm0 150h92v20h-92z", tones.wood)
        + fill("M124 148h76v130h-76z", tones.base)
        + seam("M124 166h76m-76 18h76m-76 18h76m-76 18h76m-76 18h76m-76 18h76", tones.dark, 5)
        + seam("M200 250q70 40 60-40-6-50 24-64", tones.base, 5)
        + seam("M296 112 244 306", tones.metal_dark, 8)
        + seam("m292 128-4 16", tones.cream, 3)
    )


SHAPES = {
    "stove": stove,
    "twin-stove": twin_stove,
    "wood-stove": wood_stove,
    "pot": pot,
    "mug": mug,
    "cook-set": cook_set,
    "pan": pan,
    "bottle": bottle,
    "soft-bottle": soft_bottle,
    "filter": filter_,
    "cartridge": cartridge,
    "fuel-bottle": fuel_bottle,
    "table": table,
    "spork": spork,
    "fire-steel": fire_steel,
    "dripper": dripper,
    "sachet": sachet,
    "bar": bar,
    "gel": gel,
    "tin": tin,
    "spray": spray,
    "soap": soap,
    "stick": stick,
    "sewing": sewing,
}
