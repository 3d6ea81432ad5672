"""Shapes of things, one module per shelf: each makes the SVG of one kind in given colours."""

from collections.abc import Callable, Mapping

from bottega.web.storefront.pictures.shapes import (
    camp,
    carried,
    footwear,
    kitchen,
    layers,
    mountain,
    navigation,
    outerwear,
    parcel,
    snow,
    worn,
)
from bottega.web.storefront.pictures.tones import Tones

Shape = Callable[[Tones], str]

SHAPES: Mapping[str, Shape] = {
    **parcel.SHAPES,
    **outerwear.SHAPES,
    **layers.SHAPES,
    **footwear.SHAPES,
    **worn.SHAPES,
    **carried.SHAPES,
    **camp.SHAPES,
    **kitchen.SHAPES,
    **mountain.SHAPES,
    **snow.SHAPES,
    **navigation.SHAPES,
}
