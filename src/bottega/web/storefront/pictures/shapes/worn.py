"""What is worn at the ends of a person: hats, gloves, socks, gaiters, scarves, belts, glasses."""

from bottega.web.storefront.pictures.strokes import both, box, disc, fill, halves, moved, ring, seam, turned
from bottega.web.storefront.pictures.tones import Tones


def beanie(tones: Tones) -> str:
    """Knitted, with a turned-up edge."""
    ribs = "".join(
        seam(f"M{x} 240q{(200 - x) // 6} -60 {(200 - x) // 3} -124", tones.ink, 2.5) for x in (122, 148, 174)
    )
    return (
        halves("M200 98c-58 0-94 54-96 148h96z", tones.base, tones.dark)
        + both(ribs)
        + halves("M200 236c-40 0-76 4-102 10l4 58c30 8 64 10 98 10z", tones.light, tones.base)
        + both("".join(seam(f"M{x} 244v60", tones.ink, 2) for x in (116, 136, 156, 176, 194)))
        + disc(200, 94, 22, tones.trim)
    )


def flap_cap(tones: Tones) -> str:
    """With flaps over the ears."""
    return (
        halves("M200 92c-56 0-90 38-92 100l-14 8q-6 60 18 118 20 10 30-6 10-40 6-84h52z", tones.base, tones.dark)
        + halves("M200 168c-30 0-60 2-94 12q-14 30 2 58 46-14 92-14z", tones.cream, tones.cream)
        + both(fill("M98 214q-4 52 14 104 20 10 30-6 10-36 6-74-24-4-50-24z", tones.cream, 0.85))
        + both(seam("M130 318q4 22 0 36", tones.ink, 4))
    )


def brim_hat(tones: Tones) -> str:
    """A wide brim and a band."""
    return (
        halves("M200 246c-70 0-128-4-144-20 10 44 70 66 144 66z", tones.dark, tones.deep)
        + halves("M200 116c-44 0-66 24-70 96l-4 26c20 12 46 16 74 16z", tones.base, tones.dark)
        + halves("M200 254c-60 0-128-6-144-28 34-14 70-12 72-12l-2 22c22 12 46 16 74 16z", tones.light, tones.base)
        + both(fill("M128 214q30 14 72 14v24q-42 0-74-14z", tones.trim))
    )


def cap(tones: Tones) -> str:
    """With a peak."""
    return (
        fill("M104 226c4-74 44-116 100-116 58 0 92 44 94 110z", tones.base)
        + fill("M204 110c58 0 92 44 94 110l-60 4q2-80-34-114z", tones.dark)
        + fill("M104 226q70-20 136-2l58-4q52 12 66 40-70-14-124-12-60 4-136 4-6-14 0-26z", tones.deep)
        + seam("M204 112q-46 30-52 106", tones.ink, 2.5)
        + disc(204, 110, 8, tones.trim)
        + fill("M176 168h44v26h-44z", tones.trim, 0.9)
    )


def tube(tones: Tones) -> str:
    """A tube for the neck."""
    folds = "M122 152q78 44 156 0M118 196q82 48 164 0M122 240q78 44 156 0"
    return (
        halves("M200 118c-48 0-78 10-80 24q-8 72 0 150c10 18 44 26 80 26z", tones.base, tones.dark)
        + fill("M120 142c6-32 154-32 160 0-6 30-154 30-160 0z", tones.deep)
        + seam(folds, tones.light, 6)
        + seam("M132 292q68 26 136 0", tones.ink, 2.5)
    )


def scarf(tones: Tones) -> str:
    """Woven, with a knot."""
    return (
        fill("M122 96q78 66 156 0l24 26q-100 92-204 0z", tones.base)
        + fill("M176 140h48l10 50-34 20-34-20z", tones.dark)
        + fill("m172 198 28 12-14 118-58-10z", tones.base)
        + fill("m228 198-28 12 22 120 54-16z", tones.dark)
        + seam("m134 292 54 10m28 4 54-14", tones.trim, 8)
        + seam("M132 318l-4 20m18-16-2 20m18-18v20m18-18 2 20", tones.base, 4)
    )


def glove(tones: Tones) -> str:
    """Five fingers."""
    return (
        fill(
            "M146 330V214q-26-20-34-62 6-14 22-8l26 42-8-88q12-18 28 0l10 72 4-86q14-16 28 0l2 88 16-76q14-12 26 4"
            "l-8 84 18-46q16-8 24 8-8 64-32 104v82z",
            tones.base,
        )
        + fill("M232 330v-60q40-20 44-130l-4 38 18-46q16-8 24 8-8 64-32 104v86z", tones.dark, 0.7)
        + fill("M140 290h118v46H140z", tones.deep)
        + seam("M168 216q34-18 70 0M162 240q40-18 84 0", tones.ink, 3)
    )


def mitten(tones: Tones) -> str:
    """One room for all fingers but the thumb."""
    return (
        fill("M150 296V216q-40-20-42-66 10-18 28-4l24 30q-4-96 56-96 62 0 56 116l-14 100z", tones.base)
        + fill("M216 80q62 0 56 116l-14 100h-34q26-110-8-216z", tones.dark)
        + fill("M142 286h124v52q-62 12-124 0z", tones.cream)
        + seam("M142 304q62 10 124 0m-124 18q62 10 124 0", tones.metal, 2.5)
        + seam("M174 152q44-20 88 0", tones.trim, 8)
    )


def fingerless(tones: Tones) -> str:
    """Fingers cut short."""
    return (
        fill(
            "M146 330V208q-22-18-30-50 10-12 24-4l18 28-4-40q14-12 28 0l6 20 4-30q14-12 28 0l2 30 12-24q14-8 26 4"
            "l-4 34 14-10q14 0 16 12-6 30-20 52v100z",
            tones.base,
        )
        + fill("M140 284h122v52H140z", tones.deep)
        + seam("M112 156l30-10m14-6h30m10-4h32m8 4 32 12m2 12 22 6", tones.trim, 7)
        + seam("M166 214q34-16 76 0", tones.ink, 3)
    )


def sock(tones: Tones) -> str:
    """A pair, one behind the other."""
    one = (
        fill("M130 70h72v132q0 20 24 34l46 30q16 18 6 40-12 20-46 16-44-4-82-32-24-18-22-58z", tones.base)
        + fill("M130 70h72v38h-72z", tones.trim)
        + fill("M128 232q2 34 24 50l30 18q22-32-2-70-28-12-52 2z", tones.deep)
        + fill("M278 306q-12 20-46 16l-26-4q6-36 42-44l24 4q14 14 6 28z", tones.deep)
        + seam("M130 118h72m-72 12h72", tones.light, 3)
    )
    back = f'<g opacity=".55">{one}</g>'
    return moved(back, 52, -16) + moved(one, -22, 18)


def gaiter(tones: Tones) -> str:
    """From the shoe to below the knee."""
    return (
        halves("M200 84h-58q-4 60-14 110l-18 110q6 16 18 20h72z", tones.base, tones.dark)
        + both(
            fill("M142 84h58v26h-60z", tones.deep) + fill("m112 290-6 24q10 14 22 18h72v-30q-48 2-88-12z", tones.deep)
        )
        + seam("M200 110v192", tones.ink, 4)
        + seam("M126 330q74 34 148 0", tones.sole, 9)
        + both(ring(164, 312, 7, tones.metal, 4))
    )


def arm_warmer(tones: Tones) -> str:
    """Two sleeves without a shirt."""
    one = (
        halves("M200 84h-46q-4 96 10 170l8 66q12 8 28 8z", tones.base, tones.dark)
        + both(fill("M200 84h-46v30h46z", tones.deep) + fill("m169 296 3 24q12 8 28 8v-32z", tones.deep))
        + seam("M158 150q42 16 84 0m-80 30q38 14 76 0", tones.light, 4)
    )
    return moved(one, 62, -14) + moved(one, -62, 10)


def belt(tones: Tones) -> str:
    """Leather, rolled up."""
    return (
        ring(190, 206, 92, tones.base, 26)
        + ring(190, 206, 92, tones.light, 3)
        + ring(190, 206, 60, tones.dark, 24)
        + fill("M176 104h108v28H176z", tones.base)
        + "".join(disc(x, 118, 4, tones.ink) for x in (240, 258))
        + f'<rect x="284" y="94" width="52" height="48" rx="6" fill="none" stroke="{tones.metal}" stroke-width="9"/>'
        + seam("M284 118h34", tones.metal_dark, 6)
    )


def sunglasses(tones: Tones) -> str:
    """Dark glasses with temples."""
    return (
        both(
            fill("M196 170q-60-14-112-2-8 4-6 14 4 66 44 76 44 8 62-50 4-20 12-24z", tones.base)
            + fill("M182 182q-44-8-84 0 0 50 30 58 32 4 46-34 4-16 8-24z", tones.ink)
            + fill("M166 184q-30-4-58 0 2 20 10 34z", tones.light, 0.35)
        )
        + seam("M84 172q-26 10-36 66m268-66q26 10 36 66", tones.dark, 9)
        + fill("M184 172h32v14q-16-8-32 0z", tones.dark)
    )


def goggles(tones: Tones) -> str:
    """For snow: a wide lens and a strap."""
    return (
        fill("M48 176h304v52H48z", tones.dark)
        + seam("M48 202h304", tones.trim, 7)
        + fill("M92 160q108-34 216 0 18 50-10 98-40 18-70-6-28-22-56 0-30 24-70 6-28-48-10-98z", tones.base)
        + fill("M108 174q92-28 184 0 12 40-8 70-28 10-50-8-34-26-68 0-22 18-50 8-20-30-8-70z", tones.ink)
        + fill("M122 180q40-14 82-14l-34 62q-18 18-42 10-12-26-6-58z", tones.light, 0.4)
    )


def helmet(tones: Tones) -> str:
    """A shell with vents and a strap."""
    return (
        halves("M200 96c-64 0-112 44-114 122q52 16 114 16z", tones.base, tones.dark)
        + both(
            fill("M176 116q-30 10-40 66l14 4q4-46 34-62z", tones.ink)
            + fill("M86 218q50 18 114 18v16q-66 0-116-20z", tones.deep)
        )
        + fill("M194 112h12v76h-12z", tones.light, 0.6)
        + both(seam("M112 236q10 60 74 88", tones.sole, 6) + seam("M160 248q4 50 26 76", tones.sole, 6))
        + box(180, 316, 40, 16, tones.sole, 6)
    )


def snow_helmet(tones: Tones) -> str:
    """With padded ears and goggles in front."""
    return moved(helmet(tones), 30, 0, 0.85) + moved(turned(goggles(tones), -4), 78, 118, 0.62)


SHAPES = {
    "beanie": beanie,
    "flap-cap": flap_cap,
    "brim-hat": brim_hat,
    "cap": cap,
    "tube": tube,
    "scarf": scarf,
    "glove": glove,
    "mitten": mitten,
    "fingerless": fingerless,
    "sock": sock,
    "gaiter": gaiter,
    "arm-warmer": arm_warmer,
    "belt": belt,
    "sunglasses": sunglasses,
    "goggles": goggles,
    "helmet": helmet,
    "snow-helmet": snow_helmet,
}
