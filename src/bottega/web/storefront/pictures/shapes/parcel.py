"""A parcel: what stands for a thing that has no drawing and no picture."""

from bottega.web.storefront.pictures.tones import Tones


def parcel(tones: Tones) -> str:
    return (
        f'<path fill="{tones.base}" d="M96 150 200 104l104 46v106l-104 46-104-46z"/>'
        f'<path fill="{tones.dark}" d="M200 196v106l104-46V150z"/>'
        f'<path fill="{tones.light}" d="M96 150 200 104l104 46-104 46z"/>'
        f'<path fill="{tones.deep}" d="m148 127 104 46v34l-16-7v-20l-104-46z"/>'
    )


SHAPES = {"parcel": parcel}
