"""Packs, bags and pouches, and what is carried in the hand."""

from bottega.web.storefront.pictures.strokes import both, box, disc, fill, halves, moved, ring, seam, turned
from bottega.web.storefront.pictures.tones import Tones


def day_pack(tones: Tones) -> str:
    """A rucksack for a day."""
    return (
        both(seam("M132 150q-36 40-30 140", tones.deep, 16))
        + seam("M176 86q24-32 48 0", tones.deep, 9)
        + halves("M200 82c-50 0-74 26-76 74l-8 148q6 20 24 24 30 6 60 6z", tones.base, tones.dark)
        + halves("M200 222c-34 0-52 4-60 12l-4 72q4 12 16 14 22 4 48 4z", tones.light, tones.base)
        + seam("M136 156q64-40 128 0", tones.ink, 4)
        + seam("M146 244q54-14 108 0", tones.ink, 3)
        + both(seam("M122 206h-12m12 34h-12", tones.trim, 5))
        + box(190, 236, 20, 12, tones.trim, 3)
    )


def trekking_pack(tones: Tones) -> str:
    """A large one with a lid, straps and a hip belt."""
    return (
        both(seam("M140 140q-44 60-34 170", tones.deep, 18))
        + both(fill("M132 268q-46 6-62 30 20 22 66 10z", tones.deep))
        + halves("M200 112c-48 0-66 8-70 20l-6 178q4 22 26 26 24 4 50 4z", tones.base, tones.dark)
        + halves("M200 62c-52 0-74 14-76 44l2 36q34 12 74 12z", tones.light, tones.base)
        + halves("M200 232h-46l-6 74q4 14 18 16 16 2 34 2z", tones.dark, tones.deep)
        + both(seam("M160 150v176", tones.ink, 6) + box(153, 176, 14, 18, tones.metal, 3))
        + both(seam("M128 190h26m-27 40h26", tones.trim, 5))
        + seam("M136 126q64 14 128 0", tones.ink, 3)
    )


def rolltop(tones: Tones) -> str:
    """Closed by rolling its top."""
    return (
        both(seam("M134 160q-32 50-24 136", tones.deep, 15))
        + halves("M200 118h-68l-12 186q2 22 22 24 28 6 58 6z", tones.base, tones.dark)
        + fill("M126 84h148q12 2 12 18t-12 18H126q-12-2-12-18t12-18z", tones.deep)
        + seam("M122 102h156", tones.light, 3)
        + both(seam("M124 108v52", tones.ink, 5) + box(116, 146, 16, 22, tones.metal, 3))
        + halves("M200 212h-44l-4 84q24 6 48 6z", tones.light, tones.base)
        + seam("M154 222h92", tones.ink, 3)
    )


def vest(tones: Tones) -> str:
    """A running vest with flasks in front."""
    flask = fill("M158 196q-14 10-14 30v50q14 10 30 0v-50q0-20-16-30z", "#bcd3da") + fill(
        "M154 184h8v14h-8z", tones.sole
    )
    return (
        halves("M192 84q-30 4-46 30-4 60-14 120l4 82q24 10 50 8l2-108q-2-60 4-132z", tones.base, tones.dark)
        + both(flask + fill("M138 232h42v58q-22 8-44 0z", tones.deep, 0.9) + seam("M146 122q18 8 38 0", tones.trim, 6))
        + seam("M186 176h28m-28 62h28", tones.ink, 5)
        + box(192, 170, 16, 12, tones.metal, 3)
        + box(192, 232, 16, 12, tones.metal, 3)
    )


def hip_pack(tones: Tones) -> str:
    """Around the waist."""
    return (
        seam("M60 190q140-70 280 0", tones.deep, 16)
        + halves("M200 172c-50 0-88 4-100 14q-6 60 16 94 40 14 84 14z", tones.base, tones.dark)
        + halves("M200 224c-34 0-58 2-70 8q0 30 10 44 28 8 60 8z", tones.light, tones.base)
        + seam("M108 196q92-20 184 0", tones.ink, 4)
        + both(box(56, 178, 22, 26, tones.metal, 4))
    )


def duffel(tones: Tones) -> str:
    """A bag for travelling."""
    return (
        seam("M134 170q66-120 132 0", tones.deep, 12)
        + fill("M76 176q124-28 248 0 22 60 0 130-124 24-248 0-22-70 0-130z", tones.base)
        + fill("M266 168q40 4 58 8 22 60 0 130-22 5-50 8 26-70-8-146z", tones.dark)
        + fill("M76 176q20-4 56-8-30 76-6 146-30-3-50-8-22-70 0-130z", tones.light, 0.6)
        + seam("M132 168q-28 72-6 144m140-144q28 72 6 144", tones.ink, 5)
        + seam("M100 204q100-18 200 0", tones.ink, 4)
        + box(182, 228, 36, 22, tones.trim, 4)
    )


def dry_bag(tones: Tones) -> str:
    """Waterproof, for boats."""
    return (
        halves("M200 118h-60q-18 90-14 196 8 20 74 20z", tones.base, tones.dark)
        + fill("M132 80h136v46H132z", tones.deep)
        + seam("M134 96h132m-132 16h132", tones.ink, 3)
        + both(seam("M134 86q-14 8-4 40", tones.sole, 7))
        + box(182, 70, 36, 20, tones.sole, 5)
        + fill("M150 142q-10 84-8 164l18 8q-6-90 8-172z", tones.light, 0.6)
        + fill("M170 212h60v44h-60z", tones.cream, 0.9)
    )


def roll_bag(tones: Tones) -> str:
    """Strapped to a bicycle."""
    return (
        fill("M84 168q116-22 232 0 20 44 0 92-116 20-232 0-20-46 0-92z", tones.base)
        + fill("M258 162q40 2 58 6 20 44 0 92-24 4-52 7 20-52-6-105z", tones.dark)
        + seam("M140 160q-20 52 0 108m120-108q20 52 0 108", tones.sole, 11)
        + fill("M84 168q-20 46 0 92l-22-8q-14-38 0-76zm232 0q20 46 0 92l22-8q14-38 0-76z", tones.deep)
        + box(130, 206, 26, 18, tones.metal, 4)
        + box(246, 206, 26, 18, tones.metal, 4)
    )


def cover(tones: Tones) -> str:
    """A cover against rain."""
    return (
        halves("M200 82c-60 0-92 40-96 108-2 70 22 120 96 130z", tones.base, tones.dark)
        + both(fill("M176 92q-48 30-52 108 2 60 34 98-46-26-48-106 4-74 66-100z", tones.light, 0.6))
        + both(seam("M116 250q26 52 84 62", tones.ink, 3, "10 8"))
        + fill("M176 184h48v32h-48z", tones.trim, 0.9)
    )


def carrier(tones: Tones) -> str:
    """For a child on a back."""
    return (
        seam("M142 90 110 330m148-240 32 240M110 330h180M140 100h120", tones.metal, 9)
        + halves("M200 118h-50l-16 150q26 26 66 26z", tones.base, tones.dark)
        + fill("M150 96q50-44 100 0l6 30H144z", tones.deep)
        + fill("M164 196h72l8 50q-44 22-88 0z", tones.light, 0.7)
        + both(seam("M156 130q-26 60-16 120", tones.sole, 10))
    )


def pouch(tones: Tones) -> str:
    """A zipped pouch."""
    return (
        fill("M98 156h204q14 0 14 14v120q0 14-14 14H98q-14 0-14-14V170q0-14 14-14z", tones.base)
        + fill("M250 156h52q14 0 14 14v120q0 14-14 14h-52z", tones.dark)
        + seam("M104 184h192", tones.ink, 6)
        + seam("M104 184h192", tones.metal, 2, "2 5")
        + seam("M292 186l16 22", tones.trim, 6)
        + fill("M168 220h64v46h-64z", tones.light, 0.8)
        + fill("M192 228h16v10h10v14h-10v10h-16v-10h-10v-14h10z", tones.cream)
    )


def organiser(tones: Tones) -> str:
    """Cubes for packing, one upon the other."""

    def cube(y: int, colour: str) -> str:
        return (
            box(92, y, 216, 72, colour, 14)
            + seam(f"M108 {y + 20}h184", tones.ink, 4)
            + box(180, y - 6, 40, 12, tones.sole, 4)
        )

    return cube(238, tones.dark) + cube(166, tones.base) + cube(94, tones.light)


def towel(tones: Tones) -> str:
    """Folded."""
    return (
        fill("M94 130h212v170H94z", tones.base)
        + fill("M94 250h212v50H94z", tones.dark)
        + seam("M94 160h212m-212 14h212", tones.light, 6)
        + fill("M94 130q-16 84 0 170l-14-10q-10-76 0-150z", tones.deep)
        + seam("M286 130v-30h-34v30", tones.ink, 5)
    )


def umbrella(tones: Tones) -> str:
    """Open, with a wooden handle."""
    return turned(
        seam("M200 188v128q0 26 24 26t24-24", tones.wood, 10)
        + halves("M200 82c-74 0-124 46-130 112q22-20 44-2 20-24 44 0 18-18 42 0z", tones.base, tones.dark)
        + both(seam("M200 84q-38 40-42 108", tones.ink, 2.5) + seam("M200 84q-74 40-86 108", tones.ink, 2.5))
        + seam("M200 82V62", tones.wood, 8),
        12,
    )


def knife(tones: Tones) -> str:
    """A pocket knife, open."""
    return turned(
        fill("M196 190q-96-18-136 20 40 30 136 24z", tones.metal)
        + fill("M60 210q40 30 136 24v-16q-80 6-136-8z", tones.metal_dark)
        + fill("M188 178h134q26 6 26 32t-26 32H188z", tones.base)
        + fill("M188 214h160q-2 26-26 28H188z", tones.dark)
        + "".join(disc(x, 210, 6, tones.metal) for x in (206, 318))
        + ring(352, 210, 12, tones.metal, 5),
        -28,
    )


def lock(tones: Tones) -> str:
    """With figures."""
    return (
        seam("M150 182v-36q0-54 50-54t50 54v36", tones.metal, 22)
        + fill("M122 176h156q12 0 12 14v110q0 14-12 14H122q-12 0-12-14V190q0-14 12-14z", tones.base)
        + fill("M238 176h40q12 0 12 14v110q0 14-12 14h-40z", tones.dark)
        + "".join(
            box(136 + step * 46, 222, 36, 48, tones.cream, 5) + seam(f"M{147 + step * 46} 246h14", tones.ink, 5)
            for step in range(3)
        )
    )


def adapter(tones: Tones) -> str:
    """A plug for every country."""
    return (
        both(seam("M172 96v44", tones.metal, 14))
        + fill("M118 138h164q14 0 14 14v134q0 14-14 14H118q-14 0-14-14V152q0-14 14-14z", tones.base)
        + fill("M246 138h36q14 0 14 14v134q0 14-14 14h-36z", tones.dark)
        + ring(192, 214, 42, tones.ink, 5)
        + disc(176, 214, 7, tones.ink)
        + disc(208, 214, 7, tones.ink)
        + moved(box(0, 0, 50, 12, tones.light, 4), 167, 272)
    )


SHAPES = {
    "day-pack": day_pack,
    "trekking-pack": trekking_pack,
    "rolltop": rolltop,
    "vest": vest,
    "hip-pack": hip_pack,
    "duffel": duffel,
    "dry-bag": dry_bag,
    "roll-bag": roll_bag,
    "cover": cover,
    "carrier": carrier,
    "pouch": pouch,
    "organiser": organiser,
    "towel": towel,
    "umbrella": umbrella,
    "knife": knife,
    "lock": lock,
    "adapter": adapter,
}
