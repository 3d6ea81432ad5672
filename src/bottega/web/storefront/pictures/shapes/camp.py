"""Tents, beds and light."""

from bottega.web.storefront.pictures.strokes import both, box, disc, fill, halves, ring, seam, turned
from bottega.web.storefront.pictures.tones import Tones

_GLOW = "#f3d27a"


def tent(tones: Tones) -> str:
    """A small dome with its door open."""
    return (
        fill("M60 300q30-150 140-178 110 28 140 178z", tones.base)
        + fill("M200 122q110 28 140 178H244q-4-110-44-178z", tones.dark)
        + fill("M200 122q-8 90-84 178h148q-62-80-64-178z", tones.ink)
        + fill("M200 122q-8 90-84 178h44q34-90 40-178z", tones.light)
        + seam("M60 300q70-172 140-178m0 0q70 6 140 178", tones.trim, 4)
        + both(seam("M112 190 34 312", tones.wood, 2.5) + seam("M34 306v14", tones.metal_dark, 4))
        + fill("M200 140l16 40h-30z", tones.cream, 0.4)
    )


def tunnel_tent(tones: Tones) -> str:
    """Long, low, for wind."""
    return (
        fill("M52 300q4-116 76-120 70-46 154-20 60 22 70 140z", tones.base)
        + fill("M128 180q70-46 154-20 60 22 70 140H230q4-100-102-120z", tones.dark)
        + fill("M76 300q4-84 52-88 52 4 54 88z", tones.ink)
        + fill("M76 300q4-84 52-88-6 50-28 88z", tones.light)
        + seam("M52 300q4-116 76-120 92 20 102 120", tones.trim, 4)
        + seam("M282 160q40 30 46 140m-126-146q54 20 66 146", tones.ink, 3)
        + seam("m52 300-26 12m326-12 24 12", tones.wood, 3)
    )


def family_tent(tones: Tones) -> str:
    """Room to stand."""
    return (
        fill("M50 304V206l54-72h192l54 72v98z", tones.base)
        + fill("M296 134l54 72v98H246V206z", tones.dark)
        + fill("M104 134h192l-50 72H50z", tones.light)
        + fill("M108 304v-82h86v82z", tones.ink)
        + fill("M108 304v-82h30q-2 50-30 82z", tones.cream, 0.8)
        + fill("M262 236h64v34h-64z", tones.cream, 0.6)
        + seam("M50 206h196l50-72M246 206v98", tones.ink, 3)
        + both(seam("m50 206-26 104", tones.wood, 2.5))
    )


def bell_tent(tones: Tones) -> str:
    """Canvas around one pole."""
    return (
        halves("M200 92 66 240v68h134z", tones.base, tones.dark)
        + halves("M200 92 66 240q60 16 134 16z", tones.light, tones.base)
        + fill("M200 120l-44 188h88z", tones.ink)
        + fill("M200 120l-44 188h24q18-90 20-188z", tones.cream)
        + seam("M200 92V66", tones.wood, 6)
        + both(seam("M66 240 32 312m168-220L132 248", tones.wood, 2.5))
    )


def tarp(tones: Tones) -> str:
    """A roof between poles."""
    return (
        seam("M70 170v148M330 170v148M200 118v206", tones.wood, 7)
        + fill("M200 112 48 176l104 56 48-26 48 26 104-56z", tones.base)
        + fill("M200 112l152 64-104 56-48-26z", tones.dark)
        + seam("M200 112v94", tones.ink, 3)
        + both(seam("m48 176-20 140m124-84-30 88", tones.wood, 2.5))
    )


def net_shelter(tones: Tones) -> str:
    """Against mosquitoes."""
    mesh = "".join(seam(f"M{x} 182v120", tones.metal, 1.5) for x in range(84, 320, 14))
    mesh += "".join(seam(f"M74 {y}h252", tones.metal, 1.5) for y in range(190, 304, 14))
    return mesh + tarp(tones)


def footprint(tones: Tones) -> str:
    """A groundsheet, folded back at a corner."""
    return (
        fill("M70 250 200 160l130 90-130 76z", tones.base)
        + fill("M200 326l130-76-60-42-70 60z", tones.dark)
        + fill("M330 250l-60-42-8 60z", tones.light)
        + "".join(ring(x, y, 7, tones.metal, 4) for x, y in ((82, 250), (200, 170), (200, 314)))
    )


def sleeping_bag(tones: Tones) -> str:
    """A mummy with a hood."""
    seams = "".join(
        seam(f"M{200 - half} {y}q{half} 14 {half * 2} 0", tones.ink, 2.5)
        for y, half in ((170, 60), (206, 62), (242, 56), (278, 46))
    )
    return turned(
        halves("M200 60c-40 0-62 26-64 60-2 26-4 60-2 90 6 50 22 96 32 116 10 12 22 14 34 14z", tones.base, tones.dark)
        + seams
        + fill("M200 76c-28 0-42 18-42 40 0 26 20 38 42 38s42-12 42-38c0-22-14-40-42-40z", tones.deep)
        + fill("M168 122q32 28 64 0 2 26-32 32-34-6-32-32z", tones.cream)
        + seam("M240 154q-4 96-24 170", tones.trim, 4),
        14,
    )


def quilt(tones: Tones) -> str:
    """Half a sleeping bag."""
    return turned(
        halves("M200 84h-84q-8 90 14 210 20 36 70 36z", tones.base, tones.dark)
        + "".join(seam(f"M118 {y}q82 16 164 0", tones.ink, 2.5) for y in (126, 168, 210, 252))
        + both(seam("M158 90q-6 110 8 226", tones.ink, 2.5) + seam("M118 100l-22 10", tones.sole, 6)),
        8,
    )


def mat(tones: Tones) -> str:
    """Blown up, with chambers."""
    return turned(
        fill("M138 66h124q14 2 14 16v244q0 14-14 16H138q-14-2-14-16V82q0-14 14-16z", tones.base)
        + fill("M226 66h36q14 2 14 16v244q0 14-14 16h-36z", tones.dark)
        + "".join(seam(f"M{x} 82v244", tones.ink, 3) for x in (154, 184, 214, 244))
        + "".join(seam(f"M{x} 84v240", tones.light, 2) for x in (140, 170))
        + box(250, 60, 14, 12, tones.sole, 3),
        16,
    )


def foam_mat(tones: Tones) -> str:
    """Rolled up."""
    return (
        fill("M92 150h194q30 0 30 50t-30 50H92z", tones.base)
        + fill("M92 216h218q-8 34-24 34H92z", tones.dark)
        + f'<ellipse cx="92" cy="200" rx="34" ry="50" fill="{tones.light}"/>'
        + seam("M92 158q-24 2-24 42t24 40q20-4 20-40t-18-28q-14 4-14 28t12 16", tones.ink, 4)
        + seam("M160 150q16 50 0 100m96-100q16 50 0 100", tones.sole, 8)
    )


def pillow(tones: Tones) -> str:
    """Soft."""
    return (
        fill("M84 158q116-34 232 0 20 46 0 104-116 32-232 0-20-56 0-104z", tones.base)
        + fill("M316 158q20 46 0 104-116 32-232 0 140 14 192-30 26-30 40-74z", tones.dark)
        + seam("M98 168q-12 40 0 84m204-84q12 40 0 84", tones.light, 4)
        + seam("M150 196q50 18 100 0", tones.ink, 3)
    )


def hammock(tones: Tones) -> str:
    """Between two trees."""
    return (
        fill("M52 70h26v260H52zm270 0h26v260h-26z", tones.wood)
        + fill("M66 70h12v260H66zm270 0h12v260h-12z", tones.wood_dark)
        + fill("M78 150q60 0 122 70 62-70 122-70-20 126-122 126T78 150z", tones.base)
        + fill("M200 220q62-70 122-70-20 126-122 126z", tones.dark)
        + seam("M78 150q70 30 122 70 52-40 122-70", tones.light, 5)
    )


def sack(tones: Tones) -> str:
    """With straps that press it small."""
    return (
        halves("M200 112c-58 0-78 8-80 22v140c2 22 36 34 80 34z", tones.base, tones.dark)
        + halves("M200 94c-50 0-74 10-74 26s28 24 74 24z", tones.light, tones.base)
        + both(seam("M160 122v182", tones.sole, 8))
        + seam("M122 210q78 20 156 0", tones.ink, 3)
        + both(box(151, 196, 18, 24, tones.metal, 4))
    )


def head_torch(tones: Tones) -> str:
    """On an elastic band."""
    return (
        seam("M76 196q0-104 124-104t124 104", tones.base, 26)
        + seam("M76 196q0-104 124-104t124 104", tones.trim, 4)
        + seam("M200 92V68", tones.deep, 22)
        + fill("M132 170h136q16 0 16 18v64q0 18-16 18H132q-16 0-16-18v-64q0-18 16-18z", tones.sole)
        + disc(176, 220, 38, tones.metal_dark)
        + disc(176, 220, 30, _GLOW)
        + disc(168, 212, 12, "#fff7de")
        + disc(250, 208, 16, tones.metal_dark)
        + disc(250, 208, 10, _GLOW)
        + box(226, 156, 40, 14, tones.base, 5)
    )


def lantern(tones: Tones) -> str:
    """Light for a table."""
    return (
        seam("M150 116q0-56 50-56t50 56", tones.metal, 9)
        + fill("M140 110h120l10 28H130z", tones.base)
        + fill("M200 110h60l10 28h-70z", tones.dark)
        + fill("M142 138h116v128H142z", _GLOW, 0.9)
        + fill("M184 158h32v92h-32z", "#fff7de")
        + seam("M142 138v128m116-128v128m-58-128v20", tones.metal_dark, 6)
        + fill("M126 266h148l8 54H118z", tones.base)
        + fill("M200 266h74l8 54h-82z", tones.dark)
        + disc(200, 292, 9, tones.cream)
    )


def torch(tones: Tones) -> str:
    """In the hand."""
    return turned(
        fill("M150 52h100l-16 62h-68z", tones.base)
        + fill("M200 52h50l-16 62h-34z", tones.dark)
        + fill("M150 52h100v-14H150z", _GLOW)
        + fill("M168 114h64v204q0 20-32 20t-32-20z", tones.base)
        + fill("M200 114h32v204q0 20-32 20z", tones.dark)
        + seam("M168 190h64m-64 18h64m-64 18h64m-64 18h64", tones.ink, 4)
        + box(188, 140, 24, 32, tones.sole, 8),
        32,
    )


def string_lights(tones: Tones) -> str:
    """Bulbs on a cord."""
    bulbs = ((70, 152), (124, 194), (182, 216), (240, 212), (294, 184), (338, 142))
    return seam("M34 112q72 100 166 100T366 100", tones.base, 6) + "".join(
        seam(f"M{x} {y}v14", tones.deep, 9) + disc(x, y + 34, 22, _GLOW) + disc(x - 6, y + 28, 7, "#fff7de")
        for x, y in bulbs
    )


def bike_lights(tones: Tones) -> str:
    """White in front, red behind."""

    def light(x: int, glass: str) -> str:
        return (
            fill(f"M{x} 130h104q16 0 16 16v104q0 16-16 16H{x}q-16 0-16-16V146q0-16 16-16z", tones.base)
            + disc(x + 52, 198, 44, tones.sole)
            + disc(x + 52, 198, 34, glass)
            + seam(f"M{x + 30} 266q22 30 44 0", tones.deep, 12)
        )

    return light(70, _GLOW) + light(228, "#d9534a")


SHAPES = {
    "tent": tent,
    "tunnel-tent": tunnel_tent,
    "family-tent": family_tent,
    "bell-tent": bell_tent,
    "tarp": tarp,
    "net-shelter": net_shelter,
    "footprint": footprint,
    "sleeping-bag": sleeping_bag,
    "quilt": quilt,
    "mat": mat,
    "foam-mat": foam_mat,
    "pillow": pillow,
    "hammock": hammock,
    "sack": sack,
    "head-torch": head_torch,
    "lantern": lantern,
    "torch": torch,
    "string-lights": string_lights,
    "bike-lights": bike_lights,
}
