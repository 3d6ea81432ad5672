"""What climbers carry on rock and ice."""

from bottega.web.storefront.pictures.strokes import both, box, disc, fill, halves, moved, ring, seam, turned
from bottega.web.storefront.pictures.tones import Tones


def harness(tones: Tones) -> str:
    """A belt and two loops."""
    return (
        both(f'<ellipse cx="142" cy="276" rx="54" ry="52" fill="none" stroke="{tones.dark}" stroke-width="22"/>')
        + seam("M88 150q112 54 224 0", tones.base, 34)
        + seam("M88 150q112 54 224 0", tones.light, 4)
        + seam("M200 176v58", tones.trim, 16)
        + both(seam("M164 186q4 40-4 48", tones.base, 12))
        + both(ring(110, 186, 17, tones.sole, 6) + box(134, 158, 24, 24, tones.metal, 4))
    )


def rope(tones: Tones) -> str:
    """Coiled."""
    coils = "".join(
        f'<ellipse cx="{200 + shift}" cy="206" rx="{86 - abs(shift)}" ry="{112 - abs(shift)}" fill="none" '
        f'stroke="{tone}" stroke-width="15"/>'
        for shift, tone in ((-26, tones.dark), (22, tones.base), (-8, tones.light), (8, tones.base))
    )
    return (
        coils
        + seam("M200 70q-34 40 4 60t-2 60", tones.dark, 15)
        + fill("M164 128h74v44h-74z", tones.base)
        + seam("M166 138h70m-70 12h70m-70 12h70", tones.trim, 6)
        + seam("M276 262q40 30 20 64", tones.base, 15)
    )


def carabiner(tones: Tones) -> str:
    """With a gate."""
    return turned(
        f'<path d="M164 96h66q44 0 44 44v118q0 60-58 60-52 0-60-52l-18-108q-6-56 26-62z" fill="none" '
        f'stroke="{tones.base}" stroke-width="26"/>'
        + seam("M274 150v100", tones.metal, 22)
        + seam("M274 176v48", tones.deep, 26)
        + seam("M152 116q-8 10-4 50l14 90", tones.light, 6),
        12,
    )


def quickdraws(tones: Tones) -> str:
    """Pairs with a sling between them."""
    one = moved(carabiner(tones), 40, 0, 0.42) + moved(carabiner(tones), 40, 220, 0.42)
    sling = seam("M124 150v110", tones.trim, 22)
    return (
        moved(one, -40, 4)
        + moved(sling, -40, 4)
        + moved(one, 80, 4)
        + moved(sling, 80, 4)
        + moved(one, 200, 4)
        + moved(sling, 200, 4)
    )


def belay_device(tones: Tones) -> str:
    """Brakes the rope that runs through its slots."""
    return (
        seam("M160 52q-8 70 4 130m72-130q8 70-4 130", tones.trim, 15)
        + fill("M130 158h140q22 0 18 24l-18 96q-6 22-28 22h-84q-22 0-28-22l-18-96q-4-24 18-24z", tones.base)
        + fill("M200 158h70q22 0 18 24l-18 96q-6 22-28 22h-42z", tones.dark)
        + both(box(150, 178, 28, 74, tones.ink, 12) + seam("M158 190v44", tones.trim, 6))
        + seam("M140 166h120", tones.light, 5)
        + ring(200, 326, 26, tones.metal, 10)
    )


def sling(tones: Tones) -> str:
    """A loop of tape."""
    return (
        f'<path d="M200 84q86 22 72 134-14 92-72 102-58-10-72-102-14-112 72-134z" fill="none" stroke="{tones.base}" '
        f'stroke-width="20" stroke-linejoin="round"/>'
        f'<path d="M200 84q86 22 72 134-14 92-72 102-58-10-72-102-14-112 72-134z" fill="none" stroke="{tones.light}" '
        f'stroke-width="4" stroke-dasharray="12 8"/>'
        + fill("M252 200h40v62h-40z", tones.dark)
        + seam("M258 212h28m-28 12h28m-28 12h28m-28 12h28", tones.cream, 3)
    )


def throw_line(tones: Tones) -> str:
    """A rope in its bag."""
    return (
        moved(rope(tones), 104, 6, 0.48)
        + halves("M200 158h-70l-16 148q34 26 86 26z", tones.base, tones.dark)
        + seam("M130 176h140", tones.ink, 5)
        + fill("M168 226h64v44h-64z", tones.trim, 0.85)
    )


def nuts(tones: Tones) -> str:
    """Wedges on wires."""
    sizes = ((96, 26), (148, 34), (204, 42), (268, 50))
    return (
        ring(200, 92, 34, tones.metal, 13)
        + "".join(seam(f"M200 122Q{x} 170 {x} 240", tones.metal_dark, 5) for x, _ in sizes)
        + "".join(
            fill(f"M{x - size / 2} 240h{size}l{-size / 8} {size * 1.4}h{-size * 0.75}z", tone)
            for (x, size), tone in zip(sizes, (tones.light, tones.base, tones.trim, tones.dark), strict=True)
        )
    )


def chalk_bag(tones: Tones) -> str:
    """With a drawstring."""
    return (
        halves("M200 140h-72l-10 134q4 48 82 50z", tones.base, tones.dark)
        + fill("M128 140q72-46 144 0-72 40-144 0z", tones.cream)
        + seam("M126 158q74 44 148 0", tones.ink, 5)
        + seam("M276 158q34-20 34-60", tones.trim, 7)
        + disc(310, 96, 10, tones.trim)
        + fill("m160 250 26-40 18 22 12-14 28 34z", tones.light, 0.8)
        + disc(160, 104, 12, "#fff")
        + disc(188, 92, 8, "#fff")
        + disc(140, 88, 6, "#fff")
    )


def chalk_ball(tones: Tones) -> str:
    """Dust in a net."""
    return (
        disc(200, 220, 90, "#f4f1ea")
        + fill("M200 130q90 0 90 90t-90 90q60-40 50-100t-50-80z", "#dcd7ca")
        + seam(
            "M130 170q70 40 140 0M116 220q84 44 168 0M134 270q66 30 132 0M160 140q-30 80 0 160m80-160q30 80 0 160",
            tones.base,
            3,
        )
        + seam("M200 130q-6-26 10-48", tones.base, 7)
    )


def pad(tones: Tones) -> str:
    """To fall upon."""
    return (
        fill("M72 222 210 160l124 52-140 74z", tones.base)
        + fill("M72 222l122 64v40L72 262z", tones.dark)
        + fill("M194 286l140-74v40l-140 74z", tones.deep)
        + seam("m141 191 124 58", tones.ink, 4)
        + fill("m130 220 60-28 36 16-60 30z", tones.light, 0.7)
        + seam("M104 262q30 50 70 40", tones.sole, 9)
    )


def ferrata_set(tones: Tones) -> str:
    """Two arms and a brake."""
    return (
        seam("M200 220Q130 190 128 130M200 220q70-30 72-90", tones.base, 15)
        + seam("M200 220Q130 190 128 130M200 220q70-30 72-90", tones.trim, 4)
        + moved(carabiner(tones), 52, 18, 0.4)
        + moved(carabiner(tones), 196, 18, 0.4)
        + box(164, 206, 72, 66, tones.dark, 12)
        + seam("M200 272v56", tones.base, 16)
        + ring(200, 336, 18, tones.base, 9)
    )


def ice_axe(tones: Tones) -> str:
    """A shaft with pick and hammer."""
    return turned(
        seam("M196 96q4 120 18 246", tones.base, 17)
        + seam("M204 196q2 60 10 140", tones.sole, 21)
        + fill("M66 132q60-56 134-46l54-14 12 46-58 6q-66-6-128 34z", tones.metal)
        + seam("m84 132 8-12m6 2 8-10m6 0 10-9", tones.metal_dark, 5)
        + disc(200, 100, 8, tones.metal_dark)
        + seam("m216 342 6 24", tones.metal, 9),
        18,
    )


def crampons(tones: Tones) -> str:
    """Twelve points."""

    def one(x: int) -> str:
        return (
            fill(f"M{x} 110q34-20 68 0l6 100-10 96q-30 18-60 0l-10-96z", tones.base)
            + fill(f"M{x + 14} 130q20-8 40 0l2 60h-44z", tones.sole, 0.55)
            + fill(f"M{x + 14} 226h40l-4 60h-32z", tones.sole, 0.55)
            + "".join(
                fill(f"M{x - 2 + side * 72} {y}l{-22 + side * 44} 8 {22 - side * 44} 12z", tones.metal_dark)
                for y in (130, 186, 240)
                for side in (0, 1)
            )
            + fill(f"M{x + 10} 108l-8-40 22 32zm48 0 8-40-22 32z", tones.metal_dark)
        )

    return one(92) + one(240)


def ice_screw(tones: Tones) -> str:
    """A hollow screw with its crank."""
    return turned(
        fill("M178 110h44v200l-22 34-22-34z", tones.metal)
        + fill("M200 110h22v200l-22 34z", tones.metal_dark)
        + seam("M174 220l52-14m-52 38 52-14m-52 38 52-14m-52 38 50-14", tones.sole, 6)
        + fill("M150 84h128q18 14 0 30H150q-16-16 0-30z", tones.base)
        + box(262, 60, 22, 54, tones.dark, 8),
        24,
    )


SHAPES = {
    "harness": harness,
    "rope": rope,
    "carabiner": carabiner,
    "quickdraws": quickdraws,
    "belay-device": belay_device,
    "sling": sling,
    "throw-line": throw_line,
    "nuts": nuts,
    "chalk-bag": chalk_bag,
    "chalk-ball": chalk_ball,
    "pad": pad,
    "ferrata-set": ferrata_set,
    "ice-axe": ice_axe,
    "crampons": crampons,
    "ice-screw": ice_screw,
}
