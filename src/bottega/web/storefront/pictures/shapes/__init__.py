"""Shapes of things, one module per shelf: each makes the SVG of one kind in given colours."""

from collections.abc import Callable, Mapping

from bottega.web.storefront.pictures.shapes import parcel
from bottega.web.storefront.pictures.tones import Tones

Shape = Callable[[Tones], str]

SHAPES: Mapping[str, Shape] = {**parcel.SHAPES}
